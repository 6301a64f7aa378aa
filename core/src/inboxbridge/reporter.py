"""Tells logs, metrics and observers what became of events. Never texts, names or addresses."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

import pluggy
import structlog

from inboxbridge import metrics
from inboxbridge.hookspecs import PROJECT, ObserverSpec
from inboxbridge.records import EventRecord

OBSERVERS = "inboxbridge.observers"


class Reporter:
    """One log line per event's fate, one count, and a call to every observer.

    Args:
        observers: Objects that implement hooks of `ObserverSpec`.
    """

    def __init__(self, observers: Iterable[object] = ()) -> None:
        self._log = structlog.get_logger("inboxbridge")
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(ObserverSpec)
        for observer in observers:
            self._manager.register(observer)
        self._manager.check_pending()
        self._observed = bool(self._manager.get_plugins())

    @classmethod
    def with_installed_observers(cls) -> Reporter:
        """A reporter with every installed observer; one that fails to load is reported."""
        observers = []
        for point in entry_points(group=OBSERVERS):
            try:
                loaded = point.load()
                observers.append(loaded() if isinstance(loaded, type) else loaded)
            except Exception as error:
                structlog.get_logger("inboxbridge").error(
                    "observer cannot be loaded", observer=point.name, error=type(error).__name__
                )
        return cls(observers)

    def stored(self, records: Iterable[EventRecord]) -> None:
        """Events are on disk."""
        for record in records:
            metrics.events_stored.labels(record.connection).inc()
            if self._observed:
                self._tell("event_stored", record)

    def settled(self, record: EventRecord, **details: Any) -> None:
        """An event came to a state."""
        metrics.events_settled.labels(record.connection, record.state).inc()
        level = {"delivered": "info", "ignored": "info", "retrying": "warning"}
        method = getattr(self._log, level.get(record.state, "error"))
        method(
            record.state,
            event_id=record.id,
            connection=record.connection,
            site=record.site,
            reason=record.reason,
            contact_id=record.contact_id,
            message_id=record.message_id,
            **details,
        )
        hook = {
            "delivered": "message_delivered",
            "parked": "event_parked",
            "dead": "event_dead_lettered",
        }.get(record.state)
        if hook is not None and self._observed:
            self._tell(hook, record)

    def _tell(self, hook: str, record: EventRecord) -> None:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            try:
                arguments = {"record": record} if "record" in implementation.argnames else {}
                implementation.function(**arguments)
            except Exception as error:
                self._log.error(
                    "observer failed",
                    observer=implementation.plugin_name,
                    hook=hook,
                    error=type(error).__name__,
                )
