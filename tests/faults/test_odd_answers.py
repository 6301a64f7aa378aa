"""A Wix that answers oddly: each message still arrives once, in order, and nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import functools
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from inboxbridge.journal import reads, remembering
from inboxbridge.journal.rows import Link
from inboxbridge.model.records import EventRecord
from simulation import World, now, simulate, world
from simulation import email as address

pytestmark = pytest.mark.slow

HTML = {"headers": {"content-type": "text/html"}, "body": "<html>Not today</html>"}
DANA, BYSTANDER = 1, 2


def wix_error(status: int, code: str = "ODD") -> dict[str, Any]:
    """An answer in Wix's own form."""
    details = {"applicationError": {"code": code, "description": "odd", "data": {}}}
    return {"status": status, "json": {"message": "odd", "details": details}}


class Odd:
    """A world in which Dana and a bystander are contacts with a remembered conversation."""

    def __init__(self, made: World) -> None:
        self.world = made
        self._sent: dict[str, float] = {}

    async def rules(self, *rules: dict[str, Any]) -> None:
        content = json.dumps(rules)  # httpx itself would not send half a surrogate
        answer = await self.world.http.post("/_sandbox/rules", content=content)
        assert answer.status_code == 200, answer.text

    async def write(self, person: int, count: int = 1, **options: Any) -> list[str]:
        """One event after the other; returns their texts."""
        label = options.pop("label", "event")
        begin = len([text for text in self._sent if text.startswith(f"{label} p{person} ")])
        for _ in range(count):
            await self.world.accept([person], label=label, **options)
        texts = [f"{label} p{person} {begin + at}" for at in range(1, count + 1)]
        self._sent |= dict.fromkeys(texts, now())
        return texts

    async def warm(self) -> None:
        """Let both be known, so that their contact and conversation are remembered."""
        await self.world.seed([DANA, BYSTANDER])
        await self.write(DANA, label="warm")
        await self.write(BYSTANDER, label="warm")
        await self.world.delivered(2)

    async def contact_id(self, person: int) -> str:
        answer = await self.world.http.get("/_sandbox/contacts")
        for each in answer.json()["contacts"]:
            items = each["contact"]["info"].get("emails", {}).get("items", [])
            if address(person) in [item["email"] for item in items]:
                return str(each["contact"]["id"])
        raise AssertionError(f"no contact for person {person}")

    async def conversation_id(self, person: int) -> str:
        contact_id = await self.contact_id(person)
        answer = await self.world.http.get("/_sandbox/conversations")
        for each in answer.json()["conversations"]:
            if each["conversation"]["participant"].get("contactId") == contact_id:
                return str(each["conversation"]["id"])
        raise AssertionError(f"no conversation for person {person}")

    def texts(self, person: int, label: str = "event") -> list[str]:
        """What arrived of a person's events, in order of arrival."""
        return [text for _, text in self.world.messages if text.startswith(f"{label} p{person} ")]

    def waited(self, person: int, label: str = "event") -> float:
        """The longest that any event of the person took to arrive, in seconds."""
        arrived = {text: at for at, text in self.world.messages}
        wanted = [text for text in self._sent if text.startswith(f"{label} p{person} ")]
        assert wanted
        return max(arrived.get(text, float("inf")) - self._sent[text] for text in wanted)

    async def until(self, is_so: Callable[[], Awaitable[Any]], seconds: float) -> None:
        """Wait that long at most, by the simulated clock."""
        deadline = now() + seconds
        while not await is_so():
            assert now() < deadline, f"waited {seconds:g} s in vain: {await self.records()}"
            await asyncio.sleep(0.1)

    async def arrived(self, count: int, seconds: float = 120.0) -> None:
        """Wait until the journal says that so many events are delivered."""

        async def is_so() -> bool:
            states = await self.world.journal.read(reads.count_states)
            return states.get("delivered", 0) >= count

        await self.until(is_so, seconds)

    async def records(self) -> list[EventRecord]:
        return list(reversed(await self.world.journal.read(reads.list_events, limit=200)))

    async def settled(self, seconds: float) -> list[EventRecord]:
        """Wait until no event is open any more; returns all."""

        async def is_so() -> bool:
            states = await self.world.journal.read(reads.count_states)
            return not states.get("pending") and not states.get("retrying")

        await self.until(is_so, seconds)
        return await self.records()

    @property
    def calls(self) -> int:
        return sum(self.world.calls.values())

    @property
    def is_running(self) -> bool:
        return self.world.courier.sites["site0"].health.is_running


@contextlib.asynccontextmanager
async def odd(**options: Any) -> AsyncIterator[Odd]:
    settings = {"calls_per_minute": 0, "rate_per_minute": None, "latency_ms": 20, **options}
    async with world(**settings) as made:
        yield Odd(made)


def simulated(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test in simulated time."""

    @functools.wraps(test)
    def run(**given: Any) -> None:
        simulate(lambda: test(**given))

    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    del run.__wrapped__  # type: ignore[attr-defined]
    return run


@simulated
async def test_a_404_to_one_send_leaves_six_waiting_messages_in_order() -> None:
    async with odd() as it:
        await it.warm()
        await it.rules({"call": "send", "text": "event p1 1", "times": 1, "answer": wix_error(404)})
        sent = await it.write(DANA, 6)
        await it.arrived(2 + 6)

    assert it.texts(DANA) == sent


@simulated
async def test_messages_go_in_order_to_the_survivor_of_two_merged_contacts() -> None:
    async with odd() as it:
        await it.warm()
        first = await it.write(DANA, 2)
        await it.arrived(2 + 2)
        merge = {
            "targetContactId": await it.contact_id(BYSTANDER),
            "sourceContactIds": [await it.contact_id(DANA)],
        }
        (await it.world.http.post("/_sandbox/merge", json=merge)).raise_for_status()
        second = await it.write(DANA, 4)
        await it.arrived(2 + 6)
        kept = (await it.world.http.get("/_sandbox/messages")).json()["messages"]

    assert it.texts(DANA) == first + second
    assert {each["contact_id"] for each in kept} == {merge["targetContactId"]}


@simulated
async def test_a_remembered_conversation_that_is_gone_costs_few_calls_once() -> None:
    async with odd() as it:
        await it.warm()
        old = await it.conversation_id(DANA)
        await it.world.http.post(f"/_sandbox/conversations/{old}/replace", json={})
        before = it.calls
        sent = await it.write(DANA, 5)
        await it.arrived(2 + 5)

    assert it.texts(DANA) == sent
    assert it.calls - before <= 8
    assert it.waited(DANA) < 5


@pytest.mark.parametrize(
    ("call", "subject"), [("send", "conversation"), ("conversation", "contact"), ("list", "")]
)
@simulated
async def test_a_403_for_one_person_parks_theirs_and_nobody_else_notices(
    call: str, subject: str
) -> None:
    async with odd() as it:
        await it.warm()
        if subject == "conversation":
            rule = {"conversation": await it.conversation_id(DANA)}
        else:
            rule = {"contact": await it.contact_id(DANA)}
            for contact_id in (rule["contact"],):
                await it.world.courier.sites["site0"].directory.forget_contact(contact_id)
        if call == "list":  # an unknown outcome that cannot be looked into
            reset = {"call": "send", **rule, "times": 1, "after_commit": True, "answer": "reset"}
        else:
            reset = {"call": call, "text": "no such", "answer": "reset"}
        await it.rules(reset, {"call": call, **rule, "answer": wix_error(403)})
        await it.write(DANA)
        for _ in range(60):
            await it.write(BYSTANDER)
            await asyncio.sleep(10.0)
            assert it.is_running
        records = await it.settled(3600.0)
        [dana] = [one for one in records if one.source_id.endswith("event p1 1")]

    assert dana.state == "parked"
    assert "403" in str(dana.reason)
    assert ("cannot be confirmed" in str(dana.reason)) == (call == "list")
    assert it.waited(BYSTANDER) < 1
    assert len(it.texts(DANA)) == (call == "list")


@simulated
async def test_one_401_and_then_well_again_costs_seconds() -> None:
    async with odd() as it:
        await it.warm()
        # An API key cannot be renewed: the very first 401 counts.
        await it.rules({"call": "send", "times": 1, "answer": wix_error(401)})
        sent = await it.write(DANA, 2)
        others = await it.write(BYSTANDER, 2)
        await it.arrived(2 + 4)

    assert (it.texts(DANA), it.texts(BYSTANDER)) == (sent, others)
    assert max(it.waited(DANA), it.waited(BYSTANDER)) < 10


@simulated
async def test_a_site_that_refuses_the_key_is_asked_seldom_and_goes_on_by_itself() -> None:
    async with odd() as it:
        await it.warm()
        calls = ["send", "list", "query", "create", "get", "conversation"]
        await it.rules(*({"call": call, "answer": wix_error(401)} for call in calls))
        sent = await it.write(DANA, 3)
        before = it.calls
        await asyncio.sleep(120.0)
        assert not it.is_running
        asked = it.calls - before
        states = await it.world.journal.read(reads.site_states)
        await it.rules()
        recovered_at = now()
        await it.arrived(2 + 3, 400.0)
        took = now() - recovered_at

    assert it.texts(DANA) == sent
    assert asked <= 20
    assert states["site0"][0] == "stopped"
    assert "401" in str(states["site0"][1])
    assert took < 200


@simulated
async def test_ten_people_whose_conversation_fails_do_not_hold_up_a_bystander() -> None:
    async with odd() as it:
        await it.warm()
        people = range(10, 20)
        await it.world.seed(people)
        contacts = [await it.contact_id(person) for person in people]
        await it.rules(
            *(
                {"call": "conversation", "contact": each, "answer": {"status": 500, "json": {}}}
                for each in contacts
            )
        )
        for person in people:
            await it.write(person)
        for _ in range(60):
            await it.write(BYSTANDER)
            await asyncio.sleep(1.0)
        await it.rules()
        await it.arrived(2 + 60 + 10, 700.0)

    assert it.waited(BYSTANDER) < 1


ODD_LISTS: dict[str, dict[str, Any]] = {
    "empty": {"body": ""},
    "null": {"json": None},
    "html": HTML,
    "cut": {"body": '{"messages": [{"id": "17'},
    "204": {"status": 204},
    "no messages": {"json": {}},
    "messages null": {"json": {"messages": None}},
    "messages an object": {"json": {"messages": {}}},
    "messages a text": {"json": {"messages": "none"}},
    "a list": {"json": []},
    "a number": {"json": 7},
    "items without id": {"json": {"messages": [{"content": {}}]}},
    "items no objects": {"json": {"messages": ["17"]}},
    "newest undated": {
        "json": {"messages": [{"id": "x", "direction": "PARTICIPANT_TO_BUSINESS", "content": {}}]}
    },
    "oldest first": {
        "json": {
            "messages": [
                {"id": str(at), "sequence": str(at), "createdDate": f"2020-01-0{at}T00:00:00Z"}
                for at in (1, 2)
            ]
        }
    },
}


@pytest.mark.parametrize("form", ODD_LISTS)
@simulated
async def test_a_list_in_an_odd_form_is_no_evidence_that_a_message_is_missing(form: str) -> None:
    async with odd() as it:
        await it.warm()
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": "reset"},
            {"call": "list", "times": 2, "answer": ODD_LISTS[form]},
        )  # fmt: skip
        sent = await it.write(DANA, 3)
        await it.arrived(2 + 3)

    assert it.texts(DANA) == sent
    assert it.world.calls["GET /inbox/v2/messages"] <= 5


@pytest.mark.parametrize("status", [400, 404, 500])
@simulated
async def test_one_address_that_wix_cannot_look_up_concerns_nobody_else(status: int) -> None:
    async with odd() as it:
        await it.warm()
        people = range(10, 16)
        await it.world.seed(people)
        await it.rules({"call": "query", "text": address(12), "answer": wix_error(status)})
        await asyncio.gather(*(it.write(person) for person in people))
        others = [person for person in people if person != 12]
        await it.arrived(2 + 5, 30.0)
        if status != 500:
            records = await it.settled(3600.0)
            [culprit] = [one for one in records if one.state != "delivered"]
            assert culprit.state == "parked"

    assert max(it.waited(person) for person in others) < 5
    assert it.texts(12) == []


@pytest.mark.parametrize("status", [302, 307, 400, 403, 404, 405, 409, 421, 425, 451, 503])
@simulated
async def test_three_seconds_of_a_proxys_html_are_an_outage(status: int) -> None:
    async with odd() as it:
        await it.warm()
        calls = ["send", "list", "query", "create", "get", "conversation"]
        await it.rules(*({"call": call, "answer": {"status": status, **HTML}} for call in calls))
        sent = await it.write(DANA, 3)
        await it.write(30)
        await asyncio.sleep(3.0)
        await it.rules()
        await it.arrived(2 + 4)

    assert it.texts(DANA) == sent
    assert len(it.texts(30)) == 1


@pytest.mark.parametrize("answer", [{"status": 404, **HTML}, wix_error(404)], ids=["html", "wix"])
@simulated
async def test_a_link_made_by_hand_outlives_two_seconds_of_404(answer: dict[str, Any]) -> None:
    async with odd() as it:
        await it.warm()
        linked = await it.contact_id(BYSTANDER)
        link = Link("site0", f"email:{address(40)}", linked, "manual", now())
        await it.world.journal.write(remembering.remember, link)
        await asyncio.sleep(3.0)
        calls = ["send", "get", "conversation"]
        await it.rules(*({"call": call, "answer": answer} for call in calls))
        await it.write(40)
        await asyncio.sleep(2.0)
        await it.rules()
        await it.write(40)
        await it.arrived(2 + 2)
        kept = (await it.world.http.get("/_sandbox/messages")).json()["messages"]
        links = await it.world.journal.read(
            reads.linked_contacts, "site0", [f"email:{address(40)}"]
        )

    assert [each["contact_id"] for each in kept[2:]] == [linked, linked]
    assert links[f"email:{address(40)}"][0] == linked


@simulated
async def test_a_contact_that_was_not_asked_for_is_not_written_to() -> None:
    async with odd() as it:
        await it.warm()
        stranger = await it.contact_id(BYSTANDER)
        contact = {"id": stranger, "info": {"emails": {"items": [{"email": address(BYSTANDER)}]}}}
        await it.rules(
            {"call": "query", "text": address(50), "times": 2,
             "answer": {"json": {"contacts": [contact]}}}
        )  # fmt: skip
        await it.write(50)
        await it.arrived(2 + 1)
        kept = (await it.world.http.get("/_sandbox/messages")).json()["messages"]

    assert kept[-1]["contact_id"] != stranger


@simulated
async def test_after_slow_failures_the_site_rests_about_as_long_as_they_lasted() -> None:
    async with odd(latency_ms=500) as it:
        await it.warm()
        people = range(10, 50)
        await it.world.seed(people)
        calls = ["send", "list", "query", "create", "get", "conversation"]
        await it.rules(*({"call": call, "answer": {"status": 503, **HTML}} for call in calls))
        await asyncio.gather(*(it.write(person) for person in people))
        await asyncio.sleep(2.0)
        await it.rules()
        await it.arrived(2 + 40, 20.0)

    assert max(it.waited(person) for person in people) < 12


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {}, {"Retry-After": "1"}])
@simulated
async def test_a_429_for_one_conversation_grows_and_harms_nobody(headers: dict[str, str]) -> None:
    async with odd() as it:
        await it.warm()
        conversation_id = await it.conversation_id(DANA)
        answer = {**wix_error(429), "headers": headers}
        await it.rules({"call": "send", "conversation": conversation_id, "answer": answer})
        before = it.calls
        await it.write(DANA)
        for _ in range(20):
            await it.write(BYSTANDER)
            await asyncio.sleep(1.0)
        spent = it.calls - before - 20
        records = await it.records()

    assert it.waited(BYSTANDER) < 1
    assert spent <= 24
    assert next(one for one in records if one.source_id.endswith("event p1 1")).state == "retrying"


@simulated
async def test_a_list_whose_cursors_never_end_is_left_after_a_stated_number_of_pages() -> None:
    async with odd() as it:
        await it.warm()
        page = {
            "messages": [],
            "pagingMetadata": {"count": 0, "cursors": {"next": "again"}},
        }
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": "reset"},
            {"call": "list", "answer": {"json": page}},
        )  # fmt: skip
        await it.write(DANA)
        records = await it.settled(1200.0)

    assert records[-1].state == "parked"
    assert "cannot be confirmed" in str(records[-1].reason)
    assert len(it.texts(DANA)) == 1
    assert it.world.calls["GET /inbox/v2/messages"] <= 130


@simulated
async def test_a_look_up_without_an_answer_holds_up_no_other_new_person() -> None:
    async with odd() as it:
        await it.warm()
        people = range(60, 66)
        await it.world.seed([*people, 59])
        await it.rules({"call": "query", "text": address(59), "answer": "slow"})
        await it.write(59)
        await asyncio.sleep(0.5)
        for person in people:
            await it.write(person)
            await asyncio.sleep(0.5)
        await it.arrived(2 + len(people), 60.0)

    assert max(it.waited(person) for person in people) < 3


@simulated
async def test_a_new_contact_whose_conversation_is_not_there_yet_is_waited_for() -> None:
    async with odd() as it:
        await it.warm()
        await it.rules({"call": "conversation", "answer": wix_error(404, "CONTACT_NOT_FOUND")})
        await it.write(70)
        await asyncio.sleep(2.0)
        await it.rules()
        await it.arrived(2 + 1)
        contacts = (await it.world.http.get("/_sandbox/contacts")).json()["contacts"]

    assert len(it.texts(70)) == 1
    assert len(contacts) == 3


@pytest.mark.parametrize(
    "message",
    [
        {"id": "1793966400000001", "createdDate": "0001-01-01T00:00:00+01:00"},
        {"id": "1793966400000001", "createdDate": "9999-12-31T23:59:59-14:00"},
        {"id": "1793966400000001", "createdDate": {"odd": True}},
        {"id": "\ud83d", "createdDate": "2026-11-06T12:00:00Z"},
        {"id": "9" * 5000, "createdDate": "2026-11-06T12:00:00Z"},
        {"id": "nul\x00byte", "createdDate": "2026-11-06T12:00:00Z"},
        {"id": 17, "createdDate": "2026-11-06T12:00:00Z"},
    ],
    ids=["year one", "year 9999", "no date", "half a surrogate", "long", "NUL", "number"],
)
@simulated
async def test_a_message_whose_answer_cannot_be_kept_is_delivered_once(
    message: dict[str, Any],
) -> None:
    async with odd() as it:
        await it.warm()
        await it.rules(
            {"call": "send", "text": "event p1 1", "after_commit": True,
             "answer": {"json": {"message": message}}},
        )  # fmt: skip
        sent = await it.write(DANA, 2)
        await it.arrived(2 + 2)

    assert it.texts(DANA) == sent


@simulated
async def test_the_same_message_id_for_two_messages_delivers_both() -> None:
    async with odd() as it:
        await it.warm()
        message = {"id": "1793966400000001", "createdDate": "2026-11-06T12:00:00Z"}
        await it.rules(
            {"call": "send", "text": "event", "times": 2, "after_commit": True,
             "answer": {"json": {"message": message}}},
        )  # fmt: skip
        sent = await it.write(DANA, 3)
        await it.arrived(2 + 3)
        records = await it.records()

    assert it.texts(DANA) == sent
    assert [one.state for one in records] == ["delivered"] * 5
    assert any("message id" in str(one.reason) for one in records)


@simulated
async def test_a_kept_message_that_cannot_be_looked_for_is_said_as_it_is() -> None:
    async with odd() as it:
        await it.warm()
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": "reset"},
            {"call": "list", "answer": wix_error(404)},
        )  # fmt: skip
        await it.write(DANA)
        records = await it.settled(1200.0)

    assert records[-1].state == "parked"
    assert "sent, cannot be confirmed" in str(records[-1].reason)
    assert len(it.texts(DANA)) == 1


@pytest.mark.parametrize("hours", [-1, 1])
@simulated
async def test_one_odd_date_before_a_cut_send_changes_nothing(hours: int) -> None:
    async with odd() as it:
        await it.warm()
        date = email.utils.formatdate(now() + hours * 3600.0, usegmt=True)
        await it.rules(
            {"call": "send", "text": "event p1 1", "after_commit": True,
             "answer": {"json": {"message": {"id": "5", "createdDate": "2026-11-06T12:00:00Z"}},
                        "headers": {"Date": date}}},
            {"call": "send", "text": "event p1 2", "times": 1, "after_commit": True,
             "answer": "reset"},
        )  # fmt: skip
        sent = await it.write(DANA, 3)
        await it.arrived(2 + 3)

    assert it.texts(DANA) == sent


@simulated
async def test_a_send_that_timed_out_is_looked_for_several_times_before_it_is_repeated() -> None:
    async with odd(timeout_seconds=5.0) as it:
        await it.warm()
        await it.rules({"call": "send", "text": "event p1 1", "times": 1, "answer": "slow"})
        sent = await it.write(DANA, 2)
        await it.arrived(2 + 2)

    assert it.texts(DANA) == sent
    assert it.world.calls["GET /inbox/v2/messages"] == 4
    assert it.waited(DANA) > 30


@simulated
async def test_a_send_that_was_cut_is_looked_for_once() -> None:
    async with odd() as it:
        await it.warm()
        await it.rules({"call": "send", "text": "event p1 1", "times": 1, "answer": "reset"})
        sent = await it.write(DANA, 2)
        await it.arrived(2 + 2)

    assert it.texts(DANA) == sent
    assert it.world.calls["GET /inbox/v2/messages"] == 1
    assert it.waited(DANA) < 5


@simulated
async def test_an_event_that_changed_since_it_was_read_holds_its_thread() -> None:
    changed: list[int] = []

    def at_step(step: str) -> None:
        if step == "before begin" and it.texts(DANA, "warm") and not changed:
            changed.append(1)
            it.world.journal.write(_touch, None)

    async with odd(at_step=at_step) as it:
        await it.warm()
        changed.clear()
        sent = await it.write(DANA, 4)
        await it.arrived(2 + 4)

    assert changed
    assert it.texts(DANA) == sent


def _touch(connection: Any, batch: Any) -> list[None]:
    """Another hand in every open event."""
    statement = "UPDATE events SET attempts = attempts + 1 WHERE state IN ('pending', 'retrying')"
    connection.exec_driver_sql(statement)
    return [None] * len(batch)


@simulated
async def test_a_fault_of_ours_after_a_send_never_forgets_the_attempt() -> None:
    async with odd() as it:
        await it.warm()
        client = it.world.courier.sites["site0"].client
        send = client.send
        failures = iter([RuntimeError("a fault"), ValueError("another")])

        async def send_and_fail(*args: Any, **options: Any) -> Any:
            sent = await send(*args, **options)
            if (failure := next(failures, None)) is not None:
                raise failure
            return sent

        client.send = send_and_fail  # type: ignore[method-assign]
        sent = await it.write(DANA, 3)
        await it.arrived(2 + 3)

    assert it.texts(DANA) == sent


@simulated
async def test_a_clock_an_hour_slow_that_is_set_right_before_a_cut_send_changes_nothing() -> None:
    async with odd() as it:
        it.world.clock_ahead[0] = -3600.0
        await it.warm()
        await it.world.crash()  # nothing is known of the conversation's newest message any more
        await it.write(BYSTANDER)
        await it.arrived(2 + 1)
        it.world.clock_ahead[0] = 0.0
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": "reset"},
        )  # fmt: skip
        sent = await it.write(DANA, 2)
        await it.arrived(2 + 3)

    assert it.texts(DANA) == sent


@simulated
async def test_a_clock_set_back_after_the_first_send_of_a_start_changes_nothing() -> None:
    """The first send of a start is written down before any answer has told Wix's time."""
    async with odd() as it:
        it.world.clock_ahead[0] = 3600.0
        await it.warm()
        await it.world.crash()
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": {"status": 503, **HTML}},
        )  # fmt: skip
        sent = await it.write(DANA, 2)
        await asyncio.sleep(1.0)
        it.world.clock_ahead[0] = 0.0
        await it.arrived(2 + 2)

    assert it.texts(DANA) == sent


@pytest.mark.parametrize(
    ("column", "value"), [("due_at", "soon"), ("body", "no JSON"), ("attempts", "three")]
)
@simulated
async def test_a_damaged_row_is_set_aside_and_the_site_goes_on(column: str, value: str) -> None:
    def damage(connection: Any, batch: Any) -> list[None]:
        statement = f"UPDATE events SET {column} = ? WHERE source_id LIKE '%event p1 2'"
        connection.exec_driver_sql(statement, (value,))
        return [None] * len(batch)

    async with odd() as it:
        await it.warm()
        calls = ["send", "query", "conversation"]
        await it.rules(*({"call": call, "answer": {"status": 503, **HTML}} for call in calls))
        await it.write(DANA, 3)
        await it.write(BYSTANDER)
        await it.world.journal.write(damage, None)
        await it.rules()
        await it.world.crash()
        records = await it.settled(700.0)

    states = {one.source_id.removeprefix("0 "): one.state for one in records}
    assert states["event p1 2"] == "parked"
    assert it.texts(DANA) == ["event p1 1", "event p1 3"]
    assert len(it.texts(BYSTANDER)) == 1


@pytest.mark.parametrize("answer", [{"status": 404, **HTML}, {"status": 302, **HTML}])
@simulated
async def test_a_token_that_is_not_given_out_for_a_while_costs_no_event(
    answer: dict[str, Any],
) -> None:
    async with odd(site={"app_id": "app", "app_secret": "secret", "instance_id": "x"}) as it:
        await it.rules({"call": "token", "answer": answer})
        await it.write(DANA, 2)
        await asyncio.sleep(3.0)
        await it.rules()
        await it.arrived(2)

    assert len(it.texts(DANA)) == 2


@simulated
async def test_two_messages_with_one_id_after_a_merge_are_told_apart() -> None:
    async with odd() as it:
        await it.warm()
        await it.rules(
            {"call": "send", "text": "event p1 1", "times": 1, "after_commit": True,
             "answer": "reset"},
        )  # fmt: skip
        await asyncio.gather(it.write(DANA), it.write(BYSTANDER))
        await it.arrived(2 + 1)
        sent = (await it.world.http.get("/_sandbox/messages")).json()["messages"][2:]
        merge = {
            "targetContactId": await it.contact_id(BYSTANDER),
            "sourceContactIds": [await it.contact_id(DANA)],
        }
        (await it.world.http.post("/_sandbox/merge", json=merge)).raise_for_status()
        await it.arrived(2 + 2)

    # Each conversation counts for itself, so at one moment both gave the same id.
    assert len({each["message"]["id"] for each in sent}) == 1
    assert len(sent) == 2
    assert len(it.texts(DANA)) == len(it.texts(BYSTANDER)) == 1
