"""The journal's first tables.

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OPEN = sa.text("state IN ('pending', 'retrying')")
_UNFINISHED = sa.text("state IN ('pending', 'retrying', 'parked', 'dead')")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("lane", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("enriched", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("delivery_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("failing_since", sa.Double),
        sa.Column("attempt_at", sa.Double),
        sa.Column("fingerprint", sa.Text),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("delivered_at", sa.Double),
        sa.Column("contact_id", sa.Text),
        sa.Column("conversation_id", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.UniqueConstraint("connection", "source_id", name="uq_events_source"),
        sqlite_autoincrement=True,
    )
    _partial_index("ix_events_open", ["site", "id"], _OPEN)
    _partial_index("ix_events_thread", ["site", "thread", "id"], _UNFINISHED)
    op.create_index("ix_events_state", "events", ["state", "id"])
    op.create_index("ix_events_connection", "events", ["connection", "id"])
    _partial_index("ix_events_about", ["connection", "about"], sa.text("about IS NOT NULL"))
    _partial_index(
        "uq_events_message",
        ["conversation_id", "message_id"],
        sa.text("message_id IS NOT NULL"),
        unique=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("event_id", _ID, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("request_id", sa.Text),
    )
    op.create_index("ix_attempts_event", "attempts", ["event_id"])
    op.create_table(
        "links",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("identity", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Text),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_links_contact", "links", ["site", "contact_id"])
    _partial_index(
        "ix_links_manual", ["site", "updated_at"], sa.text("origin = 'manual'"), table="links"
    )
    op.create_table(
        "conversations",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_conversations_conversation", "conversations", ["site", "conversation_id"])
    op.create_table(
        "sites",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("changed_at", sa.Double, nullable=False),
    )


def _partial_index(
    name: str,
    columns: list[str],
    where: sa.TextClause,
    *,
    unique: bool = False,
    table: str = "events",
) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
