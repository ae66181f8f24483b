"""Display names as they are compared, and when a name says too little to be told.

Owns which names are alike and which are everybody's. A name is the weakest evidence there is:
people share names, and anybody can write any. Refuses to look at addresses. Called by the package.
"""

from __future__ import annotations

from functools import lru_cache

from cocmail.core.leaks.likeness import folded

MOST_BEARERS = 2
"""More people than this on the community's lists with one name, beside the person's own
addresses: then the name says nothing, and nobody is told of for it."""
_LONGEST = 200

# Not a person's: RFC 2142, and what else lists are subscribed by.
_TEAMS = """
admin administrator archive archives bot bugs commits community conduct contact daemon
dev developer developers devel foundation gateway gmbh group help hostmaster inc info
infrastructure ltd list lists mail mailer mailing maintainer maintainers moderator
moderators news noreply notifications office owner packaging postmaster press project
release releases reply root security service staff support system team test user users
verein via webmaster
"""
_NOBODYS = frozenset(_TEAMS.split())

# So frequent that two more people of one name are nothing out of the ordinary.
_SURNAMES = """
ali allen anderson andersson bauer becker bianchi brown chen cohen costa davis diaz
dubois evans fernandez ferrari fischer garcia gonzalez gupta hall hansen harris
hernandez hoffmann hossain huang ito ivanov ivanova jackson jansen jensen johansson
johnson jones karlsson khan kim klein koch kowalski kumar lee lewis li lin liu lopez
martin martinez mayer meier meyer miller mohamed moore müller murphy nakamura nguyen
nielsen nilsson novak nowak olsen oliveira park patel pereira perez petrov popov
ramirez richter robinson rodriguez rossi russo sanchez santos sato schäfer schmidt
schmitz schneider schröder schulz sharma silva singh smirnov smith sousa souza suzuki
tanaka taylor thomas thompson torres tran wagner walker wang watanabe weber white
williams wilson wolf wong wood wright wu yang yilmaz young zhang zhao zimmermann
"""
_FREQUENT = frozenset(folded(_SURNAMES))


@lru_cache(maxsize=16_384)
def name_key(name: str) -> tuple[str, ...]:
    """The words of a name as they are compared, whatever their order, case, accents and script;
    () where it is no whole name: one word alone, an address, initials, a team."""
    if "@" in name or len(name) > _LONGEST:
        return ()
    words = [word for word in folded(name.replace("'", "").replace("’", "")) if len(word) > 1]
    if len(words) < 2 or any(not word.isalpha() for word in words) or _NOBODYS & {*words}:
        return ()
    return tuple(sorted(words))


def most_bearers(key: tuple[str, ...]) -> int:
    """How many others may bear this name for it to be told of: of a frequent one just one."""
    return 1 if len(key) == 2 and _FREQUENT & {*key} else MOST_BEARERS
