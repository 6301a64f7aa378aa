"""What phone systems share: one webhook for calls and texts, each delivery of a named kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from inboxbridge import (
    Connector,
    ConnectorSettings,
    IgnoredPart,
    Label,
    MalformedBody,
    OneOrMore,
    Part,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import one_line, scalar

from inboxbridge_phone.callers import WITHHELD_SPELLINGS, Lines

Readers = Mapping[str, Callable[[dict[str, Any]], list[Part]]]

_LONGEST_KIND = 80


class SystemSettings(ConnectorSettings):
    """What connections to phone systems have in common.

    Attributes:
        withheld: What counts as a caller without a number.
        call_recordings: Whether the recording of an answered call is a further activity.
        failures: Whether a text of the business's that was not delivered is an activity.
        label: The badge of text messages.
        icon_url: A picture for badge and activities, or None.
    """

    withheld: OneOrMore[str] = WITHHELD_SPELLINGS
    call_recordings: bool = True
    failures: bool = True
    label: Label
    icon_url: str | None = None


SettingsT = TypeVar("SettingsT", bound=SystemSettings)


class SystemConnector(Connector[SettingsT], ABC):
    """Calls as activities, texts as messages with a badge.

    Attributes:
        kind_field: The field that names a delivery's kind.
    """

    kind_field: ClassVar[str]

    def __init__(self, settings: SettingsT) -> None:
        super().__init__(settings)
        self._lines = Lines(withheld=settings.withheld)
        self._readers = self.readers()

    @abstractmethod
    def readers(self) -> Readers:
        """What reads the ``data`` of each kind of delivery; other kinds are left out."""

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read the delivery by its kind."""
        body = request.json_object()
        kind = scalar(body.get(self.kind_field))
        if not kind:
            raise MalformedBody(f"{self.kind_field} is missing")
        read = self._readers.get(kind)
        if read is None:
            return ignored(kind)
        data = body.get("data")
        if not isinstance(data, dict):
            raise MalformedBody("data is missing")
        return read(data) or ignored(kind)


def ignored(kind: str) -> list[Part]:
    """Return what is left out, by its kind."""
    name = one_line(clean_text(kind), _LONGEST_KIND)
    return [IgnoredPart(kind=name)] if name else []
