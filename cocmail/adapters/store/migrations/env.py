"""Alembic's entry: runs the revisions in the transaction that schema.py has begun.

Owns nothing but that hand-over. Refuses to run offline or to open a connection of its own, so
that a migration is whole or not at all. Called by Alembic.
"""

from __future__ import annotations

from alembic import context

from cocmail.adapters.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
