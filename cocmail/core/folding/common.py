"""What every room of the fold needs.

Called by the other rooms of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cocmail.core.case import Case, reminder_key
from cocmail.core.errors import SoundnessError
from cocmail.core.sanctions import Sanction, State


def unfit(case: Case, event: Any) -> SoundnessError:
    return SoundnessError(f"the event {event.kind} does not fit the case as it stands")


def member_id(handle: str) -> str:
    return f"member:{handle}"


def put(mapping: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**mapping, key: value}


def clocks_anew(case: Case) -> dict[str, datetime | None]:
    """The committee's clocks begin again: nobody was reminded of the new ones."""
    old = (reminder_key("acknowledge", ""), reminder_key("update", ""))
    return {key: again for key, again in case.reminded.items() if key not in old}


def sanction_of(case: Case, event: Any, state: State | None = None) -> Sanction:
    sanction = case.sanctions.get(event.sanction)
    if sanction is None or (state is not None and sanction.state is not state):
        raise unfit(case, event)
    return sanction
