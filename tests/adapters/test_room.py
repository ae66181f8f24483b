"""What the store says of its disk, where nobody can look at it."""

from __future__ import annotations

from cocmail.adapters.room import Room


def test_a_refusal_stands_until_a_mail_as_large_is_kept() -> None:
    room = Room(None, 64 << 20)
    room.require(5000)
    room.look()
    assert not room.trouble
    room.refused(5000)
    room.refused(300)
    room.look()
    room.taken(4999)
    assert "full" in room.trouble
    assert "5 KB" in room.trouble
    room.taken(5000)
    assert not room.trouble
