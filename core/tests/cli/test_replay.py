"""``inboxbridge replay`` and ``inboxbridge link``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge.journal import overview, purging, reads, writes
from inboxbridge.journal.rows import AttemptBegun, Settled
from inboxbridge.model import Event, Person

pytestmark = pytest.mark.slow

MakeEvent = Callable[..., Event]


def test_named_events_are_delivered_again(workspace: Any, an_event: MakeEvent) -> None:
    first, second, third = workspace.store(*(an_event(f"e{number}") for number in range(3)))
    workspace.settle(first, "dead", "given up")
    workspace.settle(second, "parked", "who?")
    workspace.settle(third, "dead", "given up")

    result = workspace.run("replay", first, second)

    assert result.exit_code == 0
    assert result.stdout == "2 events to replay\n2 events will be delivered again\n"
    assert workspace.states() == {first: "pending", second: "pending", third: "dead"}


def test_a_delivered_event_is_delivered_again_on_purpose_only(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)

    by_a_script = workspace.run("replay", event_id)
    assert by_a_script.exit_code == 1
    assert f"inboxbridge replay --again {event_id}" in by_a_script.stderr
    assert workspace.states() == {event_id: "delivered"}

    assert workspace.run("replay", event_id, "--again").exit_code == 0
    assert workspace.states() == {event_id: "pending"}


def test_a_person_is_told_that_the_message_will_appear_twice_and_asked(
    workspace: Any, an_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)
    monkeypatch.setattr("inboxbridge.cli.replay.is_interactive", lambda: True)

    refused = workspace.run("replay", event_id, input="n\n")
    assert "twice" in refused.stderr
    assert workspace.states() == {event_id: "delivered"}

    assert workspace.run("replay", event_id, input="y\n").exit_code == 0
    assert workspace.states() == {event_id: "pending"}


def test_a_state_is_replayed_whole_or_for_one_connection(
    workspace: Any, an_event: MakeEvent
) -> None:
    (ours,) = workspace.store(an_event())
    (shop,) = workspace.store(an_event(), connection="shop")
    for event_id in (ours, shop):
        workspace.settle(event_id, "parked", "who?")

    one = workspace.run("replay", "--state", "parked", "--connection", "shop")
    assert one.stdout.startswith("1 parked event to replay\n")
    assert workspace.states() == {ours: "parked", shop: "pending"}

    assert workspace.run("replay", "--state", "parked").exit_code == 0
    assert workspace.states() == {ours: "pending", shop: "pending"}


def test_a_dry_run_says_how_many_and_changes_nothing(workspace: Any, an_event: MakeEvent) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.settle(event_id, "dead", "given up")

    result = workspace.run("replay", "--state", "dead", "--dry-run")

    assert result.exit_code == 0
    assert result.stdout == "1 dead event would be replayed; nothing was changed\n"
    assert workspace.states() == {event_id: "dead"}


def test_above_a_hundred_a_person_is_asked_first(
    workspace: Any, an_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = workspace.store(*(an_event(f"e{number}") for number in range(101)))
    workspace.settle_all(ids, "parked")
    monkeypatch.setattr("inboxbridge.cli.replay.is_interactive", lambda: True)

    refused = workspace.run("replay", "--state", "parked", input="n\n")
    assert refused.exit_code == 0
    assert refused.stdout.startswith("101 parked events to replay\n")
    assert "Go on?" in refused.stderr
    assert set(workspace.states().values()) == {"parked"}

    assert workspace.run("replay", "--state", "parked", "--yes").exit_code == 0
    assert set(workspace.states().values()) == {"pending"}


def test_a_script_is_not_asked(workspace: Any, an_event: MakeEvent) -> None:
    ids = workspace.store(*(an_event(f"e{number}") for number in range(101)))

    assert workspace.run("replay", *ids).exit_code == 0


def test_an_unknown_event_stops_the_replay_before_it_begins(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.settle(event_id, "dead", "given up")

    result = workspace.run("replay", event_id, "99")

    assert result.exit_code == 1
    assert "there is no event 99" in result.stderr
    assert workspace.states() == {event_id: "dead"}


def test_an_erased_event_cannot_be_replayed_and_is_counted(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)
    soon = time.time() + 60
    workspace.in_journal(
        lambda journal: journal.write(purging.purge, purging.Bounds(soon, 0.0, 0.0, 100))
    )

    result = workspace.run("replay", event_id, "--again")

    assert result.exit_code == 1
    assert "1 event cannot be replayed" in result.stderr
    assert workspace.states() == {event_id: "delivered"}


def test_an_unreadable_delivery_is_parsed_again_and_its_events_stored(workspace: Any) -> None:
    body = b'{"id": "late-1", "email": "dana@example.com", "text": "Is Saturday free?"}'
    event_id = workspace.store_unreadable(body)

    result = workspace.run("replay", "--state", "unreadable")

    assert result.exit_code == 0
    assert result.stdout.endswith("1 event will be delivered again\n")
    assert workspace.states() == {event_id + 1: "pending", event_id: "ignored"}
    stored = workspace.in_journal(lambda j: j.read(reads.event_body, event_id + 1))
    event = Event.model_validate_json(stored)
    assert (event.id, event.text) == ("late-1", "Is Saturday free?")
    record = workspace.in_journal(lambda j: j.read(reads.get_event, event_id))
    assert record.reason == "read after all: 1 event, 1 of them new"


def test_a_delivery_that_is_still_unreadable_stays_and_ends_with_1(workspace: Any) -> None:
    event_id = workspace.store_unreadable(b"{")

    result = workspace.run("replay", event_id)

    assert result.exit_code == 1
    assert f"event {event_id} is still unreadable: the body is not JSON" in result.stderr
    assert workspace.states() == {event_id: "unreadable"}


def test_the_unreadable_events_of_a_connection_without_its_secret_stay(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = workspace.store_unreadable(b'{"id": "1"}', connection="shop")
    monkeypatch.delenv("SHOP_SECRET")

    result = workspace.run("replay", event_id)

    assert result.exit_code == 1
    assert "SHOP_SECRET is not set" in result.stderr
    assert workspace.states() == {event_id: "unreadable"}


def test_a_link_is_remembered_as_made_by_hand(workspace: Any) -> None:
    workspace.store()

    result = workspace.run("link", "open", "phone:+1 (415) 555-0132", "contact-9")

    assert result.exit_code == 0
    assert result.stdout == "linked to contact contact-9; 0 parked events released\n"
    links = workspace.in_journal(
        lambda j: j.read(reads.linked_contacts, "default", ["phone:+14155550132"])
    )
    contact_id, origin, at = links["phone:+14155550132"]
    assert (contact_id, origin) == ("contact-9", "manual")
    assert abs(at - time.time()) < 300


@pytest.mark.parametrize(
    "identity", ["email:Dana@Example.com", "phone:+14155550132", "id:u-77"], ids=str
)
def test_a_link_releases_what_is_parked_for_that_person_and_nothing_else(
    workspace: Any, an_event: MakeEvent, identity: str
) -> None:
    dana = Person(email="dana@example.com", phone="+14155550132", id="u-77")
    hers, other = workspace.store(
        an_event("e1", person=dana), an_event("e2", person=Person(id="u-78"))
    )
    for event_id in (hers, other):
        workspace.settle(event_id, "parked", "who?")

    result = workspace.run("link", "open", identity, "contact-9")

    assert "1 parked event released" in result.stdout
    assert workspace.states() == {hers: "pending", other: "parked"}


def test_a_sources_own_id_counts_within_its_connection_only(
    workspace: Any, an_event: MakeEvent
) -> None:
    (shop,) = workspace.store(an_event(person=Person(id="u-77")), connection="shop")
    workspace.settle(shop, "parked", "who?")

    workspace.run("link", "open", "id:u-77", "contact-9")
    assert workspace.states() == {shop: "parked"}

    workspace.run("link", "shop", "id:u-77", "contact-9")
    assert workspace.states() == {shop: "pending"}


def test_a_link_is_taken_back(workspace: Any, an_event: MakeEvent) -> None:
    workspace.store()
    workspace.run("link", "open", "email:dana@example.com", "contact-9")

    result = workspace.run("unlink", "open", "email:Dana@example.com")

    assert result.exit_code == 0
    assert result.stdout == "not linked to contact contact-9 any more\n"
    key = ["email:dana@example.com"]
    links = workspace.in_journal(lambda j: j.read(reads.linked_contacts, "default", key))
    assert links[key[0]][0] is None
    again = workspace.run("unlink", "open", "email:dana@example.com")
    assert again.exit_code == 1
    assert "not linked by hand" in again.stderr


def test_what_is_given_up_is_ignored_and_needs_nobody(workspace: Any, an_event: MakeEvent) -> None:
    parked, dead, delivered = workspace.store(*(an_event(f"e{number}") for number in range(3)))
    workspace.settle(parked, "parked", "who?")
    workspace.settle(dead, "dead", "given up after 24 h")
    workspace.deliver(delivered)

    result = workspace.run("give-up", parked, dead, delivered)

    assert result.exit_code == 1
    assert result.stdout == "2 events given up\n"
    assert "1 event left alone" in result.stderr
    assert workspace.states() == {parked: "ignored", dead: "ignored", delivered: "delivered"}
    deeds = workspace.in_journal(lambda j: j.read(overview.deeds))
    assert {deed.subject for _, deed in deeds if deed.action == "give up"} >= {f"event {dead}"}
    assert all(deed.who.startswith("command line") for _, deed in deeds)


def test_linking_needs_no_secret(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.store()
    monkeypatch.delenv("SHOP_SECRET")

    assert workspace.run("link", "shop", "id:u-77", "contact-9").exit_code == 0


def test_what_was_sent_and_cannot_be_confirmed_is_sent_again_only_when_told(
    workspace: Any, an_event: MakeEvent
) -> None:
    sent, plain = workspace.store(an_event("sent"), an_event("plain"))
    workspace.settle(plain, "parked", "who?")
    workspace.in_journal(lambda journal: _sent_into_the_dark(journal, sent))

    left = workspace.run("replay", "--state", "parked")

    assert left.exit_code == 1
    assert f"replay --send-again {sent}" in left.stderr
    assert workspace.states() == {sent: "parked", plain: "pending"}

    told = workspace.run("replay", sent, "--send-again")

    assert told.exit_code == 0
    assert workspace.states()[sent] == "pending"
    rows = workspace.in_journal(lambda journal: journal.read(reads.open_events, "default", 0, 10))
    assert [row.attempt_at for row in rows if row.id == sent] == [None]


async def _sent_into_the_dark(journal: Any, event_id: int) -> None:
    begun = AttemptBegun(event_id, 0, time.time(), "contact", "conversation", "print")
    assert await journal.write(writes.begin_attempts, begun)
    settled = Settled(event_id, "parked", "sent, cannot be confirmed", keep_attempt=True)
    assert await journal.write(writes.settle, settled)
