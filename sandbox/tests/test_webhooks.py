"""What the sandbox tells an app: signature, nesting, events, retries, duplicates, order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from inboxbridge_sandbox import AppGrant
from inboxbridge_sandbox.webhooks import RETRY_AFTER_SECONDS, TargetRefusedError, check_loopback

from .conftest import APP, CONTACT, OTHER_CONTACT, SITE, Wix, contact

URL = "http://127.0.0.1:9/wix"
VISITOR = "5e6f7081-92a3-4b4c-8d5e-6f708192a3b4"
CONTACTS = "/contacts/v4/contacts"


class Receiver:
    """Stands where the app listens; answers what it is told to."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.answers: list[int | Exception] = []
        self.requests: list[httpx.Request] = []
        self.third = asyncio.Event()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        self.bodies.append(request.content.decode())
        if len(self.bodies) == 3:
            self.third.set()
        return httpx.Response(answer, headers={"location": f"{URL}/elsewhere"})


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def listening(make: Callable[..., Wix], receiver: Receiver) -> Wix:
    return make(webhook_transport=httpx.MockTransport(receiver))


async def subscribe(wix: Wix, **more: Any) -> str:
    answer = await wix.control("/webhooks", {"url": URL, "appId": APP, **more})
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["public_key"]
    return found


def unwrapped(wix: Wix, body: str) -> dict[str, Any]:
    """The event inside a webhook body, its envelope under `envelope`."""
    claims = jwt.decode(body, wix.sandbox.webhooks.public_key, algorithms=["RS256"])
    envelope = json.loads(claims["data"])
    event: dict[str, Any] = json.loads(envelope["data"])
    identity = json.loads(envelope["identity"]) if "identity" in envelope else None
    return {**event, "envelope": {**envelope, "identity": identity}}


async def told(wix: Wix, receiver: Receiver) -> list[dict[str, Any]]:
    """The events that are due, as the app would unwrap them."""
    receiver.bodies.clear()
    await wix.sandbox.webhooks.deliver_due()
    return [unwrapped(wix, body) for body in receiver.bodies]


@pytest.fixture(autouse=True)
def honest_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's clock stands in 2026; claims are checked against that, not today."""
    original = jwt.decode

    def decode(*args: Any, **more: Any) -> Any:
        off = {"verify_exp": False, "verify_iat": False}
        return original(*args, **{**more, "options": off})

    monkeypatch.setattr(jwt, "decode", decode)


async def test_a_webhook_is_one_signed_jwt(listening: Wix, receiver: Receiver) -> None:
    pem = await subscribe(listening)
    await listening.seed_dana()
    await listening.send(await listening.conversation())
    await listening.sandbox.webhooks.deliver_due()

    [body] = receiver.bodies
    claims = jwt.decode(body, pem, algorithms=["RS256"])
    assert jwt.get_unverified_header(body)["alg"] == "RS256"
    assert claims.keys() == {"data", "iat", "exp"}
    assert (claims["iat"], claims["exp"] - claims["iat"]) == (1772615727, 3_600_000)
    assert receiver.requests[0].method == "POST"
    assert (await listening.client.get("/_sandbox/webhooks/public-key")).text == pem


async def test_another_key_does_not_verify(listening: Wix, receiver: Receiver) -> None:
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    await subscribe(listening)
    await listening.control("/contacts", [contact(CONTACT)])
    await listening.send(await listening.conversation())
    await listening.sandbox.webhooks.deliver_due()

    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(receiver.bodies[0], another, algorithms=["RS256"])


async def test_a_message_of_an_app_comes_back_as_an_echo(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    await listening.seed_dana()
    conversation = await listening.conversation()
    kept = await listening.send(conversation)

    [event] = await told(listening, receiver)

    assert event["entityFqdn"] == "wix.crm.inbox.v2.message"
    assert event["slug"] == "message_sent_to_business"
    assert event["entityId"] == kept["id"]
    assert event["actionEvent"] == {"body": {"conversationId": conversation, "message": kept}}
    assert event["eventTime"] == "2026-03-04T09:15:27.500000Z"
    assert event["triggeredByAnonymizeRequest"] is False
    assert event["envelope"]["eventType"] == ("wix.crm.inbox.v2.message_message_sent_to_business")
    assert event["envelope"]["instanceId"] == SITE
    assert event["envelope"]["identity"]["identityType"] == "WIX_USER"


async def test_a_reply_is_told_as_sent_to_the_participant(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    await listening.seed_dana()
    conversation = await listening.conversation()
    await listening.send(conversation, direction="BUSINESS_TO_PARTICIPANT")

    [event] = await told(listening, receiver)

    assert event["slug"] == "message_sent_to_participant"


async def test_echoes_can_be_switched_off(make: Callable[..., Wix], receiver: Receiver) -> None:
    wix = make(webhook_transport=httpx.MockTransport(receiver), echo=False)
    await subscribe(wix)
    await wix.seed_dana()
    await wix.send(await wix.conversation())
    await wix.control("/visitor-messages", {"contactId": CONTACT, "text": "Hi"})

    events = await told(wix, receiver)

    previews = [e["actionEvent"]["body"]["message"]["content"]["previewText"] for e in events]
    assert previews == ["Hi"]


async def test_an_apps_events_name_its_instance_and_identity(
    make: Callable[..., Wix], receiver: Receiver
) -> None:
    apps = {APP: AppGrant(secret="secret", instances={"the-instance": SITE})}
    wix = make(webhook_transport=httpx.MockTransport(receiver), apps=apps)
    await subscribe(wix)
    body = {
        "grant_type": "client_credentials",
        "client_id": APP,
        "client_secret": "secret",
        "instance_id": "the-instance",
    }
    token = (await wix.client.post("/oauth2/token", json=body)).json()["access_token"]
    wix.headers = {"authorization": token}
    await wix.post(CONTACTS, {"info": {"name": {"first": "Dana"}}})

    [event] = await told(wix, receiver)

    assert event["envelope"]["instanceId"] == "the-instance"
    assert event["envelope"]["identity"] == {"identityType": "APP", "appId": APP}


async def test_a_visitor_is_the_identity_of_their_own_message(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    await listening.query()
    body = {"anonymousVisitorId": VISITOR, "text": "Is anyone there?"}
    await listening.control("/visitor-messages", body)

    [event] = await told(listening, receiver)

    identity = {"identityType": "ANONYMOUS_VISITOR", "anonymousVisitorId": VISITOR}
    assert event["envelope"]["identity"] == identity


async def test_a_member_is_the_identity_of_their_own_message(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    await listening.seed(contact(CONTACT, memberInfo={"memberId": VISITOR}))
    await listening.query()
    await listening.control("/visitor-messages", {"memberId": VISITOR, "text": "Hi"})

    [event] = await told(listening, receiver)

    assert event["envelope"]["identity"] == {"identityType": "MEMBER", "memberId": VISITOR}


async def test_the_life_of_a_contact_is_told(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening)
    answer = await listening.post(CONTACTS, {"info": {"name": {"first": "Dana"}}})
    created = answer.json()["contact"]
    await listening.delete_contact(created["id"])

    events = await told(listening, receiver)

    assert [event["slug"] for event in events] == ["created", "deleted"]
    assert {event["entityId"] for event in events} == {created["id"]}
    assert {event["entityFqdn"] for event in events} == {"wix.contacts.v4.contact"}
    assert events[0]["createdEvent"] == {"entity": created}
    assert events[1]["deletedEvent"] == {}
    assert [event["entityEventSequence"] for event in events] == ["1", "2"]
    assert len({event["id"] for event in events}) == 2
    assert [event["envelope"]["eventType"] for event in events] == [
        "wix.contacts.v4.contact_created",
        "wix.contacts.v4.contact_deleted",
    ]


async def test_a_merge_is_told_with_all_its_effects(listening: Wix, receiver: Receiver) -> None:
    await listening.seed(contact(CONTACT), contact(OTHER_CONTACT))
    target = await listening.conversation(CONTACT)
    source = await listening.conversation(OTHER_CONTACT)
    await subscribe(listening)
    body = {"targetContactId": CONTACT, "sourceContactIds": [OTHER_CONTACT]}
    merged = (await listening.control("/merge", body)).json()["contact"]

    events = await told(listening, receiver)

    assert [event["slug"] for event in events] == [
        "merged",
        "updated",
        "deleted",
        "conversations_merged",
    ]
    assert json.loads(events[0]["actionEvent"]["bodyAsJson"]) == {
        "targetContactId": CONTACT,
        "sourceContactIds": [OTHER_CONTACT],
        "targetContact": merged,
    }
    assert events[1]["updatedEvent"] == {"currentEntity": merged}
    assert [event.get("originatedFrom") for event in events] == [None, "merge", "merge", None]
    assert [event["entityId"] for event in events[:3]] == [CONTACT, CONTACT, OTHER_CONTACT]
    assert events[3]["entityFqdn"] == "wix.crm.inbox.v2.conversation"
    assert events[3]["actionEvent"]["body"] == {
        "oldConversationIds": [source],
        "targetConversationId": target,
    }
    assert events[3]["envelope"]["identity"] is None


async def test_seeding_tells_nothing(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening)
    await listening.seed_dana()
    await listening.query()

    assert await told(listening, receiver) == []


async def test_a_target_hears_only_its_site_and_slugs(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening, slugs=["created"], site=SITE)
    created = await listening.post(CONTACTS, {"info": {"name": {"first": "Dana"}}})
    await listening.delete_contact(created.json()["contact"]["id"])
    listening.headers["wix-site-id"] = "elsewhere"
    await listening.post(CONTACTS, {"info": {"name": {"first": "Noa"}}})

    assert [event["slug"] for event in await told(listening, receiver)] == ["created"]


async def happen(wix: Wix, count: int = 1) -> None:
    for at in range(count):
        await wix.post(CONTACTS, {"info": {"name": {"first": f"Guest {at}"}}})


@pytest.mark.parametrize(
    "failure", [500, 404, 201, 302, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")]
)
async def test_anything_but_200_is_tried_again_after_a_minute(
    listening: Wix, receiver: Receiver, failure: int | Exception
) -> None:
    await subscribe(listening)
    receiver.answers = [failure]
    await happen(listening)

    await listening.sandbox.webhooks.deliver_due()
    listening.clock.pass_(59)
    assert await told(listening, receiver) == []
    listening.clock.pass_(1)
    assert [event["slug"] for event in await told(listening, receiver)] == ["created"]
    assert listening.sandbox.webhooks.pending == 0


async def test_redirects_are_not_followed(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening)
    receiver.answers = [302]
    await happen(listening)
    await listening.sandbox.webhooks.deliver_due()

    assert len(receiver.requests) == 1


async def test_after_twelve_more_attempts_it_is_given_up(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    receiver.answers = [500] * 100
    await happen(listening)
    await listening.sandbox.webhooks.deliver_due()
    for wait in RETRY_AFTER_SECONDS:
        assert listening.sandbox.webhooks.pending == 1
        listening.clock.pass_(wait)
        await listening.sandbox.webhooks.deliver_due()

    assert listening.sandbox.webhooks.pending == 0
    assert len(receiver.requests) == 13
    assert sum(RETRY_AFTER_SECONDS) / 3600 == pytest.approx(47.2, abs=0.1)
    attempts = (await listening.control("/webhooks")).json()["attempts"]
    assert [each["attempt"] for each in attempts] == list(range(1, 14))
    assert {each["status"] for each in attempts} == {500}


async def test_a_retry_carries_the_event_of_the_first_time(
    listening: Wix, receiver: Receiver
) -> None:
    await subscribe(listening)
    receiver.answers = [500]
    await happen(listening)
    await listening.sandbox.webhooks.deliver_due()
    listening.clock.pass_(60)
    await listening.sandbox.webhooks.deliver_due()

    first, second = receiver.bodies
    assert first == second


async def test_waiting_times_can_be_shortened(make: Callable[..., Wix], receiver: Receiver) -> None:
    wix = make(webhook_transport=httpx.MockTransport(receiver), webhook_time_scale=0.001)
    await subscribe(wix)
    receiver.answers = [500]
    await happen(wix)
    await wix.sandbox.webhooks.deliver_due()
    wix.clock.pass_(0.061)

    assert len(await told(wix, receiver)) == 1


async def test_what_waits_can_be_sent_at_once(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening)
    receiver.answers = [500]
    await happen(listening)

    first = await listening.control("/webhooks/deliver", {})
    second = await listening.control("/webhooks/deliver", {})

    assert (first.json(), second.json()) == ({"attempts": 1}, {"attempts": 1})
    assert listening.sandbox.webhooks.pending == 0


async def test_duplicates_are_the_same_event(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening, duplicates=2)
    await happen(listening)

    events = await told(listening, receiver)

    assert len(events) == 3
    assert len({event["id"] for event in events}) == 1


async def test_events_overtake_one_another_on_demand(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening, reorder=True)
    await happen(listening, 20)
    listening.clock.pass_(1)

    names = [
        event["createdEvent"]["entity"]["info"]["name"]["first"]
        for event in await told(listening, receiver)
    ]

    in_order = [f"Guest {at}" for at in range(20)]
    assert sorted(names) == sorted(in_order)
    assert names != in_order


async def test_events_keep_their_order_otherwise(listening: Wix, receiver: Receiver) -> None:
    await subscribe(listening)
    await happen(listening, 20)

    names = [
        event["createdEvent"]["entity"]["info"]["name"]["first"]
        for event in await told(listening, receiver)
    ]

    assert names == [f"Guest {at}" for at in range(20)]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://[2001:db8::1]/",
        "http://2130706433/",
        "http://[::1",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1:80",
        "",
    ],
)
async def test_only_this_machine_is_ever_called(wix: Wix, url: str) -> None:
    with pytest.raises(TargetRefusedError):
        check_loopback(url)

    answer = await wix.control("/webhooks", {"url": url, "appId": APP})

    assert answer.status_code == 400
    assert (await wix.control("/webhooks")).json()["targets"] == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://127.9.9.9/", "http://[::1]:9/", "http://localhost/"]
)
async def test_loopback_addresses_are_taken(wix: Wix, url: str) -> None:
    answer = await wix.control("/webhooks", {"url": url, "appId": APP})

    assert answer.status_code == 200


@pytest.mark.parametrize("body", [{"appId": APP}, {"url": URL}, {"url": URL, "appId": APP, "x": 1}])
async def test_a_target_needs_its_url_and_app(wix: Wix, body: Any) -> None:
    assert (await wix.control("/webhooks", body)).status_code == 400


async def test_events_are_sent_by_themselves_while_the_application_runs(
    listening: Wix, receiver: Receiver
) -> None:
    app = listening.client._transport.app
    async with app.router.lifespan_context(app):
        await subscribe(listening)
        await asyncio.sleep(0)
        await happen(listening, 3)
        async with asyncio.timeout(30):
            await receiver.third.wait()

    assert len(receiver.bodies) == 3
    assert listening.sandbox.webhooks.pending == 0
