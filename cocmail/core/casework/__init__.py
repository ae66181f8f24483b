"""A mail that belongs to a case, and what comes of it.

Owns the dialogue: who hears what when a report, an answer or a member's mail comes in. Refuses
to know where the mail came from and how it is stored; the loop has found the case and the party.
Called by loops/placing, in one deciding transaction.
"""

from cocmail.core.casework.again import again, sent_before
from cocmail.core.casework.ahead import to_look_up
from cocmail.core.casework.filing import release, taken_in, tell_asides
from cocmail.core.casework.gathered import to_no_case
from cocmail.core.casework.incoming import Incoming, authors, marks_of
from cocmail.core.casework.machines import (
    came_back,
    from_machine,
    taken_back,
    undelivered,
    unwanted,
)
from cocmail.core.casework.members import from_guest, from_member, looks_ahead
from cocmail.core.casework.outsiders import (
    from_outsider,
    from_stranger,
    is_doubtful,
    pass_on,
)
from cocmail.core.casework.quarantine import asked_again, opened, quarantined, tell
from cocmail.core.casework.reports import Readers, readers, report

__all__ = [
    "Incoming",
    "Readers",
    "again",
    "asked_again",
    "authors",
    "came_back",
    "from_guest",
    "from_machine",
    "from_member",
    "from_outsider",
    "from_stranger",
    "is_doubtful",
    "looks_ahead",
    "marks_of",
    "opened",
    "pass_on",
    "quarantined",
    "readers",
    "release",
    "report",
    "sent_before",
    "taken_back",
    "taken_in",
    "tell",
    "tell_asides",
    "to_look_up",
    "to_no_case",
    "undelivered",
    "unwanted",
]
