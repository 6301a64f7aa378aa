"""Crisp conversations.

Source: https://docs.crisp.chat/references/web-hooks/v1
"""

from __future__ import annotations

import hmac
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from inboxbridge import (
    AnyOf,
    Attachment,
    Badge,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Event,
    HmacSignature,
    MinimalMessage,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge_chat._reading import (
    array_at,
    as_object,
    event_id,
    fingerprint,
    id_at,
    moment_at,
    object_at,
    one_line,
    required,
    text_at,
    web_link,
)
