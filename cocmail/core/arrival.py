"""What becomes of a mail that is no answer in a case.

Owns the order in which its being a machine's or one of too many, a member's commands, the spam
folder and the filters count. Refuses to know what a case does with it. Called by loops/placing,
which does what is said here, and by `cocmail filters try`, which tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cocmail.core.commands import parse
from cocmail.core.filtering import Judgement
from cocmail.core.mail import Mail
from cocmail.core.people import Roster

FROM_US = "Its sender's address is our own."
PERHAPS_A_PERSONS = "A person may have written it all the same. Its sender is not answered."
IN_JUNK = "It lay in the spam folder."


class Fate(StrEnum):
    """What becomes of it."""

    FILED = "filed"  # kept, answered by nobody
    REFUSED = "refused"  # a member's commands, which belong in an answer
    SET_ASIDE = "set-aside"  # kept whole for humans
    REPORT = "report"  # opens a case


@dataclass(frozen=True, kw_only=True)
class Arrived:
    fate: Fate
    why: str = ""  # quotes nothing of the mail


def arrived(
    mail: Mail,
    judgement: Judgement,
    roster: Roster,
    *,
    junk: bool = False,
    flood: str = "",
    released: bool = False,
    ours: bool = False,
) -> Arrived:
    """What becomes of a mail to the public address. ``flood``: why more came than is answered.
    ``released``: a human let it in after all, so that, the spam folder and the filters no longer
    count. ``ours``: it bears an address of ours, so an answer would come back to us."""
    if mail.automatic and not released:
        if not mail.doubtful:
            return Arrived(fate=Fate.FILED, why=mail.automatic)
        return Arrived(fate=Fate.SET_ASIDE, why=f"{mail.automatic} {PERHAPS_A_PERSONS}")
    if ours and not released:
        return Arrived(fate=Fate.SET_ASIDE, why=FROM_US)
    if flood and not released:
        return Arrived(fate=Fate.SET_ASIDE, why=flood)
    if mail.sender is not None and roster.by_address(mail.sender.address) is not None:
        parsed = parse(mail.text)
        if parsed.commands or parsed.problem:
            return Arrived(fate=Fate.REFUSED, why="Commands at the public address.")
    if junk and not released:
        return Arrived(fate=Fate.SET_ASIDE, why=IN_JUNK)
    if judgement.set_aside and not released:
        return Arrived(fate=Fate.SET_ASIDE, why=judgement.set_aside)
    return Arrived(fate=Fate.REPORT)
