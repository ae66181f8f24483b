"""What is to be done in one place, a room for each kind of place and of change.

    site       what is known of one site: which sanctions bear on a place, what stands in it
    sheet      what comes of it: steps, records, words
    bans       what bans a place, whose that is, and whether it bars who would come back
    base       what would stand in a place but for us
    returning  what ended ones took is given back
    rosters    who is taken off, who is held, and else who is given back
    users      what a user of Mailman prefers for all lists

Each knows those above it alone. Refuses to know other sites and which places there are to look at:
that is core.plan, which calls them.
"""
