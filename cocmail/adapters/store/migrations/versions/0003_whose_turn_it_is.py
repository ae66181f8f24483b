"""Whose turn it is.

Owns the step from 0002 to 0003: mail and letters are taken by the time of their turn, so that is
what their index goes by. Called by Alembic.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("mails", "letters"):
        turn = op.f(f"ix_{table}_state_next_at_number")
        op.create_index(turn, table, ["state", "next_at", "number"])
        op.drop_index(op.f(f"ix_{table}_state_number"), table_name=table)
