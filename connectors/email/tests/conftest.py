from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import Part
from inboxbridge.testing.fixtures import deliver, sandbox
from inboxbridge_email.events import parts_of
from inboxbridge_email.mime import read_mail
from inboxbridge_email.settings import MailSettings

__all__ = ["deliver", "sandbox"]

RECEIVED_AT = datetime(2026, 11, 7, 12, tzinfo=UTC)


def write_mail(body: str | bytes = "Is Saturday free?", **headers: str | None) -> bytes:
    """Write a mail. Names of headers have ``_`` for ``-``; None takes one of the usual ones out."""
    usual: dict[str, str | None] = {
        "From": "Dana Reyes <dana@example.com>",
        "To": "Salon <info@salon.example>",
        "Subject": "A question",
        "Date": "Fri, 6 Nov 2026 16:20:01 -0500",
        "Message-ID": "<m-1@mail.example.com>",
    }
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    content = body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode()
    return lines.encode("utf-8") + b"\r\n" + content


@pytest.fixture
def read() -> Callable[..., Part]:
    """Read one whole mail, given as bytes or by its body and headers, with settings."""

    def read_one(
        mail: bytes | str = "Is Saturday free?",
        settings: dict[str, Any] | None = None,
        delivered: dict[str, Any] | None = None,
        **headers: str | None,
    ) -> Part:
        raw = mail if isinstance(mail, bytes) else write_mail(mail, **headers)
        found = read_mail(raw, **(delivered or {}))
        return parts_of(found, MailSettings(**(settings or {})), RECEIVED_AT)[0]

    return read_one


@pytest.fixture
def raw_mail() -> Callable[..., bytes]:
    """Write one whole mail."""
    return write_mail
