"""The journal's tables. One schema for SQLite and PostgreSQL.

Moments are Unix seconds as floating point numbers: the same in both databases, and cheap.
Changes go through a migration in ``migrations/versions``; a test holds the two against each other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")

OPEN = ("pending", "retrying")
"""States of events whose turn is still to come."""

UNFINISHED = (*OPEN, "parked", "dead")
"""States of events that are not settled: the open ones and those that wait for a person."""

ATTENTION = ("parked", "dead", "unreadable")
"""States of events of which a person decides."""

WORDS = "events_words"
"""SQLite's index of people and words, a virtual table beside the schema's own; see migration 0003.
On PostgreSQL it is the index ``ix_events_words`` on an expression."""


def state_in(states: tuple[str, ...]) -> str:
    """The condition with the states spelled out, as the partial indexes have it.

    SQLite uses a partial index only for a query that repeats its condition to the letter.
    """
    listed = ", ".join(f"'{state}'" for state in states)
    return f"state IN ({listed})"


events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("site", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("about", Text),
    Column("kind", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("lane", SmallInteger, nullable=False),
    Column("body", Text),
    Column("enriched", SmallInteger, nullable=False, server_default="0"),
    Column("delivery_id", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double),
    Column("failing_since", Double),
    Column("attempt_at", Double),
    Column("fingerprint", Text),
    Column("received_at", Double, nullable=False),
    Column("delivered_at", Double),
    Column("contact_id", Text),
    Column("conversation_id", Text),
    Column("message_id", Text),
    Column("attempt_after", Text),
    Column("look_since", Double),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("occurred_at", Double),
    UniqueConstraint("connection", "source_id", name="uq_events_source"),
    sqlite_autoincrement=True,
)

Index(
    "ix_events_open",
    events.c.site,
    events.c.id,
    sqlite_where=text(state_in(OPEN)),
    postgresql_where=text(state_in(OPEN)),
)
Index(
    "ix_events_thread",
    events.c.site,
    events.c.thread,
    events.c.id,
    sqlite_where=text(state_in(UNFINISHED)),
    postgresql_where=text(state_in(UNFINISHED)),
)
Index("ix_events_state", events.c.state, events.c.id)
Index("ix_events_connection", events.c.connection, events.c.id)
Index(
    "ix_events_about",
    events.c.connection,
    events.c.about,
    sqlite_where=text("about IS NOT NULL"),
    postgresql_where=text("about IS NOT NULL"),
)
Index(
    "uq_events_message",
    events.c.conversation_id,
    events.c.message_id,
    unique=True,
    sqlite_where=text("message_id IS NOT NULL"),
    postgresql_where=text("message_id IS NOT NULL"),
)

Index(
    "ix_events_attention",
    events.c.state,
    events.c.connection,
    events.c.reason,
    events.c.id,
    sqlite_where=text(state_in(ATTENTION)),
    postgresql_where=text(state_in(ATTENTION)),
)
Index(
    "ix_events_message",
    events.c.message_id,
    sqlite_where=text("message_id IS NOT NULL"),
    postgresql_where=text("message_id IS NOT NULL"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("event_id", _Id, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text),
    Column("status", Integer),
    Column("request_id", Text),
)
Index("ix_attempts_event", attempts.c.event_id)

links = Table(
    "links",
    metadata,
    Column("site", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("contact_id", Text),
    Column("origin", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)
Index("ix_links_contact", links.c.site, links.c.contact_id)
Index(
    "ix_links_manual",
    links.c.site,
    links.c.updated_at,
    sqlite_where=text("origin = 'manual'"),
    postgresql_where=text("origin = 'manual'"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("site", Text, primary_key=True),
    Column("contact_id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)
Index("ix_conversations_conversation", conversations.c.site, conversations.c.conversation_id)

sites = Table(
    "sites",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("changed_at", Double, nullable=False),
    Column("calls", Integer),
    Column("busy_until", Double),
    Column("seen_at", Double),
)

refusals = Table(
    "refusals",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("status", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("last_at", Double, nullable=False),
)

refused = Table(
    "refused",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("connection", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)
Index("ix_refused_connection", refused.c.connection, refused.c.id)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text),
)

seen = Table(
    "seen",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_seen_at", seen.c.at)

probes = Table(
    "probes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("filler", LargeBinary, nullable=False),
)
