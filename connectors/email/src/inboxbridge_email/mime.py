"""A whole mail as it was sent, read with the standard library's `email`.

Sources: https://www.rfc-editor.org/rfc/rfc5322, https://www.rfc-editor.org/rfc/rfc2045

Time is bounded: `message_from_bytes` costs by lines, by parts, and by lines times nesting. A mail
that would cost too much is read up to a place, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from itertools import islice
from typing import Any, Final, TypeAlias

from inboxbridge import MalformedBody

from inboxbridge_email.encoded import decoded, decoded_words
from inboxbridge_email.mail import Mail, MailFile, MailHeaders
from inboxbridge_email.plain import html_text

MAX_SECONDS: Final = 1.0
"""What reading may cost at most, by the estimate of `_seconds`; the hook has five seconds."""

MAX_BOUNDARIES: Final = 100
"""How many multiparts are read, one in another or side by side."""

MAX_PARTS: Final = 500

MAX_PARAMETERS_CHARACTERS: Final = 4_000
"""The most of ``Content-Type`` and ``Content-Disposition`` that is read: the standard library takes
quadratic time over their parameters."""

SIGNATURES: Final = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature",
    "application/pgp-keys",
})  # fmt: skip
"""Parts that only mail programs have a use for."""

_LEAST_BYTES = 64 * 1024
_BOUNDARY = re.compile(rb"boundary=", re.IGNORECASE)
_PARAMETERS = re.compile(
    rb"^content-(?:type|disposition):[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)

Part: TypeAlias = "Message[str, str]"


@dataclass(frozen=True, slots=True)
class Content:
    """A file in a mail, with what is in it."""

    file: MailFile
    content: bytes


def read_mail(raw: bytes, **delivered: Any) -> Mail:
    """Return the mail in *raw*.

    Args:
        raw: The mail as it was sent.
        delivered: What the carrier tells beside it: `Mail.recipients` and the like.

    Raises:
        MalformedBody: It has no headers, or nests too deep to be read.
    """
    message, note = _parsed(raw)
    texts: list[tuple[bool, str]] = []
    files: list[MailFile] = []
    for part, file in _leaves(message):
        if file is None:
            texts.append((part.get_content_type() == "text/html", _text(part)))
        else:
            files.append(file)
    text, html = _joined(texts)
    return Mail(
        MailHeaders(_header_pairs(message)), text, html, tuple(files), **delivered, note=note
    )


def _joined(texts: list[tuple[bool, str]]) -> tuple[str, str]:
    """Return the plain text and the HTML of texts that follow each other in one mail.

    Where a list or a virus scanner has added a plain text to an HTML one, both become one text.
    """
    texts = [(is_html, text) for is_html, text in texts if text.strip()]
    if all(is_html for is_html, _ in texts):
        return "", "\n".join(text for _, text in texts)
    return "\n".join(html_text(text) if is_html else text for is_html, text in texts), ""


def content_of(raw: bytes, source: str) -> bytes | None:
    """Return the file that `MailFile.source` names; None where there is no such file."""
    message, _ = _parsed(raw)
    for part, file in _leaves(message):
        if file is not None and file.source == source:
            return _bytes(part)
    return None


def _parsed(raw: bytes) -> tuple[Part, str]:
    whole = _with_short_parameters(raw.lstrip(b"\r\n"))
    kept = _affordable(whole)
    try:
        message = message_from_bytes(kept, policy=policy.compat32)
    except (RecursionError, ValueError, LookupError, AssertionError) as error:
        raise MalformedBody(f"the mail cannot be read ({type(error).__name__})") from None
    if not message.keys():
        raise MalformedBody("the mail has no headers")
    left = len(whole) - len(kept)
    note = f"Only the beginning of this email is shown; its other {left:,} bytes are not"
    return message, note if left else ""


def _with_short_parameters(raw: bytes) -> bytes:
    if any(len(found[0]) > MAX_PARAMETERS_CHARACTERS for found in _PARAMETERS.finditer(raw)):
        return _PARAMETERS.sub(lambda found: found[0][:MAX_PARAMETERS_CHARACTERS], raw)
    return raw


def _affordable(raw: bytes) -> bytes:
    """Return as much of *raw*, from its beginning, as can be read in time."""
    too_many = next(islice(_BOUNDARY.finditer(raw), MAX_BOUNDARIES, None), None)
    if too_many is not None:
        raw = raw[: too_many.start()]
    while len(raw) > _LEAST_BYTES and _seconds(raw) > MAX_SECONDS:
        raw = raw[: len(raw) // 2]
    return raw


def _seconds(raw: bytes) -> float:
    """Estimate what reading costs, a little more than was measured."""
    lines, parts = raw.count(b"\n"), raw.count(b"\n--")
    nesting = sum(1 for _ in _BOUNDARY.finditer(raw))
    return len(raw) * 2e-8 + lines * (5e-7 + nesting * 2e-7) + parts * 2e-5


def _leaves(message: Part) -> Iterator[tuple[Part, MailFile | None]]:
    """Yield the parts that hold something: with None a text to show, else a file.

    Of the forms of one text (``multipart/alternative``) only the plain one is among them.
    """
    waiting = [(message, False)]
    seen = 0
    while waiting and seen < MAX_PARTS:
        part, has_plain_form = waiting.pop()
        inner = part.get_payload()
        kind = part.get_content_type()
        if kind != "message/rfc822" and isinstance(inner, list):
            parts = [one for one in inner if isinstance(one, Message)]
            has_plain_form |= kind == "multipart/alternative" and any(map(_is_plain, parts))
            waiting.extend((one, has_plain_form) for one in reversed(parts))
            continue
        seen += 1
        is_shown = _is_shown(part)
        if kind in SIGNATURES or (is_shown and has_plain_form and kind == "text/html"):
            continue
        yield part, None if is_shown else _file(part, seen)


def _is_plain(part: Part) -> bool:
    payload = part.get_payload()
    return (
        part.get_content_type() == "text/plain" and _is_shown(part) and bool(str(payload).strip())
    )


def _is_shown(part: Part) -> bool:
    if part.is_multipart() or part.get_content_type() not in ("text/plain", "text/html"):
        # A multipart that cannot be taken apart is a text: nothing else is known of it.
        return part.get_content_maintype() == "multipart"
    return part.get_content_disposition() != "attachment" and not _filename(part)


def _file(part: Part, number: int) -> MailFile:
    is_inline = part.get_content_disposition() != "attachment" and "content-id" in part
    kind = part.get_content_type()
    name = _filename(part) or ("message.eml" if kind == "message/rfc822" else "")
    size_bytes = None if kind == "message/rfc822" else len(_bytes(part))
    return MailFile(name, kind, size_bytes, f"part:{number}", is_inline)


def _filename(part: Part) -> str:
    try:
        return decoded_words(part.get_filename() or "").strip()
    except (ValueError, LookupError, TypeError, IndexError):
        return ""


def _bytes(part: Part) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list):
            return b"".join(_whole(one) for one in inner if isinstance(one, Message))
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    return content if isinstance(content, bytes) else b""


def _whole(message: Part) -> bytes:
    try:
        return message.as_bytes()
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return b""  # the standard library cannot write everything that it can read


def _text(part: Part) -> str:
    try:
        charset = part.get_content_charset()
    except (ValueError, LookupError, TypeError):
        charset = None
    text = decoded(_bytes(part), charset)
    return _flowed(text, part) if part.get_param("format") == "flowed" else text


def _flowed(text: str, part: Part) -> str:
    """Join the lines of one paragraph, which a mail program has broken (RFC 3676)."""
    deletes_space = str(part.get_param("delsp")).lower() == "yes"
    pieces: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        is_fixed = line.startswith(">") or line == "-- "
        if is_fixed and pieces and not pieces[-1].endswith("\n"):
            pieces.append("\n")
        line = line if is_fixed else line.removeprefix(" ")
        if is_fixed or not line.endswith(" "):
            pieces.append(f"{line}\n")
        else:
            pieces.append(line[:-1] if deletes_space else line)
    return "".join(pieces).removesuffix("\n")


def _header_pairs(message: Part) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        yield name, str(value)
