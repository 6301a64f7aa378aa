"""Everything one sandbox knows: its sites, and what the outside asked and was told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from inboxbridge_sandbox import events, messages
from inboxbridge_sandbox.auth import Caller, Credentials
from inboxbridge_sandbox.clock import iso_millis, micros
from inboxbridge_sandbox.contact_form import ContactShapes, seed_document
from inboxbridge_sandbox.contacts import ContactBook
from inboxbridge_sandbox.conversations import Conversation, Conversations, StoredMessage
from inboxbridge_sandbox.errors import too_many_requests
from inboxbridge_sandbox.events import DomainEvent
from inboxbridge_sandbox.faults import Dice, Faults, RateWindow
from inboxbridge_sandbox.media import Upload
from inboxbridge_sandbox.message_form import request_shape
from inboxbridge_sandbox.options import SandboxOptions
from inboxbridge_sandbox.rules import Rules
from inboxbridge_sandbox.webhooks import Webhooks

Json = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


class Shapes:
    """The request bodies this sandbox reads, built once with its limits."""

    def __init__(self, options: SandboxOptions) -> None:
        self.contact = ContactShapes(options.limits)
        self.message = request_shape(options.limits, strict_urls=options.strict_urls)
        self.list = messages.list_request(options.limits)


class Stats:
    """Counts of what was asked and answered.

    `calls` by endpoint, `answers` by status (`dropped` for a cut connection), `unknown_keys` by
    path in the request body, `warnings` by text.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.unknown_keys: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def warn(self, text: str) -> None:
        self.warnings[text] += 1

    def as_json(self) -> Json:
        return {name: dict(counter) for name, counter in vars(self).items()}


class Site:
    """One Wix site: its contacts, conversations and messages, and its rate limit."""

    def __init__(self, site_id: str, sandbox: Sandbox) -> None:
        options = sandbox.options
        self.id = site_id
        self._sandbox = sandbox
        self.contacts = ContactBook(options, self.publish, lambda: sandbox.faults.index_lag_seconds)
        self.conversations = Conversations(
            site_id, self.contacts, self.publish, options.business_name
        )
        self.rate = RateWindow(options.now)

    def publish(self, event: DomainEvent) -> None:
        self._sandbox.changed()
        self._sandbox.webhooks.publish(self.id, event)

    def count_call(self) -> None:
        """Spend one call of the site's minute, or raise a `429`."""
        wait = self.rate.take(self._sandbox.faults.rate_per_minute)
        if wait > 0:
            self._sandbox.dice.note("rate_per_minute")
            raise too_many_requests(self._sandbox.dice.wait_told(wait))

    @property
    def messages(self) -> list[StoredMessage]:
        """All messages of this site, in order of arrival."""
        return [each for each in self._sandbox.arrivals if each.conversation.site_id == self.id]

    def send(self, body: Json, caller: Caller) -> StoredMessage:
        """Store a checked Send Message body; `404` for an unknown conversation."""
        conversation = self.conversations.get(body["conversationId"])
        as_participant = body.get("sendAs") == "PARTICIPANT"
        sender = conversation.sender if as_participant else caller.sender
        silent = body.get("silent", False)
        stored = self._store(conversation, body["message"], sender, caller.app_id, silent=silent)
        if self._sandbox.options.echo:
            self.publish(events.message_sent(conversation.id, stored.message, caller.identity))
        else:
            self._sandbox.changed()
        return stored

    def visitor_writes(self, conversation: Conversation, text: str) -> StoredMessage:
        """A message from the chat widget, written by the participant."""
        message = {
            "content": {"previewText": text, "basic": {"items": [{"text": text}]}},
            "sourceChannel": "CHAT",
            "visibility": "BUSINESS_AND_PARTICIPANT",
            "direction": "PARTICIPANT_TO_BUSINESS",
        }
        stored = self._store(conversation, message, conversation.sender, None)
        identity = _participant_identity(conversation)
        if conversation.contact_id:
            self.contacts.note_activity(
                conversation.contact_id, "INBOX_MESSAGE_FROM_CUSTOMER", stored.sequence
            )
        self.publish(events.message_sent(conversation.id, stored.message, identity))
        return stored

    def _store(
        self,
        conversation: Conversation,
        message: Json,
        sender: Json,
        app_id: str | None,
        *,
        silent: bool = False,
    ) -> StoredMessage:
        arrivals = self._sandbox.arrivals
        now = self._sandbox.now_micros()
        arrival = len(arrivals) + 1
        stored = messages.store(conversation, message, sender, app_id, now, arrival, silent=silent)
        arrivals.append(stored)
        return stored

    def merge_contacts(self, target_id: str, source_ids: list[str]) -> Json:
        """Merge contacts, and their conversations with them."""
        contact = self.contacts.merge(target_id, source_ids)
        self.conversations.contacts_merged(contact["id"], source_ids, self._sandbox.now_micros())
        return contact


class Sandbox:
    """The state behind one sandbox application, reachable as `app.state.sandbox`."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.shapes = Shapes(self.options)
        self.credentials = Credentials(self.options)
        self.webhooks = Webhooks(self.options, self.credentials.instance_of)
        self.version = 0
        self._late: set[asyncio.Task[Any]] = set()
        self._start_over()

    def _start_over(self) -> None:
        self.faults = Faults()
        self.dice = Dice(self.faults)
        self.rules = Rules()
        self.stats = Stats()
        self.sites: dict[str, Site] = {}
        self.seeds: dict[str, Json] = {}
        self.arrivals: list[StoredMessage] = []
        self.uploads: dict[str, Upload] = {}
        self.changed()

    def reset(self) -> None:
        """Forget everything: sites, seeds, messages, counts, tokens, faults, rules, webhooks.

        What `SandboxOptions` laid down stays.
        """
        self.credentials.reset()
        self.webhooks.reset()
        for each in self._late:
            each.cancel()
        self._start_over()

    def changed(self) -> None:
        """Note that something visible is different now."""
        self.version += 1

    def later(
        self, seconds: float, work: Callable[P, T], *args: P.args, **more: P.kwargs
    ) -> asyncio.Task[T]:
        """Do some work after a while, whether or not anybody waits for it."""

        async def waited() -> T:
            await asyncio.sleep(seconds)
            return work(*args, **more)

        task = asyncio.create_task(waited())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return task

    def now_micros(self) -> int:
        return micros(self.options.now())

    def site(self, site_id: str) -> Site:
        """The site with this id; made on first sight, with the seeds meant for every site."""
        site = self.sites.get(site_id)
        if site is None:
            site = self.sites[site_id] = Site(site_id, self)
            for contact in self.seeds.values():
                site.contacts.seed(contact)
            self.changed()
        return site

    def seed(self, contacts: list[Json], site_id: str | None = None) -> list[Json]:
        """Keep contacts on one site, or on every site there is and will be; returns them whole.

        The same id again replaces the contact.
        """
        at = iso_millis(self.now_micros())
        whole = [seed_document(contact, at, self.options.new_id) for contact in contacts]
        if site_id is None:
            self.seeds.update({contact["id"]: contact for contact in whole})
        sites = [self.site(site_id)] if site_id is not None else self.sites.values()
        for site in sites:
            for contact in whole:
                site.contacts.seed(contact)
        self.changed()
        return whole


def _participant_identity(conversation: Conversation) -> Json:
    participant = conversation.participant
    if "memberId" in participant:
        return {"identityType": "MEMBER", "memberId": participant["memberId"]}
    visitor = participant.get("anonymousVisitorId") or participant["contactId"]
    return {"identityType": "ANONYMOUS_VISITOR", "anonymousVisitorId": visitor}
