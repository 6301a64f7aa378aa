"""From a source's own JSON to the fields of the generic JSON, as a ``map`` table says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge import MalformedBody

from inboxbridge_webhook.expressions import Expression, Run
from inboxbridge_webhook.functions import Unusable
from inboxbridge_webhook.moments import Unit
from inboxbridge_webhook.settings import TEMPLATED, MapSettings
from inboxbridge_webhook.templates import Template

_FOUND = (
    "id", "type", "direction", "occurred_at", "email", "phone", "external_id", "name", "text",
    "icon_url", "url", "thread", "about", "attachments", "region", "recipient",
)  # fmt: skip

_CONSTANTS = {"type": ("message", "activity"), "direction": ("inbound", "outbound")}


class EventMap:
    """A compiled ``map`` table.

    Args:
        settings: The table.
        name: What to call it in errors: ``map`` or ``maps[1]``.

    Attributes:
        unit: Of Unix times in ``occurred_at``; None to tell by size.
    """

    def __init__(self, settings: MapSettings, name: str) -> None:
        self.unit: Unit | None = settings.occurred_at_unit
        self._name = name
        self._when = _compiled(settings.when)
        self._items = _compiled(settings.items)
        self._outbound_when = _compiled(settings.outbound_when)
        self._constants: dict[str, Any] = {}
        self._expressions: list[tuple[str, Expression]] = []
        for field in _FOUND:
            text = getattr(settings, field)
            if text is None:
                continue
            if text in _CONSTANTS.get(field, ()):
                self._constants[field] = text
            else:
                self._expressions.append((field, Expression(text)))
        self._templates = [
            (field, Template(text))
            for field in TEMPLATED
            if (text := getattr(settings, f"{field}_template")) is not None
        ]

    def applies(self, root: dict[str, Any], run: Run, at: str) -> bool:
        """Return whether *root* is a delivery for this table."""
        if self._when is None:
            return True
        run.functions.root = root
        try:
            return self._when.holds(root, run)
        except Unusable as error:
            raise MalformedBody(f"{at}{self._name}.when: {error}") from None

    @property
    def has_items(self) -> bool:
        """Whether one object may become several events."""
        return self._items is not None

    def places(self, root: dict[str, Any], run: Run, at: str) -> Iterator[tuple[str, Any]]:
        """Yield where each event of *root* is, and what the expressions look at.

        Raises:
            MalformedBody: ``items`` fails on it, or finds no array.
        """
        run.functions.root = root
        if self._items is None:
            yield at, root
            return
        try:
            items = self._items.search(root, run)
        except Unusable as error:
            raise MalformedBody(f"{at}{self._name}.items: {error}") from None
        if not isinstance(items, list):
            raise MalformedBody(f"{at}{self._name}.items found no array")
        for number, item in enumerate(items):
            yield f"{at}item {number}: ", item

    def fields(self, place: tuple[str, Any], run: Run) -> tuple[str, dict[str, Any]]:
        """Return where the fields of the event at *place* came from, and the fields.

        Raises:
            MalformedBody: An expression fails on it; the text names the key of the table.
        """
        at, value = place
        fields = dict(self._constants)
        field = "outbound_when"
        try:
            if self._outbound_when is not None:
                outbound = self._outbound_when.holds(value, run)
                fields["direction"] = "outbound" if outbound else "inbound"
            for field, expression in self._expressions:
                fields[field] = expression.search(value, run)
            for field, template in self._templates:
                fields[field] = template.fill(value, run, complete=field == "id")
        except Unusable as error:
            raise MalformedBody(f"{at}{self._name}.{field}: {error}") from None
        finally:
            run.functions.index += 1  # an item that cannot be read keeps its place
        return f"{at}{self._name}.", fields


def _compiled(text: str | None) -> Expression | None:
    return None if text is None else Expression(text)
