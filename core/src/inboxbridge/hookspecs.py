"""The contract between the core and a connector.

A connector is a class; the core makes one instance for each connection, from validated settings,
and registers it in a plugin manager of its own. Every hook but `enrich` and `fetch_attachment` is a
plain function: no network, no clock, no files; the same input gives the same output. A hook that
takes longer than five seconds is cut off and reported. An implementation may leave out arguments it
does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import httpx

    from inboxbridge.model import (
        Answer,
        Attachment,
        Badge,
        BasicMessage,
        Download,
        Event,
        MinimalMessage,
        Part,
        WebhookRequest,
    )
    from inboxbridge.model.records import EventRecord
    from inboxbridge.signing import Signature

PROJECT = "inboxbridge"

API_VERSION = 1
"""The version of this contract; one more when something that a connector may rely on changes."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ConnectorSpec:
    """What a connector may implement. Only `parse_event` and `signature` have no default."""

    @hookspec(firstresult=True)
    def parse_event(self, request: WebhookRequest) -> list[Event] | list[Part]:
        """Turn one delivery into the events it tells of.

        Called once per delivery, after its signature was verified and before anything is stored;
        again when an unreadable delivery is replayed.

        Args:
            request: The delivery. ``request.json_object()`` and ``request.form()`` read its body.

        Returns:
            The events in the source's order; many where the source batches. An empty list means
            "understood, nothing for the Inbox": unknown kinds of event belong there too. Among
            the events an `IgnoredPart` may name a kind that is left out, and an `UnreadablePart` a
            part that cannot be read; the others are stored all the same.

        Raises:
            MalformedBody: The body is not what the format says. The delivery is kept as unreadable.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        """Turn one event into the message that goes to the Inbox.

        Called by the courier when the event's turn comes, possibly after a restart and more than
        once, with the event read back from storage.

        Args:
            event: One of those that `parse_event` returned.

        Returns:
            A `BasicMessage` for something said, a `MinimalMessage` for something done. The default
            follows ``event.kind``: a message with the event's text and attachments, or one line
            with the event's text, its link, and the icon of the event or else of the connector.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def badge(self, event: Event) -> Badge | None:
        """Name the source on a BASIC message.

        Called by the courier together with `to_wix_message`.

        Args:
            event: The event being sent.

        Returns:
            The badge, or None for none. The default is the connector's label, with the icon of the
            event or else of the connector.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def signature(self) -> Signature:
        """Declare how the source signs its deliveries, as data.

        Called once, when the connection is made. The core compares in constant time, keeps the time
        window, tries every live secret, and refuses the delivery on any doubt. There is no default:
        a source that signs nothing must say so with `NoSignature`.

        Returns:
            A scheme from `inboxbridge.signing`, holding the secrets of this connection.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def handshake(self, request: WebhookRequest) -> Answer | None:
        """Answer a source that asks whether this URL is ours before it delivers.

        Called before verification, for the methods in the connector's ``handshake_methods`` (GET
        unless it says otherwise).

        Args:
            request: The request, unverified.

        Returns:
            The answer, or None if this is not a handshake or a wrong one; the request is then
            verified like any delivery.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def answer(self, request: WebhookRequest) -> Answer | None:
        """Say what a stored delivery is answered with.

        Called together with `parse_event`; the answer is sent once the events are on disk. The
        default is an empty 200.

        Args:
            request: The verified delivery.

        Returns:
            The answer, or None for the default.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Fetch what the payload left out, where it carries only ids.

        Awaited before the courier looks for the contact, in an event loop and a thread of the
        connection's own; the only hook that may use the network, and only through *http*. The
        result is stored, so it is called again only after a failure. An exception counts as a
        failed try and is retried.

        Args:
            event: As `parse_event` made it.
            http: A client with time-outs set.

        Returns:
            The event with the missing parts; its ``id`` and ``thread`` must stay as they are.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    async def fetch_attachment(
        self, attachment: Attachment, delivery: WebhookRequest | None, http: httpx.AsyncClient
    ) -> Download | None:
        """Say where a file is that only the provider's id names, or that needs credentials.

        Awaited like `enrich`, and after it, for each attachment that has a ``source``. The core
        then downloads the file within its limits of time and size, and keeps it where Wix can show
        it. A file that cannot be fetched is shown in words, with the reason.

        Args:
            attachment: As `parse_event` or `enrich` made it.
            delivery: The delivery that it came in, as it was kept, for sources that send files in
                their deliveries; None once it is kept no more.
            http: A client with time-outs set, for sources that tell the address only when asked.

        Returns:
            Where to fetch it, or its content; None where it is gone or may not be fetched.
        """
        raise AssertionError("specification only")

    @hookspec(firstresult=True)
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        """Take secrets out of a delivery before it is stored.

        Called after verification, for sources that put secrets where the declared `signature` does
        not look. A token in the body or the address that a `SharedToken` names is taken out without
        it, and headers that carry signatures or credentials are never stored anyway.

        Args:
            request: The verified delivery.

        Returns:
            The delivery as it may be kept.
        """
        raise AssertionError("specification only")


class ObserverSpec:
    """What an observer may implement: told of an event's fate, never asked.

    Every observer is called, each on its own guard: one that raises is reported and the others
    still hear. Observers are found by the entry-point group ``inboxbridge.observers``.
    """

    @hookspec
    def event_stored(self, record: EventRecord) -> None:
        """An event is on disk and the source will be answered 2xx.

        Args:
            record: What is known of the event.

        Returns:
            Nothing.
        """

    @hookspec
    def message_delivered(self, record: EventRecord) -> None:
        """The event is a message in the Inbox.

        Args:
            record: What is known of the event; ``record.message_id`` is Wix's id of the message.

        Returns:
            Nothing.
        """

    @hookspec
    def event_parked(self, record: EventRecord) -> None:
        """A person must decide before the event can be delivered.

        Args:
            record: What is known of the event; ``record.reason`` says what to decide.

        Returns:
            Nothing.
        """

    @hookspec
    def event_dead_lettered(self, record: EventRecord) -> None:
        """We gave up on the event. ``inboxbridge replay`` tries again.

        Args:
            record: What is known of the event; ``record.reason`` says why.

        Returns:
            Nothing.
        """
