"""Mail in: kept whole before anything is made of it, then worked off in order.

Owns the queue of raw mail, its seals and its states (waiting, done, filed, quarantined,
dropped, discarded). Refuses to read a mail: it holds bytes. Called by store.py and transaction.py.

Each mail is sealed under a key of its own. That key is wrapped by the intake key at first, and by
the case's key once the mail belongs to a case; the body is never sealed twice.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.cases import case_key
from cocmail.adapters.store.engine import insert_new
from cocmail.adapters.store.tables import handled, mail_bodies, mail_pieces, mails
from cocmail.adapters.vault import Keys, fingerprint, fresh_key, seal, unseal
from cocmail.core.errors import Permanent, SoundnessError
from cocmail.core.floods import HEAD_START
from cocmail.core.mail import same_delivery
from cocmail.core.people import Address
from cocmail.core.quarantine import DROPPED
from cocmail.ports import LEFT, RELEASED, Arrival, Waiting

Recipients = Callable[[bytes], tuple[Address, ...]]
"""Which of our addresses a mail of the IMAP road reached: pure, never raises."""

_LARGE = _PIECE = 1 << 20  # bytes
_OPEN = ("waiting", "quarantined")
_ASIDE = ("quarantined", DROPPED)


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A quarantined mail, as `cocmail quarantine list` shows it."""

    id: str
    at: datetime
    why: str  # our words, never the mail's
    size: int
    case: str | None
    dropped: bool = False  # a member said that it is none of theirs
    left: bool = False  # only its beginning is here


async def keep(
    connection: AsyncConnection, keys: Keys, arrival: Arrival, at: datetime, recipients: Recipients
) -> bool:
    """Seal and store; False where it is here already."""
    reached = sorted(set(arrival.recipients or recipients(arrival.raw)))
    mail, key = secrets.token_hex(8), fresh_key()

    def digested() -> bytes:
        # One that is the same as another's beginning is another mail.
        what = LEFT.encode() if arrival.road == LEFT else b"mail"
        return fingerprint(keys.lookup, what, arrival.raw, *(a.encode() for a in reached))

    digest = await _aside(arrival.raw, digested)
    row = {
        "id": mail,
        "road": arrival.road,
        "source": arrival.source,
        "digest": digest,
        "received": at,
        "size": len(arrival.raw),
        "junk": arrival.junk,
        "state": "waiting",
        "next_at": at - HEAD_START if arrival.ahead else at,
        "attempts": 0,
        "why": "",
        "wrapped": seal(keys.intake, key, f"mail:{mail}"),
    }
    if not await insert_new(connection, mails, row):
        here = select(mails.c.id).where(mails.c.digest == digest)
        known = (await connection.execute(here)).first() is not None
        if (
            known
            or arrival.source is None
            or await _is_of_the_same_delivery(connection, keys, arrival)
        ):
            return False
        # A mailbox that was put back to last week's gives numbers anew, under its UIDVALIDITY.
        row["source"] = f"{arrival.source}/{digest.hex()}"
        if not await insert_new(connection, mails, row):
            return False
    envelope = {"recipients": list(arrival.recipients), "return_path": arrival.return_path}
    sealed = await _aside(arrival.raw, lambda: seal(key, arrival.raw, f"body:{mail}"))
    body = {
        "mail": mail,
        "envelope": seal(key, json.dumps(envelope).encode(), f"envelope:{mail}"),
        "body": sealed[:_PIECE],
    }
    await connection.execute(insert(mail_bodies), body)
    for number, start in enumerate(range(_PIECE, len(sealed), _PIECE), 1):
        piece = {"mail": mail, "number": number, "piece": sealed[start : start + _PIECE]}
        await connection.execute(insert(mail_pieces), piece)
    return True


async def _is_of_the_same_delivery(
    connection: AsyncConnection, keys: Keys, arrival: Arrival
) -> bool:
    there = _whole().where(mails.c.source == arrival.source)
    row = (await connection.execute(there)).first()
    if row is None:
        return False
    try:
        return same_delivery((await _opened(connection, keys, row)).raw, arrival.raw)
    except SoundnessError:
        return False


async def claim(
    connection: AsyncConnection, keys: Keys, now: datetime, lease: timedelta
) -> Waiting | None:
    """The mail whose turn it is and that nobody has a lease on."""
    query = (
        _whole()
        .where(mails.c.state == "waiting", mails.c.next_at <= now)
        .order_by(mails.c.next_at, mails.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=mails)
    )
    while (row := (await connection.execute(query)).first()) is not None:
        here = update(mails).where(mails.c.number == row.number)
        try:
            return await _leased(connection, keys, row, now + lease)
        except SoundnessError:
            # It must not block the mail behind it; a human finds it in the quarantine.
            why = "its seal is broken: it was changed in the store"
            await connection.execute(here.values(state="quarantined", why=why))
    return None


async def _leased(
    connection: AsyncConnection, keys: Keys, row: Row[Any], until: datetime
) -> Waiting:
    found = await _opened(connection, keys, row)
    attempts = row.attempts + 1
    leased = update(mails).where(mails.c.number == row.number)
    await connection.execute(leased.values(next_at=until, attempts=attempts))
    return replace(found, attempts=attempts)


async def _opened(connection: AsyncConnection, keys: Keys, row: Row[Any]) -> Waiting:
    key = await _mail_key(connection, keys, row)
    envelope = json.loads(unseal(key, row.envelope, f"envelope:{row.id}"))
    raw = await _unsealed(connection, key, row)
    return Waiting(
        id=row.id,
        raw=raw,
        road=row.road,
        recipients=tuple(Address(each) for each in envelope["recipients"]),
        return_path=envelope["return_path"],
        junk=row.junk,
        received=row.received,
        attempts=row.attempts,
        account=(row.source or "").partition("/")[0],
        ahead=row.next_at < row.received,
    )


async def postpone(
    connection: AsyncConnection, mail: str, until: datetime, *, begun: bool = True
) -> bool:
    """See ports.Store.postpone_mail."""
    waiting = and_(mails.c.id == mail, mails.c.state == "waiting")
    later = update(mails).where(waiting).values(next_at=until)
    if not begun:
        later = later.values(attempts=mails.c.attempts - 1)
    return (await connection.execute(later)).rowcount > 0


async def settle(
    connection: AsyncConnection,
    keys: Keys,
    mail: str,
    *,
    state: str,
    case: str | None,
    why: str,
    leased: bool,
) -> bool:
    """See ports.Transaction.settle_mail."""
    states = ("waiting",) if leased else _OPEN
    query = select(mails).where(mails.c.id == mail, mails.c.state.in_(states)).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return False
    values: dict[str, Any] = {"state": state, "why": why}
    if case is not None and case != row.case:
        wrapper = await case_key(connection, keys, case)
        if wrapper is None:
            raise Permanent(f"case {case} does not exist")
        values["case"] = case
        try:
            key = await _mail_key(connection, keys, row)
        except SoundnessError:
            # Set aside because its seal is broken: whoever files it must be able to.
            pass
        else:
            values["wrapped"] = seal(wrapper, key, f"mail:{mail}")
    await connection.execute(update(mails).where(mails.c.id == mail).values(**values))
    return True


async def raw(connection: AsyncConnection, keys: Keys, mail: str) -> bytes:
    """A mail's bytes, whatever its state. Raises Permanent where they are gone."""
    row = (await connection.execute(_whole().where(mails.c.id == mail))).one_or_none()
    if row is None or row.wrapped is None:
        raise Permanent(f"mail {mail} is not here, or not any more")
    key = await _mail_key(connection, keys, row)
    return await _unsealed(connection, key, row)


async def aside(connection: AsyncConnection, keys: Keys, mail: str) -> Waiting | None:
    """A quarantined mail as it came; None where it isn't quarantined. Raises SoundnessError."""
    query = _whole().where(mails.c.id == mail, mails.c.state == "quarantined")
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else await _opened(connection, keys, row)


async def aside_in(connection: AsyncConnection) -> tuple[str, ...]:
    """In which cases and records of the quarantine there is quarantined mail."""
    query = select(mails.c.case).where(mails.c.state == "quarantined", mails.c.case.is_not(None))
    return tuple((await connection.execute(query.distinct().order_by(mails.c.case))).scalars())


async def release(connection: AsyncConnection, mail: str, now: datetime) -> bool:
    """A quarantined mail waits again, as if it had just come. False: it isn't quarantined, or not
    here whole."""
    aside = and_(mails.c.id == mail, mails.c.state.in_(_ASIDE), mails.c.road != LEFT)
    again = (
        update(mails)
        .where(aside)
        .values(state="waiting", road=RELEASED, next_at=now, attempts=0, why="")
    )
    if (await connection.execute(again)).rowcount == 0:
        return False
    # Else it would be found to be a duplicate of itself.
    await connection.execute(delete(handled).where(handled.c.mail == mail))
    return True


async def discard(connection: AsyncConnection, mail: str) -> bool:
    """A quarantined mail's bytes and key are destroyed; that it was here stays known."""
    aside = and_(mails.c.id == mail, mails.c.state.in_(_ASIDE))
    gone = update(mails).where(aside).values(state="discarded", wrapped=None)
    if (await connection.execute(gone)).rowcount == 0:
        return False
    for table in (mail_bodies, mail_pieces):
        await connection.execute(delete(table).where(table.c.mail == mail))
    return True


async def quarantine(connection: AsyncConnection, *, dropped: bool = False) -> tuple[SetAside, ...]:
    states = _ASIDE if dropped else ("quarantined",)
    query = select(mails).where(mails.c.state.in_(states)).order_by(mails.c.number)
    rows = (await connection.execute(query)).all()
    return tuple(
        SetAside(
            id=row.id,
            at=row.received,
            why=row.why,
            size=row.size,
            case=row.case,
            dropped=row.state == DROPPED,
            left=row.road == LEFT,
        )
        for row in rows
    )


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many mails are in each state."""
    query = select(mails.c.state, func.count().label("mails")).group_by(mails.c.state)
    return {row.state: row.mails for row in await connection.execute(query)}


async def oldest_waiting(connection: AsyncConnection) -> datetime | None:
    query = select(func.min(mails.c.received)).where(mails.c.state == "waiting")
    oldest: datetime | None = (await connection.execute(query)).scalar()
    return oldest


async def handled_by(connection: AsyncConnection, content: str, target: str) -> str | None:
    query = select(handled.c.mail).where(handled.c.content == content, handled.c.target == target)
    return (await connection.execute(query)).scalar()


async def note_handled(connection: AsyncConnection, content: str, target: str, mail: str) -> None:
    row = {"content": content, "target": target, "mail": mail}
    await connection.execute(insert(handled), row)


async def _aside(data: bytes, compute: Callable[[], bytes]) -> bytes:
    """In a thread where there is much of it: the loop goes on meanwhile."""
    return compute() if len(data) <= _LARGE else await asyncio.to_thread(compute)


async def _unsealed(connection: AsyncConnection, key: bytes, row: Row[Any]) -> bytes:
    """Of a row with the body's first piece. Raises SoundnessError."""
    pieces = [row.body]
    while len(pieces[-1]) == _PIECE:
        query = select(mail_pieces.c.piece).where(
            mail_pieces.c.mail == row.id, mail_pieces.c.number == len(pieces)
        )
        pieces.append((await connection.execute(query)).scalar() or b"")

    def whole() -> bytes:
        return unseal(key, b"".join(pieces), f"body:{row.id}")

    return whole() if len(pieces) == 1 else await asyncio.to_thread(whole)


def _whole() -> Select[Any]:
    return select(mails, mail_bodies.c.envelope, mail_bodies.c.body).join_from(
        mails, mail_bodies, mail_bodies.c.mail == mails.c.id, isouter=True
    )


async def _mail_key(connection: AsyncConnection, keys: Keys, row: Row[Any]) -> bytes:
    """Takes a row of ``mails`` alone, or with its body. Raises SoundnessError."""
    if row._mapping.get("body", b"") is None:
        raise SoundnessError("a mail's bytes are missing")
    if row.wrapped is None:
        raise SoundnessError("a mail's key was destroyed")
    if row.case is None:
        return unseal(keys.intake, row.wrapped, f"mail:{row.id}")
    wrapper = await case_key(connection, keys, row.case)
    if wrapper is None:
        raise SoundnessError("a mail's case was forgotten")
    return unseal(wrapper, row.wrapped, f"mail:{row.id}")
