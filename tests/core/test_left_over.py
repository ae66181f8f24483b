"""A Mailman that is set back to a backup from during a sanction that is over, where there was
another since: which of them is undone once more, and where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from cocmail.core import proofs
from cocmail.core.enforcement import Place, ProofRow, Role
from cocmail.core.people import Address, Private
from cocmail.core.proof import LAST_OWNER, ROLE_STAYS
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State
from tests.promises.kit import World

A, B = Address("mal@example.net"), Address("mallory@example.net")
DEV, SIG, USERS = (f"{name}@lists.example" for name in ("dev", "sig", "users"))

Where = tuple[str | None, Address, str]
Bans = tuple[tuple[str | None, Address], ...]


def over(month: int, *where: Where, roles: bool = False) -> Sanction:
    return Sanction(
        id=f"S{month}", case="c", measure=Measure.SUSPEND, address=A, addresses=(A,),
        scope=Scope(), reason=Private(""), state=State.ENDED, until=None, including_roles=roles,
        start=datetime(2026, month, 1, tzinfo=UTC),
        closed=tuple(
            Before(list=n, address=a, role=r, facts=None if r == Role.BAN else {"rows": [{}]})
            for n, a, r in where
        ),
    )  # fmt: skip


def undone(
    *sanctions: Sanction, bans: tuple[tuple[str | None, Address], ...]
) -> dict[str, set[Where]]:
    """Once more, for these bans that stand there again."""
    world = World()
    world.propose()
    case = replace(world.case, sanctions={one.id: one for one in sanctions})
    strays = {Place(list=name, address=address, role=Role.BAN) for name, address in bans}
    found = proofs.left_over([case], strays).get("c", {})
    made = proofs.recalled(case, world.setting(), found)
    return {one.sanction: {(p.list, p.address, p.role) for p in one.places} for one in made.events}


def test_who_was_banned_again_since_gets_back_what_they_had_by_then_alone() -> None:
    """Not what they had left as well: the first one had another address of theirs, too."""
    first = over(1, (None, A, "ban"), (None, B, "ban"), (DEV, A, "member"), (USERS, B, "member"))
    second = over(3, (None, A, "ban"), (SIG, A, "member"))
    assert undone(first, second, bans=((None, A), (None, B))) == {
        "S1": {(None, B, "ban"), (USERS, B, "member")},
        "S3": {(None, A, "ban"), (SIG, A, "member")},
    }
    assert undone(first, second, bans=((None, A),)).keys() == {"S3"}


def test_what_only_the_earlier_one_took_or_made_is_its_own_to_undo() -> None:
    """Both were in force: a ban of one list, a role, and who was held as nobody's member."""
    first = over(
        1, (DEV, A, "ban"), (DEV, A, "owner"), (DEV, A, "member"), (DEV, A, "nonmember"), roles=True
    )
    second = over(3, (None, A, "ban"), (DEV, A, "member"))
    assert undone(first, second, bans=((None, A), (DEV, A))) == {
        "S1": {(DEV, A, "ban"), (DEV, A, "owner"), (DEV, A, "nonmember")},
        "S3": {(None, A, "ban"), (DEV, A, "member")},
    }
    with_roles = replace(second, including_roles=True)
    assert (DEV, A, "owner") not in undone(first, with_roles, bans=((None, A), (DEV, A)))["S1"]


def test_a_role_that_the_later_one_left_standing_comes_back_though_it_has_no_record_of_it() -> None:
    """The backup may be from during the earlier one, which had taken it."""
    world = World()
    name = world.propose()
    world.vote(name, "alice", "bob")
    rows = [
        ProofRow(list=DEV, address=A, role=role, was="member", now="member", note=note)
        for role, note in ((Role.OWNER, ROLE_STAYS), (Role.MODERATOR, LAST_OWNER))
    ]
    world.take(proofs.enforced(world.case, world.setting(), name, rows, [A]))
    stayed = world.case.sanctions[name].stayed
    assert stayed == {("", DEV, A, "owner")}
    first = over(1, (None, A, "ban"), (DEV, A, "owner"), (DEV, A, "member"), roles=True)
    second = over(3, (None, A, "ban"), (DEV, A, "member"))
    theirs = {(None, A, "ban"), (DEV, A, "member")}
    assert undone(first, replace(second, stayed=stayed), bans=((None, A),)) == {
        "S1": {(DEV, A, "owner")},
        "S3": theirs,
    }
    # An owner may have taken it between the two.
    assert undone(first, second, bans=((None, A),)) == {"S3": theirs}
