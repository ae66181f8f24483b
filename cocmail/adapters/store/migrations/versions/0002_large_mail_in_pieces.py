"""Large mail in pieces.

Owns the step from 0001 to 0002: a table for what a mail's body has beyond its first megabyte. What
was kept whole before stays whole. Called by Alembic.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_pieces",
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("piece", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mail", "number", name=op.f("pk_mail_pieces")),
    )
