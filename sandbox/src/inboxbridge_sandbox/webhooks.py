"""Sends a site's events to apps as Wix does: the body is one signed JWT, three levels of JSON.

Only loopback addresses are ever called.

Sources: https://dev.wix.com/docs/build-apps/develop-your-app/api-integrations/events-and-webhooks/about-webhooks,
https://dev.wix.com/docs/rest/articles/getting-started/webhook-resend-policy
"""

from __future__ import annotations

import asyncio
import heapq
import ipaddress
import json
import random
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from inboxbridge_sandbox.clock import iso_micros, micros
from inboxbridge_sandbox.events import DomainEvent
from inboxbridge_sandbox.options import SandboxOptions

Json = dict[str, Any]

RETRY_AFTER_SECONDS: Final = (
    60,
    600,
    3600,
    *(7200,) * 3,
    *(14_400,) * 3,
    *(28_800,) * 2,
    43_200,
)
ANSWER_WITHIN_SECONDS: Final = 1.25
VALID_FOR_SECONDS: Final = 3_600_000
REORDER_WITHIN_SECONDS: Final = 0.5
KEY_ID: Final = "sandbox1"
_LOG_LENGTH: Final = 1000


class TargetRefusedError(ValueError):
    """A webhook target is not an http(s) URL on a loopback address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where an app takes its webhooks.

    `site_id` `None` subscribes to every site, `slugs` `None` to every event. Each event is sent
    `duplicates` more times; with `reorder` events overtake one another.
    """

    url: str
    app_id: str
    site_id: str | None = None
    slugs: frozenset[str] | None = None
    duplicates: int = 0
    reorder: bool = False


def check_loopback(url: str) -> None:
    """Raise `TargetRefusedError` unless the URL stays on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local or parts.scheme not in ("http", "https"):
        raise TargetRefusedError(
            "Webhooks go to loopback addresses only, such as http://127.0.0.1:8080/wix."
        )


@dataclass(order=True, slots=True)
class _Delivery:
    due_at: float
    number: int
    target: Target = field(compare=False)
    token: str = field(compare=False)
    slug: str = field(compare=False)
    failures: int = field(default=0, compare=False)


class Webhooks:
    """Targets, what is waiting to be sent to them, and what came of it.

    `log` keeps the last attempts: url, slug, attempt (from 1) and the answer's status, or `null`
    when none came within 1.25 s.
    """

    def __init__(
        self, options: SandboxOptions, instance_of: Callable[[str, str], str], seed: int = 0
    ) -> None:
        self._options = options
        self._instance_of = instance_of
        self._random = random.Random(seed)
        self._due: list[_Delivery] = []
        self._numbered = 0
        self._sequences: dict[tuple[str, str], int] = {}
        self._news = asyncio.Event()
        self.targets: list[Target] = []
        self.log: deque[Json] = deque(maxlen=_LOG_LENGTH)

    def reset(self) -> None:
        self.targets.clear()
        self._due.clear()
        self._sequences.clear()
        self.log.clear()

    def add_target(self, target: Target) -> None:
        check_loopback(target.url)
        self.targets.append(target)

    @property
    def public_key(self) -> str:
        """The key that verifies every webhook of this process, as PEM (SPKI)."""
        return (
            _signing_key()
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    @property
    def pending(self) -> int:
        return len(self._due)

    def publish(self, site_id: str, event: DomainEvent) -> None:
        """Queue an event for every target that subscribes to it."""
        if not self.targets:
            return
        now = self._options.now()
        envelope_data = self._told(event, now)
        for target in self.targets:
            if target.site_id not in (None, site_id):
                continue
            if target.slugs is not None and event.slug not in target.slugs:
                continue
            token = self._sign(envelope_data, event, self._instance_of(target.app_id, site_id), now)
            for _ in range(1 + target.duplicates):
                delay = self._random.random() * REORDER_WITHIN_SECONDS if target.reorder else 0.0
                self._queue(now + delay, target, token, event.slug)

    def _told(self, event: DomainEvent, now: float) -> Json:
        place = (event.fqdn, event.entity_id)
        self._sequences[place] = sequence = self._sequences.get(place, 0) + 1
        envelope_data: Json = {
            "id": str(uuid.uuid4()),
            "entityFqdn": event.fqdn,
            "slug": event.slug,
            "entityId": event.entity_id,
            **event.body,
            "eventTime": iso_micros(micros(now)),
            "triggeredByAnonymizeRequest": False,
            "entityEventSequence": str(sequence),
        }
        if event.originated_from:
            envelope_data["originatedFrom"] = event.originated_from
        return envelope_data

    def _sign(self, envelope_data: Json, event: DomainEvent, instance_id: str, now: float) -> str:
        envelope: Json = {"data": _compact(envelope_data)}
        if event.identity:
            envelope["identity"] = _compact(event.identity)
        envelope |= {"instanceId": instance_id, "eventType": event.event_type}
        issued_at = int(now)
        claims = {
            "data": _compact(envelope),
            "iat": issued_at,
            "exp": issued_at + VALID_FOR_SECONDS,
        }
        return jwt.encode(claims, _signing_key(), algorithm="RS256", headers={"kid": KEY_ID})

    def _queue(self, due_at: float, target: Target, token: str, slug: str) -> None:
        self._numbered += 1
        heapq.heappush(self._due, _Delivery(due_at, self._numbered, target, token, slug))
        self._news.set()

    async def deliver_due(self, *, everything: bool = False) -> int:
        """Send what is due by the sandbox's clock, or `everything` that waits; returns how many
        attempts were made. A failed one waits for its next turn.
        """
        now = self._options.now()
        batch: list[_Delivery] = []
        while self._due and (everything or self._due[0].due_at <= now):
            batch.append(heapq.heappop(self._due))
        if batch:
            async with self._client() as client:
                for delivery in batch:
                    await self._attempt(client, delivery)
        return len(batch)

    async def keep_delivering(self) -> None:
        """Send events as they come, until cancelled."""
        self._news = asyncio.Event()
        while True:
            self._news.clear()
            await self.deliver_due()
            wait = None
            if self._due:
                wait = max(0.01, self._due[0].due_at - self._options.now())
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except TimeoutError:
                continue

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self._options.webhook_transport,
            trust_env=False,
            follow_redirects=False,
            timeout=ANSWER_WITHIN_SECONDS,
        )

    async def _attempt(self, client: httpx.AsyncClient, delivery: _Delivery) -> None:
        status: int | None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                answer = await client.post(
                    delivery.target.url,
                    content=delivery.token,
                    headers={"content-type": "text/plain; charset=utf-8"},
                )
            status = answer.status_code
        except (httpx.HTTPError, TimeoutError):
            status = None
        self.log.append(
            {
                "url": delivery.target.url,
                "slug": delivery.slug,
                "attempt": delivery.failures + 1,
                "status": status,
            }
        )
        if status != 200 and delivery.failures < len(RETRY_AFTER_SECONDS):
            wait = RETRY_AFTER_SECONDS[delivery.failures] * self._options.webhook_time_scale
            delivery.failures += 1
            delivery.due_at = self._options.now() + wait
            heapq.heappush(self._due, delivery)


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _compact(content: Json) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)
