"""An index of people and words, what was refused, who decided what, and what sites wait for.

Revision: 0003

The index is kept by the database itself, so that processes of the version before keep it up too:
by triggers on SQLite, as an index on a function on PostgreSQL. A body that is not JSON, as in a
damaged row, must not make a write fail: SQLite asks first, PostgreSQL reads it as plain text.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_FIELDS = ("person.email", "person.phone", "person.id", "person.name", "text")
_CHARACTERS = 20_000

_POSTGRES_FUNCTION = r"""
CREATE FUNCTION inboxbridge_words(source_id text, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
BEGIN
    RETURN to_tsvector('pg_catalog.simple', regexp_replace(
        regexp_replace(left(source_id || ' ' || coalesce(body, ''), 20000),
                       '"[a-z_]+":|\\.', ' ', 'g'),
        '[^[:alnum:]]+', ' ', 'g'));
END $$
"""
"""Keys of the JSON and its escapes are not words. The cost is what it takes beside a comparison: a
planner that took it for cheap would read the whole table instead of the index."""


def upgrade() -> None:
    attention = sa.text("state IN ('parked', 'dead', 'unreadable')")
    op.create_index(
        "ix_events_attention",
        "events",
        ["state", "connection", "reason", "id"],
        sqlite_where=attention,
        postgresql_where=attention,
    )
    sent = sa.text("message_id IS NOT NULL")
    op.create_index(
        "ix_events_message", "events", ["message_id"], sqlite_where=sent, postgresql_where=sent
    )
    op.add_column("sites", sa.Column("calls", sa.Integer))
    op.add_column("sites", sa.Column("busy_until", sa.Double))
    op.add_column("sites", sa.Column("seen_at", sa.Double))
    op.create_table(
        "refusals",
        sa.Column("connection", sa.Text, primary_key=True),
        sa.Column("status", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
    )
    op.create_table(
        "refused",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("ix_refused_connection", "refused", ["connection", "id"])
    op.create_table(
        "audit",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
    )
    if op.get_bind().dialect.name == "sqlite":
        _index_on_sqlite()
    else:
        op.execute(sa.text(_POSTGRES_FUNCTION.replace(":", r"\:")))
        op.execute(
            "CREATE INDEX ix_events_words ON events USING gin (inboxbridge_words(source_id, body))"
        )


def _index_on_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE events_words USING fts5(words, content='', columnsize=0, "
        "tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "INSERT INTO events_words(rowid, words) "
        f"SELECT id, {_words('events')} FROM events ORDER BY id"
    )
    add = f"INSERT INTO events_words(rowid, words) VALUES (new.id, {_words('new')});"
    remove = (
        "INSERT INTO events_words(events_words, rowid, words) "
        f"VALUES ('delete', old.id, {_words('old')});"
    )
    for name, when, work in (
        ("added", "AFTER INSERT", add),
        ("changed", "AFTER UPDATE OF body, source_id", f"{remove} {add}"),
        ("removed", "AFTER DELETE", remove),
    ):
        op.execute(
            f"CREATE TRIGGER events_words_{name} {when} ON events BEGIN {work} END".replace(
                ":", r"\:"
            )
        )


def _words(row: str) -> str:
    values = [
        f"coalesce(substr(json_extract({row}.body, '$.{field}'), 1, {_CHARACTERS}), '')"
        for field in _FIELDS
    ]
    readable = f"typeof({row}.body) = 'text' AND json_valid({row}.body)"
    return (
        f"coalesce({row}.source_id, '') || ' ' || "
        f"CASE WHEN {readable} THEN {' || char(10) || '.join(values)} ELSE '' END"
    )
