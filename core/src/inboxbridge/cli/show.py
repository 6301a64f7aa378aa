"""``show``: the history of one event, from its delivery to the message in the Inbox."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

from inboxbridge.cli.console import print_json
from inboxbridge.cli.group import NotWell
from inboxbridge.cli.opening import reading, usable_config
from inboxbridge.cli.story import print_story
from inboxbridge.journal import reads
from inboxbridge.journal.reader import JournalReader
from inboxbridge.model import WebhookRequest
from inboxbridge.model.records import EventRecord
from inboxbridge.operate.auditing import audit_now
from inboxbridge.operate.story import tell


def show_event(
    config_path: Path | None, event_id: int, *, reveal: bool, as_json: bool, raw: bool = False
) -> int:
    """Print one event's story. Returns the exit code: 1 for one that was given up.

    With *raw*, print the body that it came in instead, byte by byte, as a sample that ``try``
    takes; with *as_json* the whole delivery. That is set down in the audit.

    Raises:
        NotWell: There is no such event, or its delivery is not kept.
    """
    config = usable_config(config_path)
    with reading(config) as read:
        record = _record(read, event_id)
        if raw:
            delivery = _raw_delivery(read, record)
            audit_now(config, "show raw", f"event {record.id}")
            if as_json:
                print_json(as_object(delivery), indent=2)
            else:
                sys.stdout.buffer.write(delivery.body)
                sys.stdout.flush()
            return 0
        story = tell(config, read, record, reveal=reveal)
    if as_json:
        print_json(story, indent=2)
    else:
        print_story(story)
    return 1 if record.state in ("dead", "unreadable") else 0


def _record(read: JournalReader, event_id: int) -> EventRecord:
    record = read(reads.get_event, event_id)
    if record is None:
        raise NotWell(
            f"there is no event {event_id} in the journal; `inboxbridge events` lists them "
            "(finished ones are erased after [journal] keep_days)"
        )
    return record


def _raw_delivery(read: JournalReader, record: EventRecord) -> WebhookRequest:
    delivery = read(reads.raw_delivery, record.id)
    if delivery is None:
        raise NotWell(
            f"the delivery of event {record.id} is not kept: of an ignored one it never is, and "
            "of a finished one it is erased after [journal] keep_personal_days"
        )
    return delivery.request


def as_object(request: WebhookRequest) -> dict[str, Any]:
    """A delivery as ``show --raw --json`` prints it; a body that is not text in base64."""
    try:
        body = {"body": request.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(request.body).decode()}
    return {
        "method": request.method,
        "url": request.url,
        "headers": [list(pair) for pair in request.headers.pairs()],
        **body,
    }
