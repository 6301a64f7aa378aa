"""One line makes a connector's whole contract suite, and says in words what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from inboxbridge import (
    Connector,
    ConnectorSettings,
    Ed25519Signature,
    Event,
    HmacSignature,
    NoSignature,
    Person,
    Providers,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.testing import Sample, contract_suite, scorecard

pytestmark = pytest.mark.slow


class Settings(ConnectorSettings):
    secret: Secrets


class Tiny(Connector[Settings]):
    Settings: ClassVar[Any] = Settings

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.secret, "x-tiny")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        if request.body != b'{"id": 1}':
            return []
        return [Event(id="1", person=Person(email="dana@example.com"), text="Hi")]


class Unsigned(Tiny):
    Settings: ClassVar[Any] = ConnectorSettings

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()


class Asymmetric(Tiny):
    Settings: ClassVar[Any] = ConnectorSettings
    SEED = bytes(range(32))
    KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="

    @hookimpl
    def signature(self) -> Signature:
        return Ed25519Signature(self.KEY, "x-sig", "x-time")


def sign_asymmetric(request: WebhookRequest, now: float) -> WebhookRequest:
    key = Ed25519Signature(Asymmetric.KEY, "x-sig", "x-time", private_key=Asymmetric.SEED)
    return key.sign(request, now)


SETTINGS = {"secret": "s3cret-of-tiny"}
SAMPLES = [Sample("one.json", b'{"id": 1}')]


def names_of_tests(suite: type) -> set[str]:
    return {name for name in vars(suite) if name.startswith("test_")}


def test_a_suite_holds_the_tests_that_apply() -> None:
    suite = contract_suite(Tiny, settings=SETTINGS, samples=SAMPLES)

    assert suite.__name__ == "TestTinyContract"
    assert {"test_parses", "test_is_garbage_safe", "test_rotates", "test_is_refused_unsigned",
            "test_is_pure", "test_scorecard"} <= names_of_tests(suite)  # fmt: skip
    assert not {"test_is_refused_when_stale", "test_is_as_expected"} & names_of_tests(suite)


def test_as_many_bodies_are_broken_by_chance_as_is_asked_for_and_always_the_same() -> None:
    tried: list[bytes] = []

    class Recording(Tiny):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            tried.append(request.body)
            return super().parse_event(request)

    found = {}
    for fuzz in (1, 201, 201):
        scorecard(Recording, SETTINGS, SAMPLES, fuzz=fuzz)
        assert found.setdefault(fuzz, list(tried)) == tried
        tried.clear()

    assert 190 <= len(found[201]) - len(found[1]) <= 210


def test_each_test_says_what_it_asks_and_why() -> None:
    suite = contract_suite(Tiny, settings=SETTINGS, samples=SAMPLES)

    for name in names_of_tests(suite):
        assert len(getattr(suite, name).__doc__) > 30


def test_a_source_that_signs_nothing_needs_an_exemption_with_a_reason() -> None:
    why = {"declares_proof": "the source signs nothing, see its documentation"}

    suite = contract_suite(Unsigned, settings={}, samples=SAMPLES, exempt=why)

    assert not {"test_is_refused_unsigned", "test_is_accepted_when_signed"} & names_of_tests(suite)
    assert scorecard(Unsigned, {}, SAMPLES).level is None
    assert scorecard(Unsigned, {}, SAMPLES, exempt=why).level == "bronze"


def test_a_signature_that_only_the_source_can_make_is_given_as_a_function() -> None:
    without = {mark.rule.name: mark.missing for mark in scorecard(Asymmetric, {}, SAMPLES).marks}
    card = scorecard(Asymmetric, {}, SAMPLES, sign=sign_asymmetric)

    assert "Give the suite sign=" in (without["is_accepted_when_signed"] or "")
    assert card.level == "bronze", str(card)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"samples": []}, "no samples found"),
        ({"samples": "/nowhere"}, "no samples found in /nowhere: put a captured body there"),
        ({"settings": {}}, "do not fit Tiny: secret: Field required"),
        ({"settings": {**SETTINGS, "secrt": "x"}}, "secrt: Extra inputs are not permitted"),
        ({"exempt": {"parse": "no"}}, "exempt names no rule: 'parse'. The rules are has_samples"),
        ({"exempt": {"parses": " "}}, "gives no reason"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_words(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        contract_suite(Tiny, **{"settings": SETTINGS, "samples": SAMPLES, **given})


def test_settings_that_do_not_fit_are_not_quoted() -> None:
    with pytest.raises(ValueError) as caught:
        contract_suite(Tiny, settings={"secret": {"s3cret": "of"}}, samples=SAMPLES)

    assert "s3cret" not in str(caught.value)


def test_a_provider_takes_the_samples_called_after_it(tmp_path: Path) -> None:
    for name in ("tiny-one.json", "other-one.json"):
        (tmp_path / name).write_text('{"id": 1}')
    providers = Providers({"tiny": f"{__name__}:Tiny", "third": f"{__name__}:Tiny"}, default="tiny")

    def names(provider: str | None, **more: Any) -> list[str]:
        suite = contract_suite(
            providers, provider=provider, settings=SETTINGS, samples=tmp_path, **more
        )
        return parametrized(suite)

    assert names("tiny") == ["tiny-one.json"]
    assert names("third") == names(None) == ["other-one.json", "tiny-one.json"]
    assert names("tiny", only="other*") == ["other-one.json"]


def parametrized(suite: type) -> list[str]:
    """The ids that the suite gives to pytest."""
    found: list[str] = []

    class Metafunc:
        fixturenames = ("sample",)
        function = suite.test_parses  # type: ignore[attr-defined]

        def parametrize(self, name: str, values: list[Sample], ids: list[str]) -> None:
            assert [value.name for value in values] == ids
            found.extend(ids)

    suite().pytest_generate_tests(Metafunc())
    return found


def test_the_minimum_is_asked_for() -> None:
    suite = contract_suite(Tiny, settings=SETTINGS, samples=SAMPLES, minimum="silver")

    with pytest.raises(AssertionError, match="Tiny does not reach silver"):
        suite().test_scorecard()
    contract_suite(Tiny, settings=SETTINGS, samples=SAMPLES)().test_scorecard()
