"""``status``: what an operator must know now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from inboxbridge.cli.console import age, console, count, duration, print_json, styled_state
from inboxbridge.cli.opening import reading, usable_config
from inboxbridge.operate.status import status


def print_status(config_path: Path | None, *, as_json: bool) -> int:
    """Print the overview. Returns the exit code: 1 if something needs a person."""
    config = usable_config(config_path)
    with reading(config) as read:
        overview = status(config, read)
    if as_json:
        print_json(overview, indent=2)
    else:
        _print(overview)
    return 0 if overview["ok"] else 1


def _print(overview: dict[str, Any]) -> None:
    out = console()
    groups = overview["needs_attention"]
    if not groups:
        out.print("✓ nothing needs a person", style="green")
    else:
        total = sum(group["count"] for group in groups)
        out.print(f"✗ {count(total, 'event')} in need of a person", style="bold red")
    for group in groups:
        line = styled_state(group["state"])
        reason = group["reason"] or "no reason was given"
        line.append(f"  {group['count']:,} of {group['connection']}: {reason}", style="default")
        out.print("  ", line, soft_wrap=True)
        out.print(f"    next: {group['next']}", style="dim", soft_wrap=True)
    for site in overview["sites"]:
        _print_site(site)
    for connection in overview["connections"]:
        _print_connection(connection)


def _print_site(site: dict[str, Any]) -> None:
    out = console()
    is_well = site["state"] == "running"
    mark, style = ("✓", "green") if is_well else ("✗", "bold red")
    said = [site["state"] + (f": {site['reason']}" if site["reason"] else "")]
    if site["waiting"]:
        oldest = duration(site["oldest_waiting_seconds"])
        said.append(f"{count(site['waiting'], 'event')} waiting, the oldest for {oldest}")
    if site["calls_last_minute"] is not None:
        limit = site["calls_per_minute"]
        of = f" of {limit}" if limit else ""
        said.append(f"{site['calls_last_minute']}{of} calls in the last minute")
    out.print(f"{mark} site {site['name']} is {'; '.join(said)}", style=style, soft_wrap=True)


def _print_connection(connection: dict[str, Any]) -> None:
    from rich.text import Text

    said = [
        _last("delivery", connection["last_delivery_at"]),
        _last("message in the Inbox", connection["last_message_at"]),
    ]
    if connection["unreadable"]:
        said.append(f"{connection['unreadable']} unreadable")
    if not connection["enabled"]:
        said.append("switched off")
    line = Text(f"  {connection['name']}: ", style="bold")
    line.append("; ".join(said), style="not bold")
    out = console()
    out.print(line, soft_wrap=True)
    for refused in connection["refused"]:
        told = f"    refused {refused['count']:,} times in the last hour ({refused['status']}): "
        out.print(told + refused["reason"], style="red", soft_wrap=True)


def _last(what: str, moment: str | None) -> str:
    if moment is None:
        return f"no {what} known"
    return f"last {what} {age(datetime.fromisoformat(moment))} ago"
