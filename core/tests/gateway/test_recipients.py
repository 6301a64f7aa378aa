"""Several accounts behind one URL: each connection takes what came to its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inboxbridge import (
    Connector,
    ConnectorSettings,
    Event,
    Part,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.gateway.intake import Progress, Stored, read
from inboxbridge.gateway.recipients import UNCLAIMED, share_out, sharing
from inboxbridge.plugins import Connection

from .conftest import NOW, SCHEME, House, Open


class Pages(Connector[ConnectorSettings]):
    """One delivery speaks of several Pages."""

    @hookimpl
    def signature(self) -> Signature:
        return SCHEME

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        return [
            Event(id=f"m{at}", recipient=page, person=Person(id="dana"), text="Hello")
            for at, page in enumerate(request.json_object()["pages"])
        ]


def pages(name: str, **settings: Any) -> Connection:
    return Connection(
        ConnectionSettings(name=name, plugin="pages", **settings), Pages(ConnectorSettings())
    )


def shares(body: dict[str, Any], first: Connection, *others: Connection) -> dict[str, list[str]]:
    request = SCHEME.sign(WebhookRequest(body=json.dumps(body).encode()), NOW)
    case = read(first, request, NOW, Progress())
    assert isinstance(case, Stored)
    told = {}
    for one, share in share_out(case, first, others):
        unread = [f"{part.id}: {part.reason}" for part in share.unreadable]
        told[one.name] = [str(event.recipient) for event in share.events] + unread
    return told


ALL = {"pages": ["1", "2", None, "3"]}


def test_a_connection_without_recipients_takes_what_no_other_claims() -> None:
    assert shares(ALL, pages("salon"), pages("spa", via="salon", recipients=["2"])) == {
        "salon": ["1", "None", "3"],
        "spa": ["2"],
    }


def test_what_nobody_claims_is_kept_with_the_account_in_its_reason() -> None:
    salon = pages("salon", recipients=["1"])

    assert shares(ALL, salon, pages("spa", via="salon", recipients=["2"])) == {
        "salon": ["1", "None", f"m3: 3 {UNCLAIMED}"],
        "spa": ["2"],
    }
    assert shares({"pages": ["2"]}, salon) == {"salon": [f"m0: 2 {UNCLAIMED}"]}


def test_a_connection_that_is_alone_takes_everything() -> None:
    assert shares(ALL, pages("salon")) == {"salon": ["1", "2", "None", "3"]}


def test_a_delivery_that_is_for_the_others_alone_is_theirs() -> None:
    spa = pages("spa", via="salon", recipients=["2"])

    assert shares({"pages": ["2"]}, pages("salon", recipients=["1"]), spa) == {"spa": ["2"]}


def test_a_recipient_may_be_written_as_a_number() -> None:
    assert pages("salon", recipients=[102938]).settings.recipients == ("102938",)


async def test_each_share_is_stored_under_its_connection_and_site(open_house: Open) -> None:
    async with open_house(more={"salon": Pages, "spa": Pages}) as house:
        rename(house, "spa", via="salon", recipients=["2"], site="spa")
        body = {"pages": ["1", "2", "1"]}
        answers = [await house.deliver(body, to="salon") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert sorted((r.connection, r.site, r.source_id) for r in await house.records()) == [
            ("salon", "default", "m0"),
            ("salon", "default", "m2"),
            ("spa", "spa", "m1"),
        ]


def rename(house: House, name: str, **changes: Any) -> None:
    """Give a running connection other settings."""
    gateway: Any = house.gateway
    connection = gateway._connections[name]
    connection.settings = ConnectionSettings(name=name, plugin=name, **changes)
    gateway._sharing = sharing(gateway._connections)


@pytest.mark.parametrize("order", [1, -1])
def test_whose_an_event_is_does_not_depend_on_the_order_of_the_connections(order: int) -> None:
    others = [
        pages("spa", via="salon", recipients=["2"]),
        pages("bar", via="salon", recipients=["3"]),
    ][::order]

    assert shares(ALL, pages("salon"), *others) == {
        "salon": ["1", "None"], "spa": ["2"], "bar": ["3"],
    }  # fmt: skip
