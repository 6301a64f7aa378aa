"""Remember identity links and conversations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, literal_column, update

from inboxbridge.journal.driver import upsert
from inboxbridge.journal.rows import Contact, ContactConversation, Conversation, Link, Merge
from inboxbridge.journal.schema import conversations, links

_LINK = ("contact_id", "origin", "updated_at")
_IS_BY_HAND = (links.c.origin == literal_column("'manual'")) & links.c.contact_id.is_not(None)
_REMEMBER = upsert(links, _LINK, unless=_IS_BY_HAND)
_LINK_BY_HAND = upsert(links, _LINK)
_REMEMBER_CONVERSATIONS = upsert(conversations, ("conversation_id", "updated_at"))


def remember(connection: Connection, batch: Sequence[Link]) -> list[None]:
    """Remember identities' contacts; a link made by hand is never overwritten by a look-up.

    One made by hand without a contact says that there is no link any more: look-ups may write it.
    """
    _REMEMBER(connection, _newest([link for link in batch if link.origin != "manual"]))
    _LINK_BY_HAND(connection, _newest([link for link in batch if link.origin == "manual"]))
    return [None] * len(batch)


def remember_conversations(
    connection: Connection, batch: Sequence[ContactConversation]
) -> list[None]:
    """Remember contacts' conversations."""
    _REMEMBER_CONVERSATIONS(connection, _newest(batch))
    return [None] * len(batch)


def _newest(rows: Sequence[Link | ContactConversation]) -> list[Link | ContactConversation]:
    """The last row of each key, which is in the first two columns: as if one came after another."""
    return list({row[:2]: row for row in rows}.values())


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
