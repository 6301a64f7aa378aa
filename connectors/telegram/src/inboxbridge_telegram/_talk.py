"""Who talks with whom in a private chat, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inboxbridge import Direction, Person
from inboxbridge.reading import id_at, moment_at, object_at, one_line, text_at


@dataclass(frozen=True, slots=True)
class Talk:
    """The chat that an update belongs to.

    Attributes:
        person: The customer.
        direction: ``outbound`` for what the business wrote from its own account.
        thread: The chat; of a business account, within that account.
        recipient: The business account that it came to; None for the bot itself.
        at: When.
    """

    person: Person
    direction: Direction
    thread: str
    recipient: str | None
    at: datetime | None

    def with_phone(self, phone: str) -> Talk:
        """Return the same with the person's own number."""
        return replace(self, person=self.person.model_copy(update={"phone": phone}))


def talk_of(item: dict[str, Any], where: str) -> Talk | None:
    """Return whose talk *item* belongs to, or None where it is no private chat.

    In a private chat the chat has the customer's id; what another one wrote there is the business's
    (https://core.telegram.org/bots/api#message).

    Raises:
        MalformedBody: A value has the wrong type, or the chat has no id.
    """
    chat = object_at(item, "chat", where, required=True)
    if text_at(chat, "type", f"{where}.chat") != "private":
        return None
    customer = id_at(chat, "id", f"{where}.chat", required=True)
    writer = object_at(item, "from", where)
    is_theirs = not writer or id_at(writer, "id", f"{where}.from") == customer
    account = id_at(item, "business_connection_id", where)
    return Talk(
        person=Person(
            id=customer, name=_name(writer if writer and is_theirs else chat, where) or None
        ),
        direction="inbound" if is_theirs else "outbound",
        thread=f"{account}:{customer}" if account else customer,
        recipient=account or None,
        at=moment_at(item, "edit_date", where) or moment_at(item, "date", where),
    )


def _name(user: dict[str, Any], where: str) -> str:
    parts = (text_at(user, key, where) for key in ("first_name", "last_name"))
    return one_line(" ".join(parts)) or text_at(user, "username", where)
