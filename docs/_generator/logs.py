"""The page about log events."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import inboxbridge

from .text import code, table

_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
_OF_A_STATE = "event_id, connection, site, reason, contact_id, message_id, seconds"

STATES = {
    "stored": ("info", "connection, event_ids, repeated", "A delivery's events are on disk."),
    "delivered": ("info", _OF_A_STATE, "An event is in the Inbox."),
    "ignored": ("info", _OF_A_STATE, "A delivery or an event is not for the Inbox."),
    "retrying": ("warning", _OF_A_STATE, "A try failed; there will be another."),
    "parked": ("error", _OF_A_STATE, "A person must decide."),
    "dead": ("error", _OF_A_STATE, "We gave up; `inboxbridge replay` tries again."),
}
"""Events that are named by a state, with their level, fields and meaning."""

MEANINGS = {
    "connection_not_running": "Events wait for a connection that is switched off or broken.",
    "connection_skipped": "A connection cannot run; the others do.",
    "connector_failed": "A hook failed without keeping the delivery back.",
    "contact_not_named": "A contact could not be given its name; the next event tries again.",
    "courier_ended": "The courier ended by an error of ours; the process stops.",
    "database_session_lost": "PostgreSQL ended the session, and with it the ownership of sites.",
    "delivery_failed_unexpectedly": "An error of ours; the event is tried again.",
    "deprecated": "A connector uses what will go.",
    "essential_part_ended": "The gateway or the courier ended; the process stops.",
    "event_changed_meanwhile": "Somebody else changed an event while it was being delivered.",
    "file_not_fetched": "A message goes on without a file of it; the reason is in the message.",
    "journal_opened": "Which journal is used.",
    "journal_unavailable": "The journal cannot be reached; retrying.",
    "listen_failed": "PostgreSQL's notices cannot be heard; the courier polls.",
    "message_id_not_kept": "A message is delivered, but Wix gave an id that cannot be kept.",
    "refusals_not_kept": "What was refused could not be written to the journal; the log has it.",
    "not_stored": "A delivery could not be stored; its source is asked to repeat it.",
    "observer_failed": "An observer raised an error.",
    "observer_skipped": "An observer cannot be loaded.",
    "odd_answer_to_send": "Wix has the message, with an odd date or id in its answer.",
    "older_journal_put_back": "The journal is an older copy: open events are looked for first.",
    "reading_events_failed": "An error of ours while reading events; tried again.",
    "refused": "A request was refused; the status says how.",
    "request_failed_unexpectedly": "An error of ours; the source is asked to repeat.",
    "sighup_ignored": "SIGHUP ends nothing; SIGTERM does.",
    "site_ended_unexpectedly": "An error of ours; the site is started again.",
    "site_error": "An error of ours in a site's work.",
    "site_examination_failed": "An error of ours while a stopped site was asked.",
    "site_running_again": "A stopped site answers well again.",
    "site_stopped": "Nothing is sent to a site until it answers well.",
    "site_throttled": "Wix asked for a pause.",
    "unasked_contacts_left_out": "Wix gave contacts that were not asked for.",
    "unreadable": "A delivery cannot be read; it is kept until its connector can.",
    "webhook_url": "What to enter at a connection's source, once at the start.",
    "wix_call_failed_unexpectedly": "An error of ours in a call to Wix.",
    "wix_event": "Wix told of a merge or a deletion.",
}
"""What each event means that the code names itself."""


def logged() -> Iterator[tuple[str, str, list[str]]]:
    """Each place of the core that logs an event by name: the name, the level, the fields."""
    for file in sorted(Path(inboxbridge.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in _LEVELS or "log" not in ast.unparse(node.func.value):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                fields = [keyword.arg for keyword in node.keywords if keyword.arg]
                yield str(node.args[0].value), node.func.attr, fields


def logs() -> str:
    """Every log event, its level, its fields and its meaning."""
    levels: dict[str, set[str]] = defaultdict(set)
    fields: dict[str, dict[str, None]] = defaultdict(dict)
    for name, level, given in logged():
        levels[name].add("error" if level == "exception" else level)
        fields[name].update(dict.fromkeys(field for field in given if field != "exc_info"))
    rows = [(code(name), *told) for name, told in STATES.items()]
    rows += [
        (code(name), ", ".join(sorted(levels[name])), ", ".join(fields[name]), MEANINGS[name])
        for name in sorted(levels)
    ]
    return "\n".join(
        [
            "# Log events\n",
            "One line an event, on stderr: readable on a terminal, JSON elsewhere "
            "(`INBOXBRIDGE_LOG=console` or `json`). The key `event` holds a stable word; beside it "
            "are `level`, `timestamp` and the fields below. No line holds a secret, an email "
            "address, a phone number or a text.\n",
            table(("event", "level", "fields", "meaning"), rows),
        ]
    )
