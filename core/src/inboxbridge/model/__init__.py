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
    "Event",
    "EventRecord",
    "Headers",
    "Kind",
    "MinimalMessage",
    "Model",
    "Person",
    "State",
    "Visibility",
    "WebhookRequest",
    "utc",
]
