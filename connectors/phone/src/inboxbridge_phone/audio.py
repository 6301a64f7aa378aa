"""Voicemails and recordings as files, where the connection has what it takes to fetch them."""

from __future__ import annotations

import base64

from inboxbridge import Attachment, Event

AUDIO_TYPE = "audio/mpeg"


def audio_file(source: str, filename: str, url: str | None = None) -> Attachment:
    """Return a recording that only ``fetch_attachment`` can fetch.

    Args:
        source: What `fetch_attachment` finds it by.
        filename: How to call it.
        url: What is shown while it has not been fetched, or cannot be.
    """
    return Attachment(url=url or "", source=source, filename=filename, mime_type=AUDIO_TYPE)


def with_audio(event: Event, *files: Attachment) -> Event:
    """Return *event* as a message that holds *files*: an activity is a line without any."""
    return event.model_copy(update={"kind": "message", "attachments": files}) if files else event


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP basic authentication."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
