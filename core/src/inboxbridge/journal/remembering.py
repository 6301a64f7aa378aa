"""Remember identity links and conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from inboxbridge.journal.rows import Contact, ContactConversation, Conversation, Link, Merge
from inboxbridge.journal.schema import conversations, links


def remember(connection: Connection, batch: Sequence[Link]) -> list[None]:
    """Remember identities' contacts; a link made by hand is never overwritten by a look-up."""
    looked_up = [link._asdict() for link in batch if link.origin != "manual"]
    by_hand = [link._asdict() for link in batch if link.origin == "manual"]
    columns = ("contact_id", "origin", "updated_at")
    if looked_up:
        manual = links.c.origin == "manual"
        connection.execute(_upsert(connection, links, *columns, unless=manual), looked_up)
    if by_hand:
        connection.execute(_upsert(connection, links, *columns), by_hand)
    return [None] * len(batch)


def remember_conversations(
    connection: Connection, batch: Sequence[ContactConversation]
) -> list[None]:
    """Remember contacts' conversations."""
    statement = _upsert(connection, conversations, "conversation_id", "updated_at")
    connection.execute(statement, [row._asdict() for row in batch])
    return [None] * len(batch)


def forget_contacts(connection: Connection, batch: Sequence[Contact]) -> list[None]:
    """Drop everything remembered of contacts, links made by hand included."""
    for site, contact_id in batch:
        for table in (links, conversations):
            connection.execute(
                delete(table).where(table.c.site == site, table.c.contact_id == contact_id)
            )
    return [None] * len(batch)


def unlearn_contacts(connection: Connection, batch: Sequence[Contact]) -> list[None]:
    """Drop what was looked up of contacts; links made by hand stay."""
    for site, contact_id in batch:
        connection.execute(
            delete(links).where(
                links.c.site == site,
                links.c.contact_id == contact_id,
                links.c.origin != "manual",
            )
        )
        connection.execute(
            delete(conversations).where(
                conversations.c.site == site, conversations.c.contact_id == contact_id
            )
        )
    return [None] * len(batch)


def forget_conversations(connection: Connection, batch: Sequence[Conversation]) -> list[None]:
    """Drop remembered conversations."""
    for site, conversation_id in batch:
        connection.execute(
            delete(conversations).where(
                conversations.c.site == site,
                conversations.c.conversation_id == conversation_id,
            )
        )
    return [None] * len(batch)


def move_contact(connection: Connection, batch: Sequence[Merge]) -> list[None]:
    """After a merge: what was remembered of one contact now names the surviving one."""
    for site, old, new, now in batch:
        connection.execute(
            update(links)
            .where(links.c.site == site, links.c.contact_id == old)
            .values(contact_id=new, updated_at=now)
        )
        connection.execute(
            delete(conversations).where(
                conversations.c.site == site, conversations.c.contact_id == old
            )
        )
    return [None] * len(batch)


def _upsert(connection: Connection, table: Any, *columns: str, unless: Any = None) -> Any:
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in columns},
        where=None if unless is None else ~unless,
    )
