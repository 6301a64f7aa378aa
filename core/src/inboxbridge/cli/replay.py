"""``replay``, ``give-up``, ``link`` and ``unlink``: decide about events and people."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from inboxbridge.cli.console import count
from inboxbridge.cli.group import NotWell, say_error
from inboxbridge.cli.opening import ask, connection_settings, reading, usable_config
from inboxbridge.config import Config
from inboxbridge.errors import ConfigError
from inboxbridge.journal import Journal, reads
from inboxbridge.journal.reader import JournalReader
from inboxbridge.operate import decisions
from inboxbridge.operate.auditing import command_line
from inboxbridge.operate.contacts import look_at_contact
from inboxbridge.telemetry.logs import configure_logs

ASK_ABOVE = 100

T = TypeVar("T")


def replay(
    config_path: Path | None,
    event_ids: Sequence[int],
    *,
    state: str | None,
    connection: str | None,
    dry_run: bool,
    yes: bool,
    send_again: bool = False,
    again: bool = False,
) -> int:
    """Deliver events again. Returns the exit code: 1 if some cannot be.

    What was sent and cannot be confirmed is left alone unless *send_again* is given; of what was
    delivered a person is asked first, and without one it is left alone, unless *again* is given.

    Raises:
        NotWell: An event is not in the journal.
    """
    config = usable_config(config_path)
    if connection is not None:
        connection_settings(config, connection)
    with reading(config) as read:
        if state is not None:
            found = read(reads.event_ids, state=state, connection_name=connection)
        else:
            found = _known(read, event_ids, "replayed")
        plan = decisions.plan_replay(read, found)
    unconfirmed = () if send_again else plan.unconfirmed
    if unconfirmed:
        found = [key for key in found if key not in set(unconfirmed)]
        say_error(_left_alone(unconfirmed))
    what = f"{state} event" if state else "event"
    if dry_run:
        print(f"{count(len(found), what)} would be replayed; nothing was changed")
        return 0
    print(f"{count(len(found), what)} to replay")
    delivered = () if again else plan.again
    if delivered and is_interactive():
        them = "It was" if len(delivered) == 1 else f"{len(delivered)} of them were"
        if not ask(f"{them} delivered: the message will appear twice in the Inbox. Go on?"):
            return 0
        delivered = ()
    if delivered:
        found = [key for key in found if key not in set(delivered)]
        say_error(_shows_twice(delivered))
    if len(found) > ASK_ABOVE and not yes and is_interactive() and not ask("Go on?"):
        return 0
    left = bool(unconfirmed or delivered)
    if not found:
        return 1 if left else 0
    outcome = asyncio.run(
        _in_journal(
            config,
            lambda journal: decisions.replay(
                config, journal, found, who=command_line(), send_again=send_again
            ),
        )
    )
    print(f"{count(outcome.reopened + outcome.stored, 'event')} will be delivered again")
    for line in outcome.left:
        say_error(line)
    return 1 if outcome.left or left else 0


def _known(read: JournalReader, event_ids: Sequence[int], what: str) -> list[int]:
    found = list(dict.fromkeys(event_ids))
    states = read(reads.states_of, found)
    missing = [key for key in found if key not in states]
    if missing:
        listed = ", ".join(map(str, missing))
        raise NotWell(f"there is no event {listed} in the journal; nothing was {what}")
    return found


def _left_alone(event_ids: Sequence[int]) -> str:
    return (
        f"{count(len(event_ids), 'event')} left alone: sent, cannot be confirmed. Look in the "
        "Inbox; what is not there is sent again with "
        f"`inboxbridge replay --send-again {_listed(event_ids)}`"
    )


def _shows_twice(event_ids: Sequence[int]) -> str:
    return (
        f"{count(len(event_ids), 'event')} left alone: delivered, so the message would appear "
        f"twice in the Inbox. If that is wanted: `inboxbridge replay --again {_listed(event_ids)}`"
    )


def _listed(event_ids: Sequence[int]) -> str:
    return " ".join(map(str, event_ids[:20])) + (" …" if len(event_ids) > 20 else "")


def is_interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def give_up(config_path: Path | None, event_ids: Sequence[int], *, yes: bool) -> int:
    """Decide that events are not to be delivered. Returns the exit code: 1 if some are finished.

    Raises:
        NotWell: An event is not in the journal.
    """
    config = usable_config(config_path)
    with reading(config) as read:
        found = _known(read, event_ids, "given up")
    question = f"{count(len(found), 'event')} will not be delivered. Go on?"
    if not yes and is_interactive() and not ask(question):
        return 0
    done = asyncio.run(
        _in_journal(config, lambda journal: decisions.give_up(journal, found, who=command_line()))
    )
    print(f"{count(done, 'event')} given up")
    if done < len(found):
        say_error(f"{count(len(found) - done, 'event')} left alone: delivered or ignored already")
    return 1 if done < len(found) else 0


def link(config_path: Path | None, connection: str, identity: str, contact_id: str) -> int:
    """Remember whose contact a person is, and release what is parked for them.

    Wix is asked whether it knows the contact. Returns the exit code.

    Raises:
        ConfigError: There is no such connection, *identity* is written in no known way, or Wix
            knows no such contact.
    """
    config = usable_config(config_path)
    settings = connection_settings(config, connection)
    key = decisions.parse_person(connection, identity)
    if not contact_id.strip():
        raise ConfigError("the contact id is empty; Wix shows it in the contact's address")
    contact = asyncio.run(look_at_contact(config, settings.site, contact_id.strip()))
    if contact.is_unknown:
        raise ConfigError(
            f"Wix knows no contact {contact_id.strip()} on site {settings.site!r}; nothing was "
            "linked. Its id stands in its address in the dashboard"
        )
    if contact.problem:
        say_error(
            f"Wix could not be asked about the contact, linked all the same: {contact.problem}"
        )
    released = asyncio.run(
        _in_journal(
            config,
            lambda journal: decisions.link(
                journal, settings.site, key, contact.id, who=command_line()
            ),
        )
    )
    named = f" ({contact.name})" if contact.name else ""
    print(f"linked to contact {contact.id}{named}; {count(released, 'parked event')} released")
    return 0


def unlink(config_path: Path | None, connection: str, identity: str) -> int:
    """Forget a link that was made by hand. Returns the exit code: 1 where there was none.

    Raises:
        ConfigError: There is no such connection, or *identity* is written in no known way.
    """
    config = usable_config(config_path)
    settings = connection_settings(config, connection)
    key = decisions.parse_person(connection, identity)
    contact_id = asyncio.run(
        _in_journal(
            config,
            lambda journal: decisions.unlink(journal, settings.site, key, who=command_line()),
        )
    )
    if contact_id is None:
        raise NotWell("this person is not linked by hand; nothing was changed")
    print(f"not linked to contact {contact_id} any more")
    return 0


async def _in_journal(config: Config, work: Callable[[Journal], Awaitable[T]]) -> T:
    configure_logs()
    journal = Journal(config.journal.url)
    try:
        return await work(journal)
    finally:
        await journal.close()
