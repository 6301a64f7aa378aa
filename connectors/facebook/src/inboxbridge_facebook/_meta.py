"""What Meta's products share: settings, most hooks, and the walk through a batch.

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from inboxbridge import (
    Answer,
    Connector,
    ConnectorSettings,
    HmacSignature,
    IgnoredPart,
    MalformedBody,
    Part,
    Secret,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import array_at, as_object, id_at, read_each, text_at
from inboxbridge.signing import is_live

from inboxbridge_facebook._graph import GraphAddress, GraphVersion

PROVIDERS = {
    "page": "messenger",
    "instagram": "instagram",
    "whatsapp_business_account": "whatsapp",
}
"""The ``object`` that a delivery names, and our provider for it."""


class MetaSettings(ConnectorSettings):
    """What every connection to Meta needs.

    Attributes:
        app_secret: From the App Dashboard, App settings, Basic. Signs every delivery.
        verify_token: Text of your choice, entered beside the callback URL in the App Dashboard.
        icon_url: The badge's picture.
        access_token: Asks Meta for what a delivery leaves out: names and pictures of people
            (Messenger, Instagram), files (WhatsApp). Without it these are left out.
        graph_version: The version of the Graph API that is asked.
        graph_url: Where the Graph API is; ``https://graph.instagram.com`` for a token of Instagram
            Login.
        reactions: Whether reactions to messages are shown, each as a line.
    """

    app_secret: Secrets
    verify_token: Secrets
    icon_url: str | None = None
    access_token: Secret | None = None
    graph_version: GraphVersion = "v25.0"
    graph_url: GraphAddress = "https://graph.facebook.com"
    reactions: bool = False


SettingsT = TypeVar("SettingsT", bound=MetaSettings)


class MetaConnector(Connector[SettingsT]):
    """The hooks that are the same for all of Meta's products."""

    max_body_bytes = 3 * 1024 * 1024

    @hookimpl
    def signature(self) -> Signature:
        """``X-Hub-Signature-256: sha256=<hex>``, HMAC-SHA256 of the raw body by the app secret."""
        secrets = self.settings.app_secret
        return HmacSignature(secrets, header="X-Hub-Signature-256", prefix="sha256=")

    @hookimpl
    def handshake(self, request: WebhookRequest) -> Answer | None:
        """Answer the challenge that Meta sends when the callback URL is saved.

        The answer is ``hub.challenge`` alone, as plain text, if ``hub.verify_token`` is ours.
        """
        query = dict(request.query)
        challenge = query.get("hub.challenge", "")
        if query.get("hub.mode") != "subscribe" or not challenge:
            return None
        is_ours = is_live(self.settings.verify_token, query.get("hub.verify_token", ""))
        return Answer(body=challenge) if is_ours else None


class Update(NamedTuple):
    """One thing that a batch tells of.

    Attributes:
        field: The subscribed field; empty for an item of ``messaging`` or ``standby``.
        value: The item, whatever its type.
        account: The Page, Instagram account or WABA; empty where the delivery does not say.
        where: The path of *value* in the body.
    """

    field: str
    value: Any
    account: str
    where: str


Read = Callable[[Update], Part | Iterable[Part] | None]
"""Reads one update."""


def read_batch(body: dict[str, Any], product: str, read: Read) -> list[Part]:
    """Return what *read* makes of each update of the batch *body*, in its own order.

    A batch holds up to 1,000 updates, under ``messaging``, ``standby`` and ``changes`` of its
    entries, mixed. The sample that the App Dashboard's Test button sends is a lone
    ``{"field": …, "value": …}``. What cannot be read leaves the other updates as they are.

    Args:
        body: The delivery.
        product: The ``object`` that the connection is for.
        read: Reads one update.

    Raises:
        MalformedBody: The body is not a batch, or one of another of Meta's products.
    """
    if "object" not in body and "field" in body:
        update = Update(text_at(body, "field", "body"), body.get("value"), "", "value")
        return read_each([update], read)
    if not _is_for(body, product):
        return []
    entries = array_at(body, "entry", "body")
    return read_each(enumerate(entries), lambda numbered: _read_entry(*numbered, read))


def _read_entry(number: int, entry: Any, read: Read) -> list[Part]:
    where = f"entry[{number}]"
    entry = as_object(entry, where)
    account = id_at(entry, "id", where)
    keys = [key for key in entry if key in ("messaging", "standby", "changes", "field")]
    if len(keys) == 1:
        return _read_key(keys[0], entry, account, where, read)
    return read_each(keys, lambda key: _read_key(key, entry, account, where, read))


def _read_key(key: str, entry: dict[str, Any], account: str, where: str, read: Read) -> list[Part]:
    if key == "field":
        field = text_at(entry, "field", where)
        return read_each([Update(field, entry.get("value"), account, f"{where}.value")], read)
    items = array_at(entry, key, where)
    if key != "changes":
        updates = (
            Update("", item, account, f"{where}.{key}[{index}]") for index, item in enumerate(items)
        )
        return read_each(updates, read)

    def read_change(numbered: tuple[int, Any]) -> Part | Iterable[Part] | None:
        place = f"{where}.changes[{numbered[0]}]"
        change = as_object(numbered[1], place)
        field = text_at(change, "field", place)
        return read(Update(field, change.get("value"), account, f"{place}.value"))

    return read_each(enumerate(items), read_change)


_NAME = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)


@lru_cache(maxsize=256)
def ignored(*names: str) -> IgnoredPart:
    """Return a part that is left out, of the kind that Meta calls by *names*.

    A value that is no name of Meta's, but may be an id or somebody's words, is left out.
    """
    valid_names = [name.lower() for name in names if _NAME.fullmatch(name.lower())]
    return IgnoredPart(kind=".".join(valid_names)[:80] or "unknown")


def _is_for(body: dict[str, Any], product: str) -> bool:
    named = text_at(body, "object", "body")
    if named == product:
        return True
    if not named:
        raise MalformedBody("object is missing")
    if named in PROVIDERS:
        raise MalformedBody(
            f"object is {named!r}, but this connection is for {product!r}: give the App Dashboard's"
            f" {named!r} callback the URL of a connection with provider = {PROVIDERS[named]!r},"
            " then replay"
        )
    return False
