"""Fetch the files of an event that only their source's credentials can fetch, and keep them."""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Final

import structlog

from inboxbridge.courier import download
from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.download import FetchLater, NotFetched
from inboxbridge.courier.ledger import Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.errors import ConnectorError, HookFailed
from inboxbridge.journal import reads, writes
from inboxbridge.journal.rows import EnrichedBody, StoredEvent
from inboxbridge.model import Attachment, Event, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.wix import Forbidden, WixError
from inboxbridge.wix.budget import Lane

TRIES: Final = 3
"""After so many tries a message goes on without its file: the words matter more."""

AT_ONCE: Final = 2
"""Files of one site that are fetched at the same time, each of which is in memory then."""

GONE = "its source has it no more, or does not give it to us"


class Files:
    """Fetches the files of one site's events.

    Args:
        context: The site and what is used for it.
        ledger: Writes what is tried again.
    """

    def __init__(self, context: SiteContext, ledger: Ledger) -> None:
        self._client = context.client
        self._journal = context.journal
        self._keeps_files = context.keeps_files
        self._now = context.now
        self._ledger = ledger
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._log = structlog.get_logger("inboxbridge").bind(site=context.site)

    async def fetched(
        self, row: StoredEvent, event: Event, connection: Connection, lane: Lane
    ) -> Event | Outcome:
        """Return *event* with each of its files at an address that the Inbox can show.

        One that cannot be fetched says why. What was fetched is written down, so that it is not
        fetched again. An outcome where it is to be tried again.
        """
        if not any(map(_is_to_fetch, event.attachments)) or not self._keeps_files:
            return event
        if "fetch_attachment" not in connection.hooks:
            return event
        attachments: list[Attachment] = []
        for attachment in event.attachments:
            if not _is_to_fetch(attachment):
                attachments.append(attachment)
                continue
            try:
                async with self._slots:
                    attachments.append(await self._fetched(row, attachment, connection, lane))
            except FetchLater as error:
                if row.attempts + 1 < TRIES:
                    reason = f"a file of the message could not be fetched: {error}"
                    return await self._ledger.again(row, reason, started=self._now())
                attachments.append(self._words(row, attachment, str(error)))
            except NotFetched as error:
                attachments.append(self._words(row, attachment, str(error)))
        event = event.model_copy(update={"attachments": tuple(attachments)})
        body = EnrichedBody(row.id, event.model_dump_json(exclude_defaults=True))
        await self._journal.write(writes.replace_bodies, body)
        return event

    async def _fetched(
        self, row: StoredEvent, attachment: Attachment, connection: Connection, lane: Lane
    ) -> Attachment:
        delivery = await self._delivery(row) if connection.takes_files_from_deliveries else None
        try:
            what = await connection.where(attachment, delivery)
        except HookFailed:
            raise
        except Exception as error:
            said = str(error) if isinstance(error, ConnectorError) else type(error).__name__
            raise FetchLater(f"its source could not be asked ({said})") from error
        if what is None:
            raise NotFetched(GONE)
        file = await download.file_of(what)
        is_image = file.mime_type in download.IMAGES
        mime_type = file.mime_type or attachment.mime_type or "application/octet-stream"
        filename = what.filename or attachment.filename or _name(mime_type)
        try:
            kept = await self._client.keep_file(
                file.content, filename=filename, mime_type=mime_type, lane=lane
            )
        except Forbidden as error:
            raise NotFetched(
                "Wix does not let us keep files: grant Manage Media Manager"
            ) from error
        except WixError as error:
            raise FetchLater(str(error)) from error
        return attachment.model_copy(
            update={
                "kind": "image" if is_image else "file",
                "url": kept.url,
                "source": None,
                "filename": filename,
                "mime_type": mime_type,
                "width": kept.width or attachment.width,
                "height": kept.height or attachment.height,
            }
        )

    async def _delivery(self, row: StoredEvent) -> WebhookRequest | None:
        kept = await self._journal.read(reads.raw_delivery, row.id)
        return kept.request if kept is not None else None

    def _words(self, row: StoredEvent, attachment: Attachment, reason: str) -> Attachment:
        self._log.warning("file_not_fetched", event_id=row.id, reason=reason)
        return attachment.model_copy(update={"not_fetched": reason})


def _is_to_fetch(attachment: Attachment) -> bool:
    return attachment.source is not None and attachment.not_fetched is None


def _name(mime_type: str) -> str:
    return f"file{mimetypes.guess_extension(mime_type) or ''}"
