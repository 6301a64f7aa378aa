"""The overview: what an operator must know now."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from inboxbridge.config import Config
from inboxbridge.journal import overview
from inboxbridge.journal.overview import Attention, RefusalCount
from inboxbridge.journal.reader import JournalReader
from inboxbridge.operate.objects import iso
from inboxbridge.operate.waiting import SiteNow, sites_now

HOUR = 3600.0
SPANS = 12
"""Into so many spans of five minutes the last hour is divided."""

CALLS_FRESH_SECONDS = 15.0
"""So old may be what a courier said of its calls."""


def status(config: Config, read: JournalReader, now: float | None = None) -> dict[str, Any]:
    """Return the overview as the object that ``status --json`` prints.

    - ``ok``: whether nothing needs a person.
    - ``sites``: each with ``name``, ``state``, ``reason``, ``since``, ``waiting``,
      ``oldest_waiting_seconds``, ``calls_last_minute``, ``calls_per_minute``, ``busy_until`` and
      ``courier_seen_at``.
    - ``connections``: each with ``name``, ``plugin``, ``enabled``, ``site``, ``url``,
      ``last_delivery_at``, ``last_message_at``, ``received_last_hour`` (five minutes each),
      ``refused_last_hour``, ``refused`` (by reason) and ``unreadable``.
    - ``needs_attention``: each with ``state``, ``connection``, ``reason``, ``count``, ``next``,
      ``oldest_event`` and ``newest_event``.
    """
    now = time.time() if now is None else now
    groups = read(overview.needing_attention)
    sites = _sites(config, read, now)
    return {
        "ok": not groups and all(site["state"] == "running" for site in sites),
        "sites": sites,
        "connections": _connections(config, read, now),
        "needs_attention": [_attention(group) for group in groups],
    }


def next_step(group: Attention) -> str:
    """What a person does about events of a group, as a command that can be pasted."""
    which = f"--state {group.state} --connection {group.connection}"
    if group.state == "parked":
        if group.count == 1:
            return f"inboxbridge show {group.newest_id}"
        return f"inboxbridge events {which}"
    return f"inboxbridge replay {which}"


def _attention(group: Attention) -> dict[str, Any]:
    return {
        "state": group.state,
        "connection": group.connection,
        "reason": group.reason,
        "count": group.count,
        "next": next_step(group),
        "oldest_event": group.oldest_id,
        "newest_event": group.newest_id,
    }


def _sites(config: Config, read: JournalReader, now: float) -> list[dict[str, Any]]:
    known = read(sites_now)
    backlogs = read(overview.backlogs)
    names = dict.fromkeys([*config.sites, *backlogs])
    return [_site(config, name, known.get(name), backlogs.get(name), now) for name in names]


def _site(
    config: Config,
    name: str,
    site: SiteNow | None,
    backlog: overview.Backlog | None,
    now: float,
) -> dict[str, Any]:
    settings = config.sites.get(name)
    state = "running" if site is None else site.state
    reason = None if site is None or state == "running" else site.reason
    if site is not None and site.is_abandoned(now):
        state, reason = "stopped", "no courier works on it; is `inboxbridge serve` running?"
    elif settings is None:
        state, reason = "stopped", "events wait for it, and the configuration does not have it"
    fresh = (
        site is not None and site.seen_at is not None and now - site.seen_at < CALLS_FRESH_SECONDS
    )
    return {
        "name": name,
        "state": state,
        "reason": reason,
        "since": _moment(site.changed_at if site else None),
        "waiting": backlog.waiting if backlog else 0,
        "oldest_waiting_seconds": (
            round(max(now - backlog.oldest_at, 0.0), 1) if backlog else None
        ),
        "calls_last_minute": site.calls if fresh and site else None,
        "calls_per_minute": settings.calls_per_minute if settings else None,
        "busy_until": _moment(
            site.busy_until if site and site.busy_until and site.busy_until > now else None
        ),
        "courier_seen_at": _moment(site.seen_at if site else None),
    }


def _connections(config: Config, read: JournalReader, now: float) -> list[dict[str, Any]]:
    plots = read(overview.received, now - HOUR, now, SPANS)
    unreadable = read(overview.unreadable_counts)
    refused: dict[str, list[RefusalCount]] = {}
    for count in read(overview.refusal_counts, now - HOUR):
        refused.setdefault(count.connection, []).append(count)
    found = []
    for name, settings in config.connections.items():
        last = read(overview.last_of, name)
        mine = refused.get(name, [])
        found.append(
            {
                "name": name,
                "plugin": settings.plugin,
                "enabled": settings.enabled,
                "site": settings.site,
                "url": config.hook_url(name),
                "last_delivery_at": _moment(last.delivery_at),
                "last_message_at": _moment(last.message_at),
                "received_last_hour": plots.get(name, [0] * SPANS),
                "refused_last_hour": sum(one.count for one in mine),
                "refused": [
                    {
                        "status": one.status,
                        "reason": one.reason,
                        "count": one.count,
                        "last_at": _moment(one.last_at),
                    }
                    for one in mine
                ],
                "unreadable": unreadable.get(name, 0),
            }
        )
    return found


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso(datetime.fromtimestamp(seconds, UTC))
