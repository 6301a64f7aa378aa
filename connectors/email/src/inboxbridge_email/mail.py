"""What a mail says, whichever way it was delivered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Final

from inboxbridge import Person
from inboxbridge.reading import one_line

from inboxbridge_email.encoded import decoded_words

MAX_HEADER_CHARACTERS: Final = 20_000
"""The most of one header that is read: some 500 recipients."""

MAX_OF_A_NAME: Final = 100
"""The most headers of one name that are read."""


_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,40}\?[bqBQ]\?[^?\s]*\?=")
_PUT_BY = re.compile(r"=\?\d{1,5}\?=")


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody's address.

    Attributes:
        email: Normalized as `Person.email` is.
        name: The name beside it; empty where there is none.
    """

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with a mail.

    Attributes:
        name: Its name; empty where there is none.
        mime_type: Its MIME type in lower case; empty where nobody says.
        size_bytes: Its size, or None where that is not told.
        source: Where `fetch_attachment` finds it; None where nothing can fetch it.
        is_inline: Whether the mail's HTML shows it.
    """

    name: str
    mime_type: str = ""
    size_bytes: int | None = None
    source: str | None = None
    is_inline: bool = False


class MailHeaders:
    """The headers of a mail, in order, several of a name kept.

    Args:
        pairs: Names and values as they were sent, encoded words and all.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            values = self._values.setdefault(name.strip().lower(), [])
            if len(values) < MAX_OF_A_NAME:
                values.append(_unfolded(value))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> list[str]:
        """Every value of the header *name* (in lower case), in order."""
        return self._values.get(name, [])

    def raw(self, name: str) -> str:
        """The first value of the header *name*; empty where there is none."""
        return next(iter(self.all(name)), "")

    def text(self, name: str) -> str:
        """The first value of the header *name* with its encoded words read."""
        return decoded_words(self.raw(name))

    def addresses(self, name: str) -> list[Address]:
        """The addresses in all headers called *name*, in order."""
        return [address for value in self.all(name) for address in addresses(value)]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail.

    Attributes:
        headers: Its headers.
        text: Its plain text; empty where it has none.
        html: Its HTML; empty where it has none.
        files: What came with it.
        recipients: Whom the receiving server took it for: the envelope's, never those of ``To``.
        envelope_sender: The address for bounces: ``""`` for the empty one of bounces themselves,
            None where the carrier does not tell.
        is_proven: False where the carrier found the sender to be forged, True where it is known to
            be genuine, None where nobody looked.
        note: What of it could not be read, in words; empty for a whole one.
    """

    headers: MailHeaders
    text: str = ""
    html: str = ""
    files: tuple[MailFile, ...] = ()
    recipients: tuple[str, ...] = ()
    envelope_sender: str | None = None
    is_proven: bool | None = None
    note: str = field(default="", kw_only=True)


def addresses(value: str) -> list[Address]:
    """Return the addresses in the value of a header such as ``From``.

    Encoded words are read after the addresses are told apart, as a name may hold a comma.
    """
    words: dict[str, str] = {}

    def put_by(found: re.Match[str]) -> str:
        # Mail programs leave an "@" or a comma in them, which the parser takes for its own.
        placeholder = f"=?{len(words)}?="
        words[placeholder] = found[0]
        return placeholder

    text = _ENCODED_WORD.sub(put_by, value[:MAX_HEADER_CHARACTERS])
    try:
        pairs = getaddresses([text])
    except (ValueError, IndexError, RecursionError):
        return []
    return list(_usable(pairs, words))


def _usable(pairs: list[tuple[str, str]], words: dict[str, str]) -> Iterator[Address]:
    for name, spelling in pairs:
        email = Person(email=spelling).email
        if email is not None and not email.startswith("@") and not {*'"<>='} & {*email}:
            name = _PUT_BY.sub(lambda found: words.get(found[0], found[0]), name)
            yield Address(email, one_line(decoded_words(name)))


def _unfolded(value: str) -> str:
    return value.replace("\r", "").replace("\n", "").strip() if "\n" in value else value.strip()
