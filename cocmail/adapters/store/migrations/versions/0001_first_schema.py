"""The first schema.

Owns the step from nothing to 0001. Refuses to import tables.py, which goes on changing while this
stays what it was. Called by Alembic.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_keys",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_case_keys")),
    )
    op.create_table(
        "handled",
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content", "target", name=op.f("pk_handled")),
    )
    op.create_index(op.f("ix_handled_mail"), "handled", ["mail"], unique=False)
    op.create_table(
        "index_addresses",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case", "party", name=op.f("pk_index_addresses")),
    )
    op.create_index(op.f("ix_index_addresses_case"), "index_addresses", ["case"], unique=False)
    op.create_table(
        "index_cases",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("assigned", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_index_cases")),
    )
    op.create_index(op.f("ix_index_cases_state"), "index_cases", ["state"], unique=False)
    op.create_table(
        "index_due",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case", "what", "about", "at", name=op.f("pk_index_due")),
    )
    op.create_index(op.f("ix_index_due_at"), "index_due", ["at"], unique=False)
    op.create_table(
        "index_minted",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case", "party", name=op.f("pk_index_minted")),
    )
    op.create_index(op.f("ix_index_minted_case"), "index_minted", ["case"], unique=False)
    op.create_table(
        "index_recused",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case", "handle", name=op.f("pk_index_recused")),
    )
    op.create_index(op.f("ix_index_recused_handle"), "index_recused", ["handle"], unique=False)
    op.create_table(
        "index_references",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_index_references")),
    )
    op.create_index(op.f("ix_index_references_case"), "index_references", ["case"], unique=False)
    op.create_table(
        "index_sanctions",
        sa.Column("sanction", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sanction", name=op.f("pk_index_sanctions")),
    )
    op.create_index(op.f("ix_index_sanctions_case"), "index_sanctions", ["case"], unique=False)
    op.create_table(
        "index_seen",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case", name=op.f("pk_index_seen")),
    )
    op.create_index(op.f("ix_index_seen_case"), "index_seen", ["case"], unique=False)
    op.create_table(
        "index_tokens",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_index_tokens")),
    )
    op.create_index(op.f("ix_index_tokens_case"), "index_tokens", ["case"], unique=False)
    op.create_table(
        "index_unsettled",
        sa.Column("case", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_index_unsettled")),
    )
    op.create_table(
        "ledger",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_case_sequence"), "ledger", ["case", "sequence"], unique=False)
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "letter_bodies",
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter", name=op.f("pk_letter_bodies")),
    )
    op.create_table(
        "letters",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_letters")),
        sa.UniqueConstraint("id", name=op.f("uq_letters_id")),
    )
    op.create_index(op.f("ix_letters_case"), "letters", ["case"], unique=False)
    op.create_index(op.f("ix_letters_state_number"), "letters", ["state", "number"], unique=False)
    op.create_table(
        "mail_bodies",
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_mail_bodies")),
    )
    op.create_table(
        "mails",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("road", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("junk", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("case", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mails")),
        sa.UniqueConstraint("digest", name=op.f("uq_mails_digest")),
        sa.UniqueConstraint("id", name=op.f("uq_mails_id")),
        sa.UniqueConstraint("source", name=op.f("uq_mails_source")),
    )
    op.create_index(op.f("ix_mails_case"), "mails", ["case"], unique=False)
    op.create_index(op.f("ix_mails_state_number"), "mails", ["state", "number"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state")),
    )
