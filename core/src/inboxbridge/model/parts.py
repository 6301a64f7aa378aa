"""What `parse_event` may return beside events, and how an attachment is fetched."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field, PrivateAttr, model_validator

from inboxbridge.model.events import Event, Key, Model, Text


class UnreadablePart(Model):
    """A part of a delivery that could not be read, where the other parts could.

    It is kept as an event of state ``unreadable``, together with the whole delivery; a replay reads
    the delivery again and stores what was missing. `inboxbridge.reading.read_each` makes it.

    Attributes:
        reason: What is wrong with it, naming the place and never the value.
        id: Tells it from the delivery's other unreadable parts; the same each time the source
            repeats the delivery.
    """

    reason: Annotated[Text, Field(min_length=1)]
    id: Annotated[Key, Field(min_length=1)]

    _error: Exception | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, error: Exception, reason: str, id: str) -> UnreadablePart:
        """Return the part at which *error* was raised; the contract kit looks at the error."""
        part = cls(reason=reason, id=id)
        part._error = error
        return part

    @property
    def error(self) -> Exception | None:
        """What was raised at it, where it is known."""
        return self._error

    def __eq__(self, other: Any) -> bool:
        """Whether reason and id are the same."""
        if not isinstance(other, UnreadablePart):
            return NotImplemented
        return (self.reason, self.id) == (other.reason, other.id)

    __hash__ = None  # type: ignore[assignment]


class IgnoredPart(Model):
    """A part of a delivery that was understood and is not for the Inbox.

    Nothing is stored for it in a delivery that holds events. It is counted by its kind, so that an
    operator sees what is left out.

    Attributes:
        kind: The source's own name for this kind of event, such as ``ticket.created``. Never an id
            and nothing that a person wrote.
    """

    kind: Annotated[Text, Field(min_length=1, max_length=80)]


Part: TypeAlias = Event | UnreadablePart | IgnoredPart
"""What a delivery may hold: ``list[Part]`` is what `parse_event` may return."""


class Download(Model):
    """Where the core fetches an attachment, with the credentials that it takes; or the file itself.

    Attributes:
        url: An ``https`` address of the provider; it may hold a token, and is never printed. Empty
            where `content` is the file.
        content: The file, where it came in the delivery itself.
        headers: Sent to the host of `url` alone and never along a redirect to another host.
        filename: How to call the file, where only this answer tells.
        mime_type: Its type, where only this answer tells.
    """

    url: Annotated[Text, Field(repr=False)] = ""
    content: bytes | None = Field(default=None, repr=False)
    headers: dict[str, str] = Field(default={}, repr=False)
    filename: str | None = None
    mime_type: str | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Download:
        if bool(self.url) == (self.content is not None):
            raise ValueError("a download is either a url or a content")
        return self
