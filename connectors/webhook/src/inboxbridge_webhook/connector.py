"""The connector: one JSON object or an array of them, as it is or through a map."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from inboxbridge import (
    Connector,
    Event,
    MalformedBody,
    Signature,
    WebhookRequest,
    hookimpl,
)

from inboxbridge_webhook.expressions import Run
from inboxbridge_webhook.functions import MapFunctions
from inboxbridge_webhook.mapping import EventMap
from inboxbridge_webhook.reading import json_type, read_event
from inboxbridge_webhook.settings import WebhookSettings
from inboxbridge_webhook.signatures import build_signature


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
        self._maps: list[EventMap] = []
        if settings.map is not None:
            self._maps = [EventMap(settings.map, "map")]
        elif settings.maps is not None:
            self._maps = [
                EventMap(table, f"maps[{number}]") for number, table in enumerate(settings.maps)
            ]

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = request.json()
        if isinstance(body, dict):
            objects = [("", body)]
        elif isinstance(body, list):
            objects = [(f"[{number}]", one) for number, one in enumerate(body)]
        else:
            raise MalformedBody(
                f"expected a JSON object or an array of them, found {json_type(body)}"
            )
        for at, one in objects:
            if not isinstance(one, dict):
                raise MalformedBody(f"{at} must be an object, found {json_type(one)}")
        if self._maps:
            return self._mapped(objects, request)
        region = self.settings.region
        return [read_event(one, f"{at}." if at else "", region=region) for at, one in objects]

    @hookimpl
    def signature(self) -> Signature:
        return build_signature(self.settings)

    def _mapped(
        self, objects: list[tuple[str, dict[str, Any]]], request: WebhookRequest
    ) -> list[Event]:
        run = Run(MapFunctions(self._zone, request.headers))
        region, events = self.settings.region, []
        for number, one in objects:
            at = f"{number}: " if number else ""
            table = next((table for table in self._maps if table.applies(one, run, at)), None)
            if table is None:
                continue
            for place, fields in table.found(one, run, at):
                events.append(read_event(fields, place, region=region, unit=table.unit))
        return events
