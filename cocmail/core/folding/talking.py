"""What came in, what was set aside, what went out, and what a mail of a member did.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import Aside, Case, Message, weight_of_mail
from cocmail.core.folding.common import clocks_anew, put, unfit


def talking(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.Received():
            if event.number != case.next_number():
                raise unfit(case, event)
            touched = event.party.startswith("member:")
            return replace(
                case,
                messages=(*case.messages, Message(at=at, received=event)),
                came_in=case.came_in + weight_of_mail(event),
                unpassed=(*case.unpassed, event.number) if event.waits else case.unpassed,
                escalate_by=None if touched else case.escalate_by,
            )
        case e.PassedOn():
            left = tuple(n for n in case.unpassed if n not in event.numbers)
            return replace(case, unpassed=left, passed_on=at)
        case e.SetAside():
            if event.number != len(case.asides) + 1:
                raise unfit(case, event)
            return replace(
                case,
                asides=(*case.asides, Aside(at=at, mail=event)),
                came_in=case.came_in + weight_of_mail(event),
            )
        case e.AsidesTold():
            told = (replace(a, told=a.told or a.mail.number in event.numbers) for a in case.asides)
            return replace(case, asides=tuple(told), asides_told=at)
        case e.TakenIn() | e.LeftAside():
            if not 1 <= event.number <= len(case.asides) or case.asides[event.number - 1].settled:
                raise unfit(case, event)
            asides = list(case.asides)
            asides[event.number - 1] = replace(asides[event.number - 1], settled=event.kind)
            return replace(case, asides=tuple(asides))
        case e.Said():
            answered = any(p.startswith("reporter:") for p in event.parties)
            return replace(
                case,
                said=(*case.said, event),
                acknowledge_by=None if answered else case.acknowledge_by,
                update_by=event.update_by if answered else case.update_by,
                reminded=clocks_anew(case) if answered else case.reminded,
            )
        case e.Withheld():
            if event.number != case.texts_withheld + 1:
                raise unfit(case, event)
            return replace(
                case,
                texts_withheld=event.number,
                withheld={**case.withheld, event.number: event},
            )
        case e.LetGo():
            if event.number not in case.withheld:
                raise unfit(case, event)
            waiting = {n: w for n, w in case.withheld.items() if n != event.number}
            return replace(case, withheld=waiting)
        case e.Told():
            return replace(case, letters=(*case.letters, *event.letters))
        case e.LetterLeft():
            return replace(case, left_letters=case.left_letters | {event.letter})
        case e.Held():
            return replace(case, held=put(case.held, event.confirmation, event))
        case e.Confirmed():
            if event.confirmation not in case.held:
                raise unfit(case, event)
            held = {k: v for k, v in case.held.items() if k != event.confirmation}
            return replace(case, held=held)
        case e.Ran():
            return replace(case, marks=case.marks | frozenset(event.marks), escalate_by=None)
        case e.Undelivered() if event.letter and event.letter not in case.lost:
            return talking(replace(case, lost=case.lost | {event.letter}), at, event)
        case e.Undelivered() if event.told:
            return replace(
                case,
                bounced=case.bounced | {event.letter} if event.letter else case.bounced,
                unreached={**case.unreached, event.party: at},
            )
        case e.Filed() | e.Undelivered() | e.Refused() | e.WasRead():
            return case
    return None
