"""What Meta's products share: settings, most hooks, and the walk through a batch.

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from inboxbridge import (
    Answer,
    Connector,
    ConnectorSettings,
    HmacSignature,
    MalformedBody,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import array_at, as_object, id_at, text_at
from inboxbridge.signing import is_live

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
    """

    app_secret: Secrets
    verify_token: Secrets
    icon_url: str | None = None


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


def updates(body: dict[str, Any], product: str) -> Iterator[Update]:
    """Walk through the batch *body* in its own order.

    A batch holds up to 1,000 updates, under ``messaging``, ``standby`` and ``changes`` of its
    entries, mixed. The sample that the App Dashboard's Test button sends is a lone
    ``{"field": …, "value": …}``.

    Args:
        body: The delivery.
        product: The ``object`` that the connection is for.

    Raises:
        MalformedBody: The body is not a batch, or one of another of Meta's products.
    """
    if "object" not in body and "field" in body:
        yield Update(text_at(body, "field", "body"), body.get("value"), "", "value")
        return
    if not _is_for(body, product):
        return
    for number, entry in enumerate(array_at(body, "entry", "body")):
        where = f"entry[{number}]"
        entry = as_object(entry, where)
        account = id_at(entry, "id", where)
        for key in entry:
            if key in ("messaging", "standby"):
                for index, item in enumerate(array_at(entry, key, where)):
                    yield Update("", item, account, f"{where}.{key}[{index}]")
            elif key == "changes":
                for index, change in enumerate(array_at(entry, key, where)):
                    place = f"{where}.changes[{index}]"
                    change = as_object(change, place)
                    field = text_at(change, "field", place)
                    yield Update(field, change.get("value"), account, f"{place}.value")
            elif key == "field":
                field = text_at(entry, "field", where)
                yield Update(field, entry.get("value"), account, f"{where}.value")


def _is_for(body: dict[str, Any], product: str) -> bool:
    found = text_at(body, "object", "body")
    if found == product:
        return True
    if not found:
        raise MalformedBody("object is missing")
    if found in PROVIDERS:
        raise MalformedBody(
            f"object is {found!r}, but this connection is for {product!r}: give the App Dashboard's"
            f" {found!r} callback the URL of a connection with provider = {PROVIDERS[found]!r},"
            " then replay"
        )
    return False
