"""``check``: validate configuration, connectors, secrets and journal before the first webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inboxbridge.cli import checks
from inboxbridge.cli.console import console, count, print_json
from inboxbridge.config import Config, Problem, find_config, read_config
from inboxbridge.plugins import Broken, connect_all, installed
from inboxbridge.reading._zones import zone_rules
from inboxbridge.telemetry.logs import configure_logs


@dataclass
class Item:
    """One line of the checklist.

    Attributes:
        title: What was looked at.
        problems: What must be fixed; none is a tick.
        details: What is good to have at hand, such as a URL to copy.
        asked: Whether it was looked at; what was not is not ticked.
        hints: What could be better, or is good to know.
    """

    title: str
    problems: list[Problem] = field(default_factory=list)
    hints: list[Problem] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    asked: bool = True


def check(config_path: Path | None, *, online: bool, as_json: bool) -> int:
    """Look at everything and print what was found. Returns 1 if there are problems."""
    configure_logs()
    items = list(_items(config_path, online))
    config, _ = read_config(config_path)
    problems = [problem for item in items for problem in item.problems]
    if as_json:
        report = {
            "ok": not problems,
            "problems": [problem.as_json() for problem in problems],
            "hints": [hint.as_json() for item in items for hint in item.hints],
            "webhooks": config.webhook_urls() if config else {},
        }
        print_json(report, indent=2)
    else:
        _print_checklist(items, len(problems))
    return 1 if problems else 0


def _items(path: Path | None, online: bool) -> Iterator[Item]:
    config, problems = read_config(path)
    item = Item(f"configuration {find_config(path)}", problems)
    if config is None:
        yield item
        return
    item.hints = checks.plain_secrets(config) + checks.public_urls(config)
    yield item
    yield from _connections(config, problems)
    yield _item("journal", lambda hints: checks.journal(config, hints))
    yield from _sites(config, online)
    yield Item(f"time zones by the rules of {zone_rules().version}")


def _connections(config: Config, reported: list[Problem]) -> Iterator[Item]:
    available = installed()
    connections, broken = connect_all(config, available)
    urls = config.webhook_urls()
    reasons = {one.connection: one for one in broken}
    enabled = [one for one in config.connections.values() if one.enabled]
    for settings in enabled:
        item = Item(f"connection {settings.name} ({settings.plugin})")
        connection = connections.get(settings.name)
        if connection is not None:
            item.problems = checks.signed_url(connection)
            item.problems += checks.samples(connection, available)
            item.hints = checks.nothing_verified(connection)
        elif config.problems_of(settings.name):
            continue  # an unset secret was reported already, and is why the rest does not fit
        else:
            item.problems = _problems(reasons[settings.name])
        if settings.name in urls:
            item.details = [f"webhook: {urls[settings.name]}"]
        yield item
    if not enabled and not reported:
        yield Item(
            "connections",
            hints=[Problem("connectors", "", "no connection is enabled", "Add [connectors.NAME]")],
        )


def _problems(broken: Broken) -> list[Problem]:
    if broken.problems:
        return list(broken.problems)
    return [Problem(f"connectors.{broken.connection}", "", broken.reason)]


def _sites(config: Config, online: bool) -> Iterator[Item]:
    answers = asyncio.run(checks.ask_wix(config)) if online else {}
    for name in config.sites:
        title = f"site {name}" + (", asked Wix" if online else ": not asked (--online asks Wix)")
        yield Item(title, answers.get(name, []), asked=online)


def _item(title: str, look: Callable[[list[Problem]], list[Problem]]) -> Item:
    item = Item(title)
    item.problems = look(item.hints)
    return item


def _print_checklist(items: list[Item], problems: int) -> None:
    from inboxbridge.cli.layout import print_wrapped

    out = console()
    for item in items:
        mark, style = ("✓", "green") if item.asked else ("–", "dim")
        if item.problems:
            mark, style = "✗", "bold red"
        print_wrapped(out, f"{mark} {item.title}", style=style)
        for detail in item.details:
            out.print(f"    {detail}", soft_wrap=True)
        for problem in item.problems:
            print_wrapped(out, f"{problem.where}: {problem.what}", indent=4)
            if problem.hint:
                print_wrapped(out, f"→ {problem.hint}", indent=6, style="cyan")
        for hint in item.hints:
            print_wrapped(out, f"note: {hint}", indent=4, style="dim")
    verdict = count(problems, "problem") if problems else "no problems"
    out.print(verdict, style="bold red" if problems else "bold green")
