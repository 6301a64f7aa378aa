"""A delivery of several parts: an odd one is kept as such, and the others are events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inboxbridge import (
    Connector,
    ConnectorSettings,
    Event,
    IgnoredPart,
    NoSignature,
    Part,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.gateway.intake import NOTHING_FOR_THE_INBOX, Malformed, Progress, contents
from inboxbridge.journal import accepting, reads
from inboxbridge.reading import as_object, read_each, text_at
from inboxbridge.telemetry import metrics

from .conftest import SCHEME, Open, connection

GOOD = {"id": "m1", "text": "Is Saturday free?"}
ODD = {"id": "m2", "text": {"words": "never shown"}}
LATER = {"id": "m3", "text": "Or Sunday?"}
TYPING = {"type": "typing"}


class Batches(Connector[ConnectorSettings]):
    """Sends several messages at once."""

    @hookimpl
    def signature(self) -> Signature:
        return SCHEME

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        return read_each(request.json_object()["items"], self.one)

    def one(self, item: object) -> Part:
        message = as_object(item, "items[]")
        if kind := message.get("type"):
            return IgnoredPart(kind=kind)
        key = text_at(message, "id", "items[]", required=True)
        text = text_at(message, "text", "items[]")
        return Event(id=key, person=Person(id="dana"), text=text)


class OpenBatches(Batches):
    """The same, verifying nothing."""

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()


MORE = {"batches": Batches, "open-batches": OpenBatches}


def batch(*items: Any) -> dict[str, Any]:
    return {"items": items}


async def test_an_odd_part_is_kept_with_its_reason_and_the_others_are_stored(
    open_house: Open,
) -> None:
    async with open_house(more=MORE) as house:
        body = batch(GOOD, ODD, LATER)
        answer = await house.deliver(body, to="batches")

        assert answer.status_code == 200
        records = {record.source_id: record for record in await house.records()}
        odd = next(key for key in records if key.startswith("unreadable:"))
        assert {key: record.state for key, record in records.items()} == {
            "m1": "pending", "m3": "pending", odd: "unreadable",
        }  # fmt: skip
        assert records[odd].reason == "items[].text is not text"
        raw = await house.journal.read(reads.raw_delivery, records[odd].id)
        assert raw is not None
        assert json.loads(raw.request.body) == {"items": [GOOD, ODD, LATER]}


async def test_a_repeated_delivery_stores_no_part_twice(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        for _ in range(2):
            await house.deliver(batch(GOOD, ODD, ODD | {"id": "m4"}), to="batches")

        assert sorted(await house.states()) == ["pending", "unreadable", "unreadable"]


async def test_a_delivery_of_odd_parts_alone_is_kept(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        answer = await house.deliver(batch(ODD), to="batches")

        assert (answer.status_code, await house.states()) == (200, ["unreadable"])


async def test_of_odd_parts_alone_no_more_bodies_are_kept_than_the_bound(
    open_house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "UNREADABLE_BODIES", 1)
    async with open_house(more=MORE) as house:
        await house.deliver(batch(ODD), to="batches")
        await house.deliver(batch(ODD | {"id": "m5"}), to="batches")

        reasons = sorted(str(record.reason) for record in await house.records())
        assert [accepting.NOT_KEPT in reason for reason in reasons] == [False, True]


async def test_nothing_unsigned_is_kept_of_which_no_part_can_be_read(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        refused = await house.deliver(batch(ODD), to="open-batches")
        taken = await house.deliver(batch(ODD, GOOD), to="open-batches")

        assert (refused.status_code, taken.status_code) == (400, 200)
        assert sorted(await house.states()) == ["pending", "unreadable"]


async def test_what_is_left_out_is_told_by_the_kind_that_the_source_names(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        await house.deliver(batch(TYPING, TYPING, {"type": "seen"}), to="batches")

        [record] = await house.records()
        assert record.state == "ignored"
        assert record.reason == f"{NOTHING_FOR_THE_INBOX}: typing, seen"


async def test_kinds_that_are_left_out_are_counted_by_their_name(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        before = _left_out("typing")
        await house.deliver(batch(GOOD, TYPING), to="batches")
        await house.deliver(batch(TYPING), to="batches")

        assert _left_out("typing") - before == 2


async def test_a_source_with_endless_kinds_does_not_fill_the_metrics(open_house: Open) -> None:
    async with open_house(more=MORE) as house:
        kinds = [{"type": f"kind-{at}"} for at in range(3 * metrics.MAX_KINDS)]
        await house.deliver(batch(*kinds), to="batches")

        assert _left_out("other") > 0
        samples = metrics.kinds_left_out.collect()[0].samples
        names = {s.labels["kind"] for s in samples if s.labels["connection"] == "batches"}
        assert len(names) <= metrics.MAX_KINDS + 1


def _left_out(kind: str) -> float:
    return (
        metrics.registry.get_sample_value(
            "inboxbridge_kinds_left_out_total", {"connection": "batches", "kind": kind}
        )
        or 0.0
    )


def test_the_reason_of_an_odd_part_quotes_nothing_of_the_delivery() -> None:
    class Quoting(Batches):
        def one(self, item: object) -> Part:
            raise ValueError(item)

    request = WebhookRequest(body=json.dumps(batch(GOOD)).encode())
    case = contents(connection("quoting", Quoting), request, Progress())

    assert not isinstance(case, Malformed)
    [part] = getattr(case, "unreadable", ())
    assert part.reason == "reading it raised ValueError"
