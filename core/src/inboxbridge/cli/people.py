"""``person export`` and ``person erase``: what is held about one person."""

from __future__ import annotations

import asyncio
from pathlib import Path

from inboxbridge.cli.console import count, print_json
from inboxbridge.cli.group import NotWell
from inboxbridge.cli.opening import ask, reading, usable_config
from inboxbridge.cli.replay import is_interactive
from inboxbridge.journal import Journal
from inboxbridge.operate import people
from inboxbridge.operate.auditing import audit_now, command_line
from inboxbridge.telemetry.logs import configure_logs


def export(config_path: Path | None, identity: str) -> int:
    """Print everything held about a person as JSON. Returns the exit code.

    Raises:
        NotUnderstood: *identity* is written in no known way.
    """
    key = people.identity_of(identity)
    config = usable_config(config_path)
    with reading(config) as read:
        exported = read(people.export, key)
    audit_now(config, "export", "a person", f"{len(exported['events'])} events")
    print_json(exported, indent=2)
    return 0


def erase(config_path: Path | None, identity: str, *, yes: bool) -> int:
    """Erase everything held about a person, after saying what goes. Returns the exit code.

    Raises:
        NotUnderstood: *identity* is written in no known way.
        NotWell: Nothing is held, or there is nobody to ask and *yes* was not given.
    """
    key = people.identity_of(identity)
    config = usable_config(config_path)
    with reading(config) as read:
        held = read(people.held, key)
    if held.is_empty:
        raise NotWell("nothing is held about this person")
    print(f"{goes(held)} will be erased; what is in Wix stays there")
    if not yes:
        if not is_interactive():
            raise NotWell("nothing was erased: there is nobody to ask; say --yes")
        if not ask("Go on?"):
            return 0

    async def work() -> people.Held:
        configure_logs()
        journal = Journal(config.journal.url)
        try:
            return await journal.write(people.erase, (key, command_line()))
        finally:
            await journal.close()

    print(f"{goes(asyncio.run(work()))} erased")
    return 0


def goes(held: people.Held) -> str:
    """What goes, in words."""
    number = len(held.event_ids) + len(held.unreadable_ids)
    waiting = f" ({held.waiting} of them not delivered yet)" if held.waiting else ""
    return (
        f"{count(number, 'event')}{waiting}, "
        f"{count(len(held.delivery_ids), 'raw delivery')} and {count(len(held.links), 'link')}"
    )
