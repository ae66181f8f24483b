"""The lists that a command names.

Owns what a name of a list or group can mean, and what was perhaps meant. Called by proposing.
"""

from __future__ import annotations

from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Problem
from cocmail.core.nearby import did_you_mean
from cocmail.core.sanctions import Scope


def scope_of(turn: Turn, names: tuple[str, ...]) -> Scope:
    """Group names and lists, by posting address, list id or an unambiguous local part."""
    groups: list[str] = []
    lists: list[str] = []
    known = dict(turn.observed.lists) if turn.observed else {}
    for name in names:
        if name in turn.work.setting.groups:
            groups.append(name)
            continue
        found = [
            posting
            for posting, list_id in known.items()
            if name in (posting, list_id) or posting.partition("@")[0] == name
        ]
        away = turn.observed is None or turn.observed.away
        # A site that can't be asked may have a list of this name too.
        if len(found) == 1 and (not away or name in found):
            lists.append(found[0])
        elif len(found) > 1:
            raise Problem(
                f"“{name}” could be {' or '.join(sorted(found))}", f"on {sorted(found)[0]}"
            )
        elif away:
            raise Problem(
                f"Mailman can't be asked just now, so “{name}” can't be looked up",
                "the same in a few minutes, or “on all”, or a group by name",
            )
        else:
            names = (*turn.work.setting.groups, *known, *(p.partition("@")[0] for p in known))
            raise Problem(
                f"no list and no group is called {name}",
                did_you_mean(name, names, "“on all”, a group's name, or a list's address"),
            )
    return Scope(groups=tuple(dict.fromkeys(groups)), lists=tuple(dict.fromkeys(lists)))
