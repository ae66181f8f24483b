"""Files that a member sends along with a text (`/attach`), as they would leave.

Owns their values. Refuses to open them: an adapter makes them anew, without what a camera or an
editor wrote into them. Called by the actions, by letters and by that adapter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cocmail.core.people import Private


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that was attached to a member's mail."""

    was: Private  # its name there
    digest: str  # of its bytes there, SHA-256
    name: str = ""  # that it leaves under; "": it is of no kind that can leave
    content_type: str = ""
    data: bytes = field(default=b"", repr=False)
    like: Private = Private("")  # a picture of somebody else's in the case that it looks like
