"""What can be chosen when a sandbox is made."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes above which a request is refused with `400`.

    They are those that Wix's own SDK declares (`@wix/inbox`, `@wix/crm`), but for `badge_text`,
    which is ours. All are counts of characters or of list items; `list_page` is what a page of
    List Messages holds unless the caller says how many.
    """

    text: int = 16_384
    preview_text: int = 256
    badge_text: int = 50
    minimal_text: int = 16_384
    web_url: int = 2000
    media_id: int = 2000
    filename: int = 255
    mime_type: int = 100
    form_title: int = 256
    form_items: int = 15
    form_value: int = 8192
    button: int = 16_384
    interaction_id: int = 256
    template_lines: int = 10
    template_line: int = 512
    template_buttons: int = 10
    contact_items: int = 50
    contact_text: int = 1000
    email: int = 320
    phone: int = 50
    query_page: int = 1000
    list_page: int = 30
    list_page_most: int = 100


@dataclass(frozen=True, kw_only=True)
class ApiKeyGrant:
    """What one API key may do. `None` stands for everything.

    `permissions` are names ("Read Contacts") or scope ids ("SCOPE.DC-CONTACTS.READ-CONTACTS").
    """

    sites: frozenset[str] | None = None
    permissions: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class AppGrant:
    """One Wix app: its secret, the site of each instance id, and what it may do."""

    secret: str
    instances: Mapping[str, str]
    permissions: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """Choices for a sandbox; the defaults suit a demonstration.

    lenient: also take the `article` wire form (`direction` beside `message`, `message.payload`).
    now: the clock, in seconds since the Unix epoch.
    strict_urls: refuse the address of an icon, picture, file or link that is neither `http` nor
        `https`. Wix's SDK declares them to be web URLs; what exactly Wix refuses is unpublished.
    api_keys: the only API keys accepted, by key; `None` accepts any.
    apps: the only apps accepted, by app id; `None` accepts any app, secret and instance, and the
        instance id then serves as the site id.
    business_name: the name shown for the business in every conversation.
    echo: send message webhooks for messages that came in over the API as well.
    webhook_time_scale: factor on the waiting times between webhook attempts (0.001 turns Wix's
        first minute into 60 ms).
    webhook_transport: replaces the network for outgoing webhooks.
    new_id: makes the ids of contacts and their parts.
    """

    lenient: bool = False
    now: Callable[[], float] = time.time
    strict_urls: bool = False
    limits: Limits = field(default_factory=Limits)
    api_keys: Mapping[str, ApiKeyGrant] | None = None
    apps: Mapping[str, AppGrant] | None = None
    business_name: str = "Your business"
    echo: bool = True
    webhook_time_scale: float = 1.0
    webhook_transport: httpx.AsyncBaseTransport | None = None
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
