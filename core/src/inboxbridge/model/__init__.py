"""What the core and a connector share: requests, events, messages and records."""

from inboxbridge.model.events import (
    Answer,
    Attachment,
    Badge,
    BasicMessage,
    Direction,
    Event,
    Kind,
    MinimalMessage,
    Model,
    Person,
    Visibility,
)
from inboxbridge.model.parts import Download, IgnoredPart, Part, UnreadablePart
from inboxbridge.model.records import STATES, EventRecord, State
from inboxbridge.model.request import MAX_NESTING, Headers, WebhookRequest, utc

__all__ = [
    "MAX_NESTING",
    "STATES",
    "Answer",
    "Attachment",
    "Badge",
    "BasicMessage",
    "Direction",
    "Download",
    "Event",
    "EventRecord",
    "Headers",
    "IgnoredPart",
    "Kind",
    "MinimalMessage",
    "Model",
    "Part",
    "Person",
    "State",
    "UnreadablePart",
    "Visibility",
    "WebhookRequest",
    "utc",
]
