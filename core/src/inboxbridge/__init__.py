"""The public API for connector authors.

With `inboxbridge.reading` (fields of a delivery), `inboxbridge.signing` (schemes of one's own) and
`inboxbridge.testing` (the contract kit) this is all that is public; everything else may change.

>>> from inboxbridge import Connector, Event, Person, hookimpl
"""

from importlib.metadata import version as _version

from inboxbridge.connector import (
    Connector,
    ConnectorSettings,
    Label,
    OneOrMore,
    Providers,
    Region,
    Secret,
    Secrets,
    TimeZone,
    WebAddress,
)
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
    Direction,
    Download,
    Event,
    Headers,
    IgnoredPart,
    Kind,
    MinimalMessage,
    Part,
    Person,
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.model.phone import normalize_phone
from inboxbridge.model.records import EventRecord
from inboxbridge.model.text import clean_text
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

__version__ = _version("inboxbridge")
"""The version of the installed core, as in ``pip show inboxbridge``."""

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
    "Direction",
    "Download",
    "Ed25519Signature",
    "Event",
    "EventRecord",
    "Headers",
    "HmacSignature",
    "HookFailed",
    "HookTimeout",
    "IgnoredPart",
    "InboxbridgeError",
    "Kind",
    "Label",
    "MalformedBody",
    "MinimalMessage",
    "NoSignature",
    "OneOrMore",
    "Part",
    "Person",
    "Providers",
    "Region",
    "Secret",
    "Secrets",
    "SharedToken",
    "Signature",
    "StandardWebhooks",
    "TimeZone",
    "TimestampedHmac",
    "UnreadablePart",
    "UrlFormSignature",
    "WebAddress",
    "WebhookRequest",
    "clean_text",
    "hookimpl",
    "normalize_phone",
]
