"""The connector: one JSON object or an array of them, as it is or through a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from inboxbridge import (
    Connector,
    IgnoredPart,
    MalformedBody,
    Part,
    Signature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import one_line, read_each

from inboxbridge_webhook.expressions import Expression, Run
from inboxbridge_webhook.functions import MapFunctions, Unusable
from inboxbridge_webhook.mapping import EventMap
from inboxbridge_webhook.reading import json_type, read_event
from inboxbridge_webhook.settings import WebhookSettings
from inboxbridge_webhook.signatures import build_signature

_LONGEST_KIND = 80

Place: TypeAlias = tuple[str, Any]
"""Where an item stands in the body, for errors, and the item."""


class WebhookConnector(Connector[WebhookSettings]):
    """Any source that posts JSON, without code.

    Without a map the source sends the generic JSON (see the README). With one, expressions say
    where the fields are in the source's own JSON (https://jmespath.org); they are compiled once,
    here.
    """

    label: ClassVar[str] = "Webhook"

    def __init__(self, settings: WebhookSettings) -> None:
        super().__init__(settings)
        self._zone = ZoneInfo(settings.timezone)
        self._kind = None if settings.kind is None else Expression(settings.kind)
        self._maps: list[EventMap] = []
        if settings.map is not None:
            self._maps = [EventMap(settings.map, "map")]
        elif settings.maps is not None:
            self._maps = [
                EventMap(table, f"maps[{number}]") for number, table in enumerate(settings.maps)
            ]

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        body = request.json()
        if isinstance(body, dict):
            return self._read(("", body), Run(MapFunctions(self._zone, request.headers)))
        if not isinstance(body, list):
            raise MalformedBody(
                f"expected a JSON object or an array of them, found {json_type(body)}"
            )
        run = Run(MapFunctions(self._zone, request.headers))
        places = [(f"[{number}]", item) for number, item in enumerate(body)]
        return read_each(places, lambda place: self._read(place, run))

    @hookimpl
    def signature(self) -> Signature:
        return build_signature(self.settings)

    def _read(self, place: Place, run: Run) -> list[Part]:
        at, item = place
        if not isinstance(item, dict):
            raise MalformedBody(f"{at} must be an object, found {json_type(item)}")
        if self._maps:
            return self._mapped(f"{at}: " if at else "", item, run)
        return [read_event(item, f"{at}." if at else "", region=self.settings.region)]

    def _mapped(self, at: str, delivered: dict[str, Any], run: Run) -> list[Part]:
        table = next((table for table in self._maps if table.applies(delivered, run, at)), None)
        if table is None:
            return list(self._ignored(delivered, run))

        def read(item: Place) -> Part:
            fields_at, fields = table.fields(item, run)
            return read_event(fields, fields_at, region=self.settings.region, unit=table.unit)

        places = table.places(delivered, run, at)
        return read_each(places, read) if table.has_items else [read(place) for place in places]

    def _ignored(self, delivered: dict[str, Any], run: Run) -> Iterator[IgnoredPart]:
        """Name what no map takes, where the settings say what names it."""
        if self._kind is None:
            return
        run.functions.root = delivered
        try:
            kind = self._kind.search(delivered, run)
        except Unusable:
            return
        if isinstance(kind, str) and (name := one_line(clean_text(kind), _LONGEST_KIND)):
            yield IgnoredPart(kind=name)
