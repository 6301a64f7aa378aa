"""Wix's own webhooks at ``/hooks/wix``: contacts merged or deleted, conversations merged.

The body is one JWT signed with RS256 by the app's key; inside are three levels of JSON text.
Sources: https://dev.wix.com/docs/build-apps/develop-your-app/api-integrations/events-and-webhooks/about-webhooks
and https://dev.wix.com/docs/rest/articles/getting-started/webhook-structure
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import structlog

from inboxbridge.config import Config
from inboxbridge.config.tables import WIX_HOOK, plain
from inboxbridge.journal import AcceptedWithoutEvents, Journal, remembering
from inboxbridge.journal.rows import Contact, Conversation, Merge
from inboxbridge.model import WebhookRequest

CONTACT = "wix.contacts.v4.contact"
CONVERSATION = "wix.crm.inbox.v2.conversation"


@dataclass(frozen=True, slots=True)
class WixEvent:
    """One thing that Wix told us.

    Attributes:
        id: Wix's event id; a repeated delivery carries the same.
        entity: The fully qualified name of what it is about, such as ``wix.contacts.v4.contact``.
        slug: What happened, with underscores: ``merged``, ``deleted``, ``conversations_merged``.
        entity_id: The contact or conversation.
        body: The action's details.
        instance_id: The app instance, one for each site.
    """

    id: str
    entity: str
    slug: str
    entity_id: str
    body: dict[str, Any]
    instance_id: str | None


def _unfolded(value: Any) -> Any:
    """JSON text as what it holds; Wix sends objects or texts of them for the same field."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _object(value: Any) -> dict[str, Any]:
    value = _unfolded(value)
    return value if isinstance(value, dict) else {}


def read_event(claims: dict[str, Any]) -> WixEvent | None:
    """Unwrap a verified token's claims; None where they hold no domain event."""
    envelope = _object(claims.get("data"))
    event = _object(envelope.get("data"))
    entity, slug, key = (event.get(name) for name in ("entityFqdn", "slug", "id"))
    if not (isinstance(entity, str) and isinstance(slug, str) and isinstance(key, str)):
        return None
    action = _object(event.get("actionEvent"))
    body = _object(action.get("body")) or _object(action.get("bodyAsJson"))
    instance_id = envelope.get("instanceId")
    return WixEvent(
        id=key,
        entity=entity,
        slug=slug.replace("-", "_"),
        entity_id=str(event.get("entityId") or ""),
        body=body,
        instance_id=instance_id if isinstance(instance_id, str) else None,
    )


class WixHook:
    """Verifies, deduplicates and applies Wix's webhooks.

    Args:
        config: Sites with a ``webhook_public_key`` take part.
        journal: Where identities and conversations are remembered.
        now: Unix seconds.
    """

    def __init__(
        self, config: Config, journal: Journal, *, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = {
            name: [plain(key) for key in site.webhook_public_key or ()]
            for name, site in config.sites.items()
        }
        self._instances = {
            site.instance_id: name for name, site in config.sites.items() if site.instance_id
        }
        self._known = set(self._instances.values())
        self._journal = journal
        self._now = now
        self._log = structlog.get_logger("inboxbridge")

    async def __call__(self, request: WebhookRequest) -> int:
        """Return the status to answer with. Raises `JournalUnavailable`."""
        sites, claims = self._verified(request.body)
        if claims is None:
            self._log.warning("refused", connection=WIX_HOOK, reason="no site's key verifies it")
            return 401
        event = read_event(claims)
        if event is None:
            return 200
        site = self._instances.get(event.instance_id or "")
        if site is not None and site not in sites:
            return 401
        # An instance that is not ours may be any site whose instance we do not know.
        targets = [site] if site is not None else [s for s in sites if s not in self._known]
        await self._take(event, targets)
        return 200

    def _verified(self, body: bytes) -> tuple[list[str], dict[str, Any] | None]:
        sites: list[str] = []
        claims: dict[str, Any] | None = None
        for name, keys in self._keys.items():
            for key in keys:
                try:
                    # Retries arrive up to two days late and Wix's own verifier ignores the
                    # expiry, so only the signature counts.
                    claims = jwt.decode(
                        body.strip(),
                        key,
                        algorithms=["RS256"],
                        options={"verify_exp": False, "verify_aud": False, "verify_iat": False},
                    )
                except Exception:  # whatever is wrong with it: nothing verifies it
                    continue
                sites.append(name)
                break
        return sites, claims

    async def _take(self, event: WixEvent, sites: list[str]) -> None:
        for site in sites:
            # Dropping what is remembered is harmless to repeat, so it comes before the record.
            changed = await self._apply(event, site)
            ids = await self._journal.accept(
                AcceptedWithoutEvents(
                    site=site,
                    connection=WIX_HOOK,
                    request=None,
                    received_at=self._now(),
                    state="ignored",
                    reason=f"Wix told us: {event.entity} {event.slug}",
                    source_id=f"{site}:{event.id}",
                )
            )
            if changed:
                self._journal.announce_forgotten(site)
                if any(ids):
                    self._log.info("wix_event", site=site, what=f"{event.entity} {event.slug}")

    async def _apply(self, event: WixEvent, site: str) -> bool:
        journal = self._journal
        if event.entity == CONTACT and event.slug in ("merged", "merge"):
            target = event.body.get("targetContactId") or event.entity_id
            for source in _ids(event.body.get("sourceContactIds")):
                await journal.write(
                    remembering.move_contact, Merge(site, source, str(target), self._now())
                )
            return True
        if event.entity == CONTACT and event.slug == "deleted":
            await journal.write(remembering.forget_contacts, Contact(site, event.entity_id))
            return True
        if event.entity == CONVERSATION and event.slug == "conversations_merged":
            for conversation_id in _ids(event.body.get("oldConversationIds")):
                await journal.write(
                    remembering.forget_conversations, Conversation(site, conversation_id)
                )
            return True
        return False


def _ids(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
