"""Alembic's environment: runs on the connection that the journal hands over."""

from __future__ import annotations

from alembic import context

from inboxbridge.journal.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
