"""What a connection of the ``webhook`` connector can be told in connectors.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from inboxbridge import ConnectorSettings, Label, Region, Secrets, TimeZone, WebAddress
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from inboxbridge_webhook.expressions import Expression
from inboxbridge_webhook.moments import Unit
from inboxbridge_webhook.signatures import SignatureKind, build_signature
from inboxbridge_webhook.templates import Template


def _expression(text: str) -> str:
    Expression(text)
    return text


def _template(text: str) -> str:
    Template(text)
    return text


ExpressionText = Annotated[str, AfterValidator(_expression)]
TemplateText = Annotated[str, AfterValidator(_template)]

TEMPLATED = ("id", "text", "name", "url", "region")
"""The fields that may be given as ``<field>_template`` instead."""

_IDENTITIES = ("email", "phone", "external_id", "about")


class MapSettings(BaseModel):
    """Where an event's fields are in a source's own JSON: a ``[connectors.NAME.map]`` table.

    Every value is a JMESPath expression (https://jmespath.org) unless it says otherwise. A field
    that is not named here has its default; nothing is taken from the source's JSON unasked.

    Attributes:
        when: Only deliveries of which this is true become events; the others are ignored.
        items: An array: each of its items becomes an event. The other expressions then look at the
            item; ``root()`` is the whole object.
        id: The source's id of the event (text or a whole number).
        id_template: The same as text with ``{expression}`` placeholders, none of which may find
            nothing.
        type: ``message`` or ``activity`` as such, or an expression that finds one of them.
        direction: ``inbound`` or ``outbound`` as such, or an expression that finds one of them.
        outbound_when: Instead of `direction`: outbound if true, else inbound.
        occurred_at: ISO 8601, or Unix time.
        occurred_at_unit: ``s`` or ``ms``; without it the size of the number tells.
        email: The person's email address.
        phone: The person's phone number.
        external_id: The source's own id of the person.
        name: How to call a contact that has to be created.
        name_template: The same as text with placeholders.
        text: What was said, or one line that says what was done.
        text_template: The same as text with placeholders.
        icon_url: An icon for this one event.
        url: Where to see more.
        url_template: The same as text with placeholders.
        thread: The ordering key; the person by default.
        about: The id of a thing that several events speak of (an order, a chat). An event with it
            needs no person of its own if another event about the same thing names one.
        attachments: An array of addresses, or of objects like the generic JSON's ``attachments``.
        region: The country of this event's phone number where the number names none, as ISO 3166
            writes it (``NL``). Where it finds nothing the connection's ``region`` counts.
        region_template: The same as text with placeholders.
        recipient: Which of the business's own accounts or numbers it came to, for a connection
            with ``recipients``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    when: ExpressionText | None = None
    items: ExpressionText | None = None
    id: ExpressionText | None = None
    id_template: TemplateText | None = None
    type: ExpressionText | None = None
    direction: ExpressionText | None = None
    outbound_when: ExpressionText | None = None
    occurred_at: ExpressionText | None = None
    occurred_at_unit: Unit | None = None
    email: ExpressionText | None = None
    phone: ExpressionText | None = None
    external_id: ExpressionText | None = None
    name: ExpressionText | None = None
    name_template: TemplateText | None = None
    text: ExpressionText | None = None
    text_template: TemplateText | None = None
    icon_url: ExpressionText | None = None
    url: ExpressionText | None = None
    url_template: TemplateText | None = None
    thread: ExpressionText | None = None
    about: ExpressionText | None = None
    attachments: ExpressionText | None = None
    region: ExpressionText | None = None
    region_template: TemplateText | None = None
    recipient: ExpressionText | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> MapSettings:
        names = {name for name in type(self).model_fields if getattr(self, name) is not None}
        for field in TEMPLATED:
            if {field, f"{field}_template"} <= names:
                raise ValueError(f"give either {field} or {field}_template, not both")
        if {"direction", "outbound_when"} <= names:
            raise ValueError("give either direction or outbound_when, not both")
        if not names & {"id", "id_template"}:
            raise ValueError("id is missing: without it a repeated delivery would show twice")
        if not names & {"text", "text_template", "attachments"}:
            raise ValueError("text is missing: give text or text_template")
        if not names & set(_IDENTITIES):
            raise ValueError("give at least one of email, phone and external_id")
        return self


class WebhookSettings(ConnectorSettings):
    """Settings of one connection.

    Attributes:
        label: The source's name: the badge's text. At most 50 characters.
        icon_url: The picture on the badge and beside activities.
        secret: What deliveries are signed with; a list while it is being rotated.
        signature: How: ``hmac-sha256`` (the default once there is a secret), ``hmac-sha1``,
            ``timestamped-hmac-sha256`` (``t=…,v1=…`` as Stripe signs), ``standard-webhooks``,
            ``token`` (the secret itself in a header), or ``none``.
        signature_header: The header that carries it. Default ``X-Hub-Signature-256`` (or
            ``X-Hub-Signature`` for ``hmac-sha1``).
        signature_prefix: What stands before it. Default ``sha256=`` (or ``sha1=``); ``""`` for
            none.
        signature_encoding: ``hex`` or ``base64``.
        signature_content: What is signed, built from ``{body}``, ``{timestamp}`` and ``{url}``.
        signature_timestamp_header: The header with ``{timestamp}``.
        signature_timestamp_unit: ``s`` or ``ms``.
        tolerance_seconds: How far a signed timestamp may be off, both ways.
        secret_encoding: ``base64`` where the secret is base64 of the key.
        region: The ISO 3166 country of phone numbers that name none, such as ``US``.
        kind: An expression that names the kind of a delivery, such as ``type``: what no map takes
            is counted under that name. Never let it find an id or a person's words.
        timezone: In which ``date()`` and ``datetime()`` write, such as ``America/Denver``.
        map: Where the fields are in the source's own JSON. Without it the source sends the generic
            JSON itself.
        maps: Several of them; the first whose ``when`` is true is used, and a delivery of which
            none is true is ignored.
    """

    label: Label = "Webhook"
    icon_url: WebAddress | None = None
    secret: Secrets | None = None
    signature: SignatureKind | None = None
    signature_header: Annotated[str, Field(min_length=1)] | None = None
    signature_prefix: str | None = None
    signature_encoding: Literal["hex", "base64"] = "hex"
    signature_content: str = "{body}"
    signature_timestamp_header: Annotated[str, Field(min_length=1)] | None = None
    signature_timestamp_unit: Unit = "s"
    tolerance_seconds: Annotated[float, Field(gt=0)] = 300
    secret_encoding: Literal["text", "base64"] = "text"
    region: Region | None = None
    kind: ExpressionText | None = None
    timezone: TimeZone = "UTC"
    map: MapSettings | None = None
    maps: Annotated[tuple[MapSettings, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> WebhookSettings:
        build_signature(self)
        if self.map is not None and self.maps is not None:
            raise ValueError("give either one map or several maps, not both")
        if self.kind is not None and self.map is None and self.maps is None:
            raise ValueError("kind has no meaning without map or maps: remove it")
        return self
