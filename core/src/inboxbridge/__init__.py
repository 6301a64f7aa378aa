"""What a connector author imports, with `inboxbridge.reading` and `inboxbridge.testing`.

Nothing else is public.

>>> from inboxbridge import Connector, Event, Person, hookimpl
"""

from inboxbridge.connector import Connector, ConnectorSettings, Providers, Secret, Secrets
from inboxbridge.errors import (
    ConfigError,
    ConnectorError,
    HookFailed,
    HookTimeout,
    InboxbridgeError,
    MalformedBody,
)
from inboxbridge.hookspecs import API_VERSION, hookimpl
from inboxbridge.model import (
    Answer,
    Attachment,
    Badge,
    BasicMessage,
    Event,
    Headers,
    MinimalMessage,
    Person,
    WebhookRequest,
)
from inboxbridge.phone import normalize_phone
from inboxbridge.records import EventRecord
from inboxbridge.signing import (
    AnyOf,
    Ed25519Signature,
    HmacSignature,
    NoSignature,
    SharedToken,
    Signature,
    StandardWebhooks,
    TimestampedHmac,
    UrlFormSignature,
)
from inboxbridge.text import clean_text

__all__ = [
    "API_VERSION",
    "Answer",
    "AnyOf",
    "Attachment",
    "Badge",
    "BasicMessage",
    "ConfigError",
    "Connector",
    "ConnectorError",
    "ConnectorSettings",
    "Ed25519Signature",
    "Event",
    "EventRecord",
    "Headers",
    "HmacSignature",
    "HookFailed",
    "HookTimeout",
    "InboxbridgeError",
    "MalformedBody",
    "MinimalMessage",
    "NoSignature",
    "Person",
    "Providers",
    "Secret",
    "Secrets",
    "SharedToken",
    "Signature",
    "StandardWebhooks",
    "TimestampedHmac",
    "UrlFormSignature",
    "WebhookRequest",
    "clean_text",
    "hookimpl",
    "normalize_phone",
]
