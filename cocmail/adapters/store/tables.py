"""The schema: every table, on SQLite and on PostgreSQL alike.

Owns columns, keys and indexes. Refuses to know queries (the rooms beside it) and how an older
schema becomes this one (migrations/, which a test holds equal to this). Called by every room of
the store.

Nothing private stands here in the clear: what was said is sealed, what is looked up is a keyed
digest. Large sealed bodies have tables of their own, because both databases write a whole row
again when one of its small columns changes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

from cocmail.core import index

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, as microseconds since 1970: the same, exactly, on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _number() -> Column[int]:
    """First come, first served: ties in time must not let a later mail overtake."""
    wide = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER up by itself
    return Column("number", wide, primary_key=True, autoincrement=True)


# -- the record ------------------------------------------------------------------------------

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

case_keys = Table(
    "case_keys",
    metadata,
    Column("case", Text, primary_key=True),
    Column("wrapped", LargeBinary),  # null: the case was forgotten
    Column("opened", Instant, nullable=False),
    Column("forgotten", Instant),
)

ledger = Table(
    "ledger",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("case", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index(None, "case", "sequence"),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("events", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

# -- mail in ---------------------------------------------------------------------------------

mails = Table(
    "mails",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("road", Text, nullable=False),
    Column("source", Text, unique=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("received", Instant, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("junk", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # waiting, done, filed, quarantined, dropped, discarded
    Column("next_at", Instant, nullable=False),  # its turn; a lease or a delay ends here
    Column("attempts", Integer, nullable=False),
    Column("case", Text),
    Column("why", Text, nullable=False),
    Column("wrapped", LargeBinary),  # the mail's key, under the case's key or the intake key
    Index(None, "state", "next_at", "number"),
    Index(None, "case"),
)

mail_bodies = Table(
    "mail_bodies",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the first megabyte of it
)

mail_pieces = Table(
    "mail_pieces",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("piece", LargeBinary, nullable=False),
)
"""What a body has beyond its first megabyte, a megabyte each: to hand over 49 at once would hold up
the loop, and PostgreSQL's driver takes six times as much memory for it."""

handled = Table(
    "handled",
    metadata,
    Column("content", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("mail", Text, nullable=False),
    Index(None, "mail"),
)

# -- mail out --------------------------------------------------------------------------------

letters = Table(
    "letters",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("case", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("queued", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, sent, failed, withdrawn
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index(None, "state", "next_at", "number"),
    Index(None, "case"),
)

letter_bodies = Table(
    "letter_bodies",
    metadata,
    Column("letter", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

# -- what `status` tells, beside the queues --------------------------------------------------

state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# -- the index: follows from the ledger alone (core/index.py says what it means) -------------

index_cases = Table(
    "index_cases",
    metadata,
    Column("case", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("opened", Instant, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("assigned", Text, nullable=False),
    Column("messages", Integer, nullable=False),
)
index_references = Table(
    "index_references",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("case", Text, nullable=False, index=True),
)
index_tokens = Table(
    "index_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("party", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("about", Text, nullable=False),
)
index_minted = Table(
    "index_minted",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("case", Text, primary_key=True, index=True),
    Column("party", Text, primary_key=True),
)
index_seen = Table(
    "index_seen",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("case", Text, primary_key=True, index=True),
)
index_addresses = Table(
    "index_addresses",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("case", Text, primary_key=True, index=True),
    Column("party", Text, primary_key=True),
)
index_sanctions = Table(
    "index_sanctions",
    metadata,
    Column("sanction", Text, primary_key=True),
    Column("case", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("until", Instant),
)
index_recused = Table(
    "index_recused",
    metadata,
    Column("case", Text, primary_key=True),
    Column("handle", Text, primary_key=True, index=True),
)
index_unsettled = Table(
    "index_unsettled",
    metadata,
    Column("case", Text, primary_key=True),
)
index_due = Table(
    "index_due",
    metadata,
    Column("case", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("at", Instant, primary_key=True, index=True),
)

INDEX: dict[type[index.Row], Table] = {
    index.CaseRow: index_cases,
    index.ReferenceRow: index_references,
    index.TokenRow: index_tokens,
    index.MintedRow: index_minted,
    index.SeenRow: index_seen,
    index.AddressRow: index_addresses,
    index.SanctionRow: index_sanctions,
    index.UnsettledRow: index_unsettled,
    index.RecusedRow: index_recused,
    index.DueRow: index_due,
}
