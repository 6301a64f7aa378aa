"""What the parts of one site's courier share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inboxbridge.config.tables import CourierSettings
from inboxbridge.courier.health import Health
from inboxbridge.courier.retry import Retry
from inboxbridge.identity import Directory
from inboxbridge.journal import Journal
from inboxbridge.plugins import Connection
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import WixClient


@dataclass(frozen=True, slots=True)
class SiteContext:
    """One site, with everything that takes its events to Wix.

    Attributes:
        site: The site's name.
        client: Its Wix client.
        directory: Its persons.
        connections: The connections that deliver to it, by name.
        journal: Where every step is written.
        health: Says whether the site may be called, and is told what Wix answers.
        retry: When to try again.
        settings: ``[courier]``.
        keeps_files: Whether files are fetched and kept in the site's Media Manager.
        reporter: Told of what became of events.
        now: Unix seconds.
        clock: A monotonic clock, in seconds.
        at_step: Called with the name of each step as it is reached, for tests of crashes.
    """

    site: str
    client: WixClient
    directory: Directory
    connections: Mapping[str, Connection]
    journal: Journal
    health: Health
    retry: Retry
    settings: CourierSettings
    keeps_files: bool
    reporter: Reporter
    now: Callable[[], float]
    clock: Callable[[], float]
    at_step: Callable[[str], None]
