"""Each rule passes a sound connector and catches the fault that it is there for."""

from __future__ import annotations

import datetime as calendar
import itertools
import json
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time as seconds
from typing import Any, ClassVar

import pytest
from inboxbridge import (
    Answer,
    Badge,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Event,
    MalformedBody,
    MinimalMessage,
    NoSignature,
    Person,
    Providers,
    Secret,
    Secrets,
    SharedToken,
    Signature,
    TimestampedHmac,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.testing import Expected, Sample, Subject, Unmet, contract_suite, rules, scorecard

pytestmark = pytest.mark.slow

SETTINGS = {"secret": "s3cret-of-acme"}


class AcmeSettings(ConnectorSettings):
    """Settings of Acme.

    Attributes:
        secret: What Acme signs with.
    """

    secret: Secrets


class Acme(Connector[AcmeSettings]):
    """Sound in every way. Source: https://acme.example.com/docs/webhooks."""

    Settings: ClassVar[Any] = AcmeSettings
    label = "Acme"

    @hookimpl
    def signature(self) -> Signature:
        return TimestampedHmac(self.settings.secret, "Acme-Signature")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        items = request.json_object().get("items", [])
        if not isinstance(items, list):
            raise MalformedBody("items is not a list")
        return [self.event(item) for item in items if self.is_known(item)]

    def is_known(self, item: Any) -> bool:
        return isinstance(item, dict) and item.get("kind") in ("said", "replied", "done")

    def event(self, item: dict[str, Any]) -> Event:
        for name in ("id", "email", "text"):
            if not isinstance(item.get(name), str) or not item[name].strip("\x00\ufffd "):
                raise MalformedBody(f"items[].{name} is missing")
        return Event(
            id=f"acme:{item['id']}",
            kind="activity" if item["kind"] == "done" else "message",
            direction="outbound" if item["kind"] == "replied" else "inbound",
            person=Person(email=item["email"]),
            text=f"Acme: {item['text']}" if item["kind"] == "done" else item["text"] + ".",
        )

    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        if event.kind == "activity":
            return MinimalMessage(text=event.text)
        return BasicMessage(text=event.text)

    @hookimpl
    def badge(self) -> Badge:
        return Badge(text=self.label)


def item(id: str, kind: str = "said") -> dict[str, str]:
    return {"id": id, "kind": kind, "email": "dana@example.com", "text": f"Text of {id}"}


def sample(name: str, *items: dict[str, str], expected: Expected | None = None) -> Sample:
    return Sample(name, json.dumps({"items": items}).encode(), expected=expected)


SAMPLES = [
    sample(
        "batch.json",
        item("b"),
        item("a", "done"),
        item("c", "replied"),
        expected=Expected(
            events=[
                {"id": "acme:b", "person": {"email": "dana@example.com"}},
                {"kind": "activity"},
                {"direction": "outbound"},
            ],
            messages=[
                {"type": "BASIC", "text": "Text of b.", "badge": "Acme"},
                {"type": "MINIMAL", "text": "Acme: Text of a", "badge": None},
                {"type": "BASIC"},
            ],
        ),
    ),
    sample("one.json", item("d"), expected=Expected(events=[{"id": "acme:d"}])),
    sample("ignored.json", item("e", "typing"), expected=Expected(events=[], messages=[])),
]

TestAcme = contract_suite(
    Acme,
    settings=SETTINGS,
    samples=SAMPLES,
    unknown=[b'{"items": [{"kind": "typing"}]}', b'{"what": "ever"}'],
    exempt={"has_readme": "a test has none", "is_typed": "a test module is not a package"},
    minimum="gold",
)


class FormAcme(Acme):
    """The same as a form with a token. Source: https://acme.example.com/docs/forms."""

    @hookimpl
    def signature(self) -> Signature:
        return SharedToken(self.settings.secret, header="X-Acme-Token")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        fields = dict(request.form())
        return [self.event(fields)] if self.is_known(fields) else []


FORM_SAMPLES = [
    Sample(
        "said.form",
        b"id=f&kind=said&email=dana%40example.com&text=Is+Saturday+free%3F&blank=",
        content_type="application/x-www-form-urlencoded",
    )
]

TestFormAcme = contract_suite(
    Providers({"form": f"{__name__}:FormAcme"}, default="form"),
    provider="form",
    settings={"secret": ["s3cret-of-acme"]},
    samples=FORM_SAMPLES,
)


@dataclass(frozen=True)
class Fault:
    """A connector with one fault, and the words by which the rule names it."""

    connector: type[Connector[Any]]
    says: str
    samples: list[Sample] | None = None
    settings: dict[str, Any] | None = None
    unknown: tuple[bytes, ...] = ()


FAULTS: list[tuple[str, Fault]] = []


def fault(rule: str, says: str, **given: Any) -> Callable[[type[Acme]], type[Acme]]:
    def register(connector: type[Acme]) -> type[Acme]:
        FAULTS.append((rule, Fault(connector, says, **given)))
        return connector

    return register


@fault("has_samples", "no sample becomes an event")
class IgnoresAll(Acme):
    def is_known(self, item: Any) -> bool:
        return False


@fault("parses", "raised KeyError in event .*: 'cc'")
class ReadsWhatIsNotThere(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        return super().event(item).model_copy(update={"data": {"cc": item["cc"]}})


@fault("parses", "refused as malformed: too new")
class RefusesItsSample(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        raise MalformedBody("too new")


@fault("parses", "returned a tuple, not a list of Event")
class ReturnsAnotherType(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> Any:
        return ()


@fault("parses", "socket.* is not allowed")
class AsksTheNetwork(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=0.1)
        except Exception:
            return super().event(item)
        raise AssertionError("connected")


@fault("parses", "open is not allowed")
class WritesAFile(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        Path("/nowhere/acme.log").write_text("x")
        raise AssertionError("written")


@fault("becomes_messages", "not MinimalMessage")
class SaysWhatWasDone(Acme):
    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage:
        return BasicMessage(text=event.text)


@fault("becomes_messages", "a message with nothing in it")
class SaysNothing(Acme):
    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage:
        return BasicMessage()


@fault("becomes_messages", "badge raised")
class NamesItselfAtLength(Acme):
    @hookimpl
    def badge(self) -> Badge:
        return Badge(text="Acme " * 20)


@fault("ids_are_stable", "the id of its events changes")
class InventsIds(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        return super().event(item).model_copy(update={"id": str(uuid.uuid4())})


@fault("ids_are_stable", "the id of its events changes")
class NumbersByArrival(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        update = {"id": request.received_at.isoformat()}
        return [event.model_copy(update=update) for event in super().parse_event(request)]


@fault("ids_are_stable", "the thread_key of its events changes")
class ThreadsByArrival(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        update = {"thread": request.received_at.isoformat()}
        return [event.model_copy(update=update) for event in super().parse_event(request)]


@fault("ids_are_distinct", "several events have the id 'acme'")
class OneIdForAll(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        return super().event(item).model_copy(update={"id": "acme"})


@fault("is_garbage_safe", "raised .* in event")
class TrustsTypes(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        return Event(id=item["id"], text=item["text"], person=Person(email=item["email"]))


@fault("is_garbage_safe", "to_wix_message raised ValidationError")
class TakesWhatItCannotDeliver(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        text = item.get("text")
        return Event(id="e", kind="activity", text=text if isinstance(text, str) else "")


@fault("is_garbage_safe", "'acme:1' changes in storage")
class KeepsWhatCannotBeStored(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        if isinstance(item.get("text"), str):
            return super().event(item)
        return Event(id="acme:1").model_copy(update={"text": " \x00 "})


@fault("is_garbage_safe", "raised (IndexError|ValidationError)", samples=FORM_SAMPLES)
class TrustsForms(FormAcme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return [Event(id=[v for n, v in request.form() if n == "id"][0], text="t")]  # noqa: RUF015


@fault("other_hooks_are_garbage_safe", "KeyError")
class TrustsQueries(Acme):
    @hookimpl
    def handshake(self, request: WebhookRequest) -> Answer:
        return Answer(body=dict(request.query)["hub.challenge"])


@fault("other_hooks_are_garbage_safe", "answer returned a str, not Answer")
class AnswersInText(Acme):
    @hookimpl
    def answer(self) -> Any:
        return "ok"


@fault("declares_proof", "NoSignature: whoever knows the URL")
class ProvesNothing(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()


class Lenient(Signature):
    """Accepts whatever *accepts* says."""

    def __init__(self, accepts: Callable[[WebhookRequest], bool]) -> None:
        self.accepts = accepts

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        return None if self.accepts(request) else "no"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        return SharedToken("abcdefgh", header="x-acme").sign(request, now)


@fault("is_accepted_when_signed", "correctly signed, is refused: no")
class RefusesAll(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return Lenient(lambda request: False)


@fault("is_refused_unsigned", "accepted without a signature")
class AcceptsAll(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return Lenient(lambda request: True)


@fault("is_refused_when_forged", "another value in the header x-acme")
class LooksForTheHeaderOnly(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return Lenient(lambda request: "x-acme" in request.headers)


@fault("is_refused_when_forged", "another body than the signed one")
class SignsNoBody(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return Lenient(lambda request: request.headers.get("x-acme") == "abcdefgh")


@fault("is_refused_when_forged", "signed with other secrets", samples=FORM_SAMPLES)
class HoldsAConstant(FormAcme):
    @hookimpl
    def signature(self) -> Signature:
        return SharedToken("the-same-for-all", header="X-Acme-Token")


@fault("is_refused_when_stale", "signed a day ago")
class RemembersForever(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return TimestampedHmac(self.settings.secret, "Acme-Signature", tolerance_seconds=1e9)


class OneSecretSettings(ConnectorSettings):
    secret: Secret


@fault("rotates", "no setting may hold several secrets")
class HasOneSecret(Acme):
    Settings: ClassVar[Any] = OneSecretSettings


@fault("rotates", "signed with the old of two live secrets")
class UsesTheFirstSecret(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return TimestampedHmac(self.settings.secret[0], "Acme-Signature")


class LooseSettings(ConnectorSettings, extra="ignore"):
    secret: Secrets


class BlankSettings(ConnectorSettings):
    secret: tuple[Secret, ...] = ()


class OpenSettings(AcmeSettings):
    token: str = ""


@fault("refuses_unknown_settings", "takes keys that it does not know")
class TakesAnySetting(Acme):
    Settings: ClassVar[Any] = LooseSettings


@fault("refuses_unknown_settings", "the setting secret may be empty",
       settings={"secret": ("s3cret-of-acme",)})  # fmt: skip
class TakesNoSecret(Acme):
    Settings: ClassVar[Any] = BlankSettings


@fault("hides_secrets", "a secret shows in the connector's repr")
class PrintsItself(Acme):
    def __repr__(self) -> str:
        return f"Acme({self.settings.secret[0].get_secret_value()})"


@fault("hides_secrets", "a secret shows in an event of batch.json")
class KeepsItsSecret(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        secret = self.settings.secret[0].get_secret_value()
        return super().event(item).model_copy(update={"data": {"key": secret}})


@fault("hides_secrets", "a secret shows in a MalformedBody")
class RefusesWithItsSecret(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        raise MalformedBody(f"expected {self.settings.secret[0].get_secret_value()}")


class KeepsTheToken(SharedToken):
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        return request


@fault("hides_secrets", "a secret shows in the stored body")
class StoresItsToken(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return KeepsTheToken(self.settings.secret, body_field="token")


@fault("has_supported_api_version", "api_version is 99")
class FromTheFuture(Acme):
    api_version: ClassVar = 99


@fault("is_as_expected", r"batch.json differs .* events\[0\].id is 'b', expected 'acme:b'")
class NamesEventsOtherwise(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        return super().event(item).model_copy(update={"id": item["id"]})


@fault("is_as_expected", r"messages\[1\].text is")
class WordsMessagesOtherwise(Acme):
    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        if event.kind == "activity":
            return MinimalMessage(text="Something was done")
        return BasicMessage(text=event.text)


@fault("survives_json", "another one after storage")
class RemembersObjects(Acme):
    made: ClassVar[list[Event]] = []

    def event(self, item: dict[str, Any]) -> Event:
        self.made.append(super().event(item))
        return self.made[-1]

    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        mine = any(event is one for one in self.made)
        text = event.text if mine else "?"
        return MinimalMessage(text=text) if event.kind == "activity" else BasicMessage(text=text)


class Timed(Acme):
    def now(self) -> object:
        """A moment that the connector should not know of."""

    def event(self, item: dict[str, Any]) -> Event:
        return super().event(item).model_copy(update={"data": {"now": str(self.now())}})


@fault("is_pure", "the same delivery gave different")
class AsksDatetime(Timed):
    def now(self) -> object:
        return datetime.now().year  # noqa: DTZ005


@fault("is_pure", "the same delivery gave different")
class AsksDate(Timed):
    def now(self) -> object:
        return calendar.date.today()  # noqa: DTZ011


@fault("is_pure", "the same delivery gave different")
class AsksTime(Timed):
    def now(self) -> object:
        return int(seconds()) // 1000


@fault("is_pure", "the same delivery gave different")
class AsksLocaltime(Timed):
    def now(self) -> object:
        return time.localtime().tm_year


@fault("is_pure", "the same delivery gave different")
class Counts(Timed):
    count = 0

    def now(self) -> object:
        self.count += 1
        return self.count


@fault("keeps_order", "not in the order of the body")
class SortsById(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return sorted(super().parse_event(request), key=lambda event: event.id)


@fault("keeps_what_was_said", "batch.json says what no message shows: items.1.text: 'Text of a'")
class DropsTheWords(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        event = super().event(item)
        return event.model_copy(update={"text": "Done"}) if event.kind == "activity" else event


TWO_PEOPLE = [
    item("n") | {"email": "mara@example.com", "phone": "+436641111111"},
    item("o") | {"email": "tobias@example.com", "phone": "+436642222222"},
]


@fault("people_are_not_mixed", "the email of one item of items and the phone of another",
       samples=[sample("class.json", *TWO_PEOPLE)])  # fmt: skip
class MixesPeople(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        first, last = request.json_object()["items"]
        person = Person(email=first["email"], phone=last["phone"])
        return [Event(id="e", person=person, text=first["text"])]


@fault("parts_are_independent", "of another item is lost: an item is not an object")
class RefusesTheWholeBatch(Acme):
    def is_known(self, item: Any) -> bool:
        if not isinstance(item, dict):
            raise MalformedBody("an item is not an object")
        return super().is_known(item)


@fault("parts_are_independent", "is lost: parse_event returned too few events")
class StopsAtTheOddOne(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        items = request.json_object().get("items", [])
        if not isinstance(items, list):
            raise MalformedBody("items is not a list")
        known = itertools.takewhile(lambda item: isinstance(item, dict), items)
        return [self.event(item) for item in known if self.is_known(item)]


@fault("ignores_unknown", "of an unknown kind gave 1 events")
class TakesAnything(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return [Event(id="e", text=request.text())]


@fault("ignores_unknown", "unknown kind is refused as malformed",
       unknown=(b'{"items": [{"kind": "typing"}]}',))  # fmt: skip
class RefusesUnknown(Acme):
    def is_known(self, item: Any) -> bool:
        return True


@fault("takes_long_texts", "a text of 100 kB is refused",
       samples=[sample("note.json", item("n"))])  # fmt: skip
class RefusesLongTexts(Acme):
    def event(self, item: dict[str, Any]) -> Event:
        if len(item["text"]) > 1000:
            raise MalformedBody("text is too long")
        return super().event(item).model_copy(update={"text": item["text"]})


@fault("has_several_samples", "there are 1 samples", samples=SAMPLES[:1])
class HasOneSample(Acme):
    pass


@fault("has_several_samples", "the same kind of event",
       samples=[sample(f"{n}.json", item(n)) for n in "abc"])  # fmt: skip
class HasOneKind(Acme):
    pass


@fault("shows_what_is_ignored", "no sample is ignored", samples=SAMPLES[:2])
class IgnoresNothing(Acme):
    pass


@fault("has_both_directions", "no sample becomes an outbound event", samples=SAMPLES[1:])
class HearsOneSide(Acme):
    pass


@fault("names_its_source", "give Nameless a label")
class Nameless(Acme):
    label = ""


@fault("names_its_source", "batch.json: its message has no badge")
class Badgeless(Acme):
    @hookimpl
    def badge(self) -> Any:
        return None


@fault("refuses_in_words", "MalformedBody says nothing")
class RefusesInSilence(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        try:
            return super().parse_event(request)
        except MalformedBody:
            raise MalformedBody from None


@fault("refuses_in_words", "read as nothing")
class SwallowsGarbage(Acme):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        try:
            return super().parse_event(request)
        except MalformedBody:
            return []


@fault("says_what_to_expect", "note.json has no note.expected.json",
       samples=[sample("note.json", item("n"))])  # fmt: skip
class ExpectsNothing(Acme):
    pass


@fault("has_edge_samples", "add a sample of a batch", samples=SAMPLES[1:])
class KnowsNoEdges(Acme):
    pass


@fault("is_typed", "has no py.typed")
class IsUntyped(Acme):
    pass


@fault("documents_settings", "the setting token is described neither")
class HasOpenSettings(Acme):
    Settings: ClassVar[Any] = OpenSettings


@fault("cites_its_source", "the address of the source's documentation")
class CitesNothing(Acme):
    """Nothing."""


@fault("has_readme", "no README.md")
class HasNoReadme(Acme):
    pass


RULES = {rule.name: rule for rule in rules()}


@pytest.mark.parametrize(
    ("rule", "faulty"), FAULTS, ids=[f"{rule}-{f.connector.__name__}" for rule, f in FAULTS]
)
def test_a_fault_is_caught_by_its_rule_and_named(rule: str, faulty: Fault) -> None:
    subject = Subject(
        faulty.connector, settings=faulty.settings or SETTINGS, unknown=faulty.unknown
    )

    with pytest.raises(Unmet, match=faulty.says):
        RULES[rule].check(subject, faulty.samples or SAMPLES)


def test_every_rule_has_a_fault_that_it_catches() -> None:
    assert {rule for rule, _ in FAULTS} == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_what_and_why(rule: Any) -> None:
    assert rule.what.endswith((".", ";"))
    assert rule.why.endswith(".")
    assert (rule.each is None) != (rule.whole is None)


def test_a_sound_connector_reaches_silver_without_exemptions_of_its_level() -> None:
    card = scorecard(Acme, SETTINGS, SAMPLES)

    assert card.level == "silver", str(card)
    assert [mark.rule.name for mark in card.missing("gold")] == ["is_typed", "has_readme"]
