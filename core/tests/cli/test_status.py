"""``inboxbridge status``, and what of ``events`` and ``show`` answers "Dana texted at nine"."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge.journal import overview, writes
from inboxbridge.journal.overview import Refusal
from inboxbridge.journal.rows import Settled, SiteNames, SiteState
from inboxbridge.model import Event, Person

MakeEvent = Callable[..., Event]


def lines(result: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_person_is_found_in_any_spelling_of_the_number(
    workspace: Any, an_event: MakeEvent
) -> None:
    person = Person(phone="+14155550132", name="Dana Reyes")
    hers, _ = workspace.store(an_event("d", person=person), an_event("n", person=Person(id="u")))

    for said in ("(415) 555-0132", "+1 415-555-0132", "dana reyes"):
        found = lines(workspace.run("events", "--person", said, "--json"))
        assert [one["id"] for one in found] == [hers], said


def test_words_and_times_narrow_the_list(workspace: Any, an_event: MakeEvent) -> None:
    first, _ = workspace.store(an_event("e1", text="Is Saturday free?"), an_event("e2", text="Hi"))

    def ids(*options: str) -> list[int]:
        return [one["id"] for one in lines(workspace.run("events", *options, "--json"))]

    assert ids("--text", "saturday") == [first]
    assert ids("--text", "saturday", "--since", "1h") == [first]
    assert ids("--text", "saturday", "--until", "1h") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--connection", "shopp"), "Did you mean 'shop'?"),
        (("--state", "parkd"), "Did you mean 'parked'?"),
        (("--since", "nine"), "write 09:00, 2h"),
    ],
)
def test_a_slip_of_the_pen_is_an_error_and_not_an_empty_list(
    workspace: Any, an_event: MakeEvent, options: tuple[str, ...], said: str
) -> None:
    workspace.store(an_event())

    result = workspace.run("events", *options)

    assert result.exit_code == 2
    assert said in result.stderr


def test_what_an_unfinished_event_waits_for_is_said(workspace: Any, an_event: MakeEvent) -> None:
    person = Person(id="u-1")
    head, behind, other = workspace.store(
        an_event("e1", person=person), an_event("e2", person=person), an_event("e3")
    )
    due = time.time() + 3000
    workspace.in_journal(
        lambda j: j.write(writes.settle, Settled(head, "retrying", "Wix is down", due_at=due))
    )

    def waits() -> dict[int, str]:
        return {one["id"]: one["waiting_for"] for one in lines(workspace.run("events", "--json"))}

    assert waits()[head].startswith("its next try at ")
    assert waits()[head].endswith("after: Wix is down")
    assert waits()[behind] == f"event {head}, which is before it in the same thread"
    assert waits()[other] == "its turn"

    async def stop(journal: Any) -> None:
        await journal.write(writes.register_sites, SiteNames(("default",), time.time()))
        stopped = SiteState("default", "stopped", "Wix refused the key", time.time())
        await journal.write(writes.set_site_state, stopped)

    workspace.in_journal(stop)
    assert "site default, which is stopped since" in waits()[other]
    assert waits()[other].endswith("Wix refused the key")
    assert workspace.json("show", other)["waiting_for"] == waits()[other]


def test_the_status_names_what_needs_a_person_and_how_to_go_on(
    workspace: Any, an_event: MakeEvent
) -> None:
    parked, dead = workspace.store(an_event("e1"), an_event("e2"))
    workspace.settle(parked, "parked", "no contact has this phone")
    workspace.settle(dead, "dead", "Wix refused it")
    workspace.store_unreadable(b"{", connection="shop")
    refusal = Refusal("shop", 401, "the signature does not match", time.time(), 7)
    workspace.in_journal(lambda j: j.write(overview.record_refusals, [refusal]))

    told = workspace.json("status", exit_code=1)

    assert told["ok"] is False
    groups = {one["state"]: one for one in told["needs_attention"]}
    assert groups["parked"]["next"] == f"inboxbridge show {parked}"
    assert groups["dead"]["next"] == "inboxbridge replay --state dead --connection open"
    assert groups["unreadable"]["count"] == 1
    connections = {one["name"]: one for one in told["connections"]}
    assert connections["shop"]["refused_last_hour"] == 7
    assert connections["shop"]["unreadable"] == 1
    assert sum(connections["open"]["received_last_hour"]) == 2
    assert connections["open"]["last_message_at"] is None
    text = workspace.run("status")
    assert text.exit_code == 1
    assert "refused 7 times in the last hour (401): the signature does not match" in text.stdout


def test_what_to_do_about_a_parked_event_can_be_pasted(workspace: Any, an_event: MakeEvent) -> None:
    parked, dead = workspace.store(an_event("e1"), an_event("e2"))
    workspace.settle(parked, "parked", "no contact has this email")
    workspace.settle(dead, "dead", "Wix refused it")

    hidden = workspace.json("show", parked)["next"]
    shown = workspace.run("show", parked, "--reveal").stdout

    assert hidden[0] == f"inboxbridge show {parked} --reveal"
    assert "inboxbridge link open email:dana@example.com CONTACT_ID" in shown
    assert f"inboxbridge give-up {parked}" in shown
    assert f"inboxbridge replay {dead}" in workspace.run("show", dead).stdout


def test_a_quiet_installation_is_well(workspace: Any, an_event: MakeEvent) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)

    told = workspace.json("status")

    assert told["ok"] is True
    assert told["needs_attention"] == []
    assert workspace.run("status").stdout.startswith("✓ nothing needs a person")


def test_a_stored_delivery_is_shown_whole_and_that_is_set_down(workspace: Any) -> None:
    body = b'{"id": "1", \xff broken'
    event_id = workspace.store_unreadable(body)

    raw = workspace.run("show", event_id, "--raw")
    whole = workspace.json("show", event_id, "--raw")

    assert raw.stdout_bytes == body
    assert whole["url"] == "http://127.0.0.1/hooks/open"
    assert whole["body_base64"]
    deeds = workspace.in_journal(lambda j: j.read(overview.deeds))
    assert [(deed.action, deed.subject) for _, deed in deeds] == [
        ("show raw", f"event {event_id}")
    ] * 2


def test_everything_held_about_a_person_is_exported_and_erased(
    workspace: Any, an_event: MakeEvent
) -> None:
    hers, hers_too = workspace.store(an_event("d1"), an_event("d2", text="Saturday, Dana"))
    (other,) = workspace.store(an_event("n", person=Person(id="u"), text="dana@example.com wrote"))
    workspace.run("link", "open", "email:dana@example.com", "contact-9")
    workspace.store_unreadable(b'{"from": "dana@example.com"')

    exported = json.loads(workspace.run("person", "export", "email:dana@example.com").stdout)

    assert exported["identities"] == ["email:dana@example.com"]
    assert exported["links"][0]["contact_id"] == "contact-9"
    assert {hers, hers_too} < {one["id"] for one in exported["events"]}
    assert exported["deliveries"] == 2

    unasked = workspace.run("person", "erase", "email:dana@example.com")
    assert unasked.exit_code == 1
    assert "3 events (2 of them not delivered yet), 2 raw deliveries and 1 link" in unasked.stdout
    assert len(workspace.states()) == 4

    assert workspace.run("person", "erase", "email:dana@example.com", "--yes").exit_code == 0

    assert list(workspace.states()) == [other]
    again = workspace.store(an_event("d1"))
    assert again == [0], "a repeated delivery of what was erased stores nothing"


def test_what_is_erased_is_not_in_the_file_any_more(workspace: Any, an_event: MakeEvent) -> None:
    workspace.store(an_event("d1", text="a most peculiarword"))

    workspace.run("person", "erase", "email:dana@example.com", "--yes")

    for file in workspace.folder.glob("journal.db*"):
        assert b"peculiarword" not in file.read_bytes(), file.name
