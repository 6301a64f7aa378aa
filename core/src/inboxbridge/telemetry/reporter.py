"""Report events to logs, metrics and observers; never texts, names or addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any

import pluggy
import structlog

from inboxbridge.hookspecs import PROJECT, ObserverSpec
from inboxbridge.model.records import EventRecord, State
from inboxbridge.telemetry import metrics

OBSERVERS = "inboxbridge.observers"


class Reporter:
    """One log line per event's fate, one count, and a call to every observer.

    Args:
        observers: Objects that implement hooks of `ObserverSpec`.
    """

    def __init__(self, observers: Iterable[object] = ()) -> None:
        self._log = structlog.get_logger("inboxbridge")
        self._managers: list[pluggy.PluginManager] = []
        for observer in observers:
            self._add(observer)

    @classmethod
    def with_installed_observers(cls) -> Reporter:
        """A reporter with every installed observer; one that fails to load is reported."""
        reporter = cls()
        for point in entry_points(group=OBSERVERS):
            try:
                loaded = point.load()
                reporter._add(loaded() if isinstance(loaded, type) else loaded, point.name)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                reporter._skipped(point.name, error)
        return reporter

    def _add(self, observer: object, name: str | None = None) -> None:
        # Each has a manager of its own, so that one that does not fit leaves the others alone.
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(ObserverSpec)
        try:
            manager.register(observer, name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            self._skipped(name or type(observer).__name__, error)
        else:
            self._managers.append(manager)

    def _skipped(self, name: str, error: BaseException) -> None:
        self._log.error("observer_skipped", observer=name, error=_said(error))

    def stored(
        self, connection: str, count: int, records: Callable[[], Iterable[EventRecord]]
    ) -> None:
        """Events of one connection are on disk; *records* are made if somebody is to be told."""
        metrics.of(metrics.events_stored, connection).inc(count)
        if self._managers:
            for record in records():
                self._tell("event_stored", record)

    def settled(
        self,
        connection: str,
        state: State,
        record: Callable[[], EventRecord],
        **details: Any,
    ) -> None:
        """An event came to a state; *record* is made if somebody is to be told."""
        metrics.of(metrics.events_settled, connection, state).inc()
        level = {"delivered": "info", "ignored": "info", "retrying": "warning"}
        method = getattr(self._log, level.get(state, "error"))
        method(state, connection=connection, **details)
        hook = {
            "delivered": "message_delivered",
            "parked": "event_parked",
            "dead": "event_dead_lettered",
        }.get(state)
        if hook is not None and self._managers:
            self._tell(hook, record())

    def _tell(self, hook: str, record: EventRecord) -> None:
        for manager in self._managers:
            for implementation in getattr(manager.hook, hook).get_hookimpls():
                try:
                    arguments = {"record": record} if "record" in implementation.argnames else {}
                    implementation.function(**arguments)
                except (Exception, SystemExit) as error:
                    self._log.error(
                        "observer_failed",
                        observer=implementation.plugin_name,
                        hook=hook,
                        error=type(error).__name__,
                    )


def _said(error: BaseException) -> str:
    """What stops an observer from loading; only pluggy's and the import's own words."""
    told = isinstance(error, (pluggy.PluginValidationError, ImportError, AttributeError))
    return f"{type(error).__name__}: {error}" if told else type(error).__name__
