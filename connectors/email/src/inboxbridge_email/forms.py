"""Fields and files of a carrier's form."""

from __future__ import annotations

import json
from typing import Any

from inboxbridge import WebhookRequest
from inboxbridge.reading import FormPart, form_parts, items


class MailForm:
    """A form as Mailgun and SendGrid post it.

    Args:
        request: The delivery.

    Raises:
        MalformedBody: The body is no form.
    """

    def __init__(self, request: WebhookRequest) -> None:
        self.files: list[FormPart] = []
        self._fields: dict[str, FormPart] = {}
        for part in form_parts(request):
            if part.filename is not None:
                self.files.append(part)
            else:
                self._fields.setdefault(part.name, part)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str) -> bytes:
        """The bytes of the field *name*; empty where there is none."""
        part = self._fields.get(name)
        return part.content if part else b""

    def text(self, name: str, charset: str = "utf-8") -> str:
        """The field *name* as text; empty where there is none."""
        part = self._fields.get(name)
        return part.text(charset) if part else ""

    def json(self, name: str) -> Any:
        """The field *name* read as JSON; None where it is none."""
        try:
            return json.loads(self.text(name))
        except (ValueError, RecursionError):
            return None


def pairs(value: object) -> list[tuple[str, str]]:
    """Return the pairs of texts in a JSON array such as ``[["Subject", "Saturday?"]]``."""
    return [
        (pair[0], pair[1])
        for pair in items(value)
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
    ]
