"""One mistake in a connector is one failure of its suite, in words; the rest is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONNECTOR = """
from inboxbridge import Connector, ConnectorSettings, Event, HmacSignature, Person, Secrets
from inboxbridge import hookimpl
from inboxbridge.reading import id_at, text_at


class TinySettings(ConnectorSettings):
    secret: Secrets


class Tiny(Connector[TinySettings]):
    label = "Tiny"

    @hookimpl
    def signature(self):
        return HmacSignature(self.settings.secret, "x-tiny")

    @hookimpl
    def parse_event(self, request):
        body = request.json_object()
        key = id_at(body, "id", required=True)
        person = Person(email=text_at(body, "email", required=True))
        return [Event(id=key, person=person, text=text_at(body, "text", required=True))]

    @hookimpl
    def badge(self, event):
        return None
"""
SUITE = """
from pathlib import Path
from inboxbridge.testing import contract_suite
from tiny import Tiny

SAMPLES = Path(__file__).parent / "samples"
TestTiny = contract_suite(Tiny, settings={"secret": "s3cret-of-tiny"}, samples=SAMPLES, fuzz=1)
"""
MISTAKES = {
    "a misspelt hook": (
        "def parse_event(",
        "def parse_events(",
        "implements a hook that does not exist: parse_events. Did you mean 'parse_event'?",
    ),
    "a misspelt argument": (
        "parse_event(self, request):\n        body = request",
        "parse_event(self, reqest):\n        body = reqest",
        "with an argument that the hook does not have: reqest (it has request). "
        "Did you mean 'request'?",
    ),
    "no signature": (
        "@hookimpl\n    def signature(",
        "def not_the_signature(",
        "declares no signature; implement the hook signature",
    ),
    "no decorator": (
        "@hookimpl\n    def badge(",
        "def badge(",
        "defines badge without @hookimpl; add the decorator",
    ),
    "a hook that raises": ('"id", required', '"id", requierd', "line 21, in parse_event"),
    "a scheme that cannot be made": ('"x-tiny")', '"x-tiny", prefx="")', "line 16, in signature"),
    "a dict instead of a list": (
        "return [Event(id=key, person=person, text=text_at(body, \"text\", required=True))]",
        'return {"id": key}',
        "Tiny.parse_event returned a dict, not a list of Event",
    ),
    "a field that is not there": ('"id", required', '"number", required', "number is missing"),
    "text instead of a message": (
        "def badge(self, event):\n        return None",
        "def to_wix_message(self, event):\n        return event.text",
        "Tiny.to_wix_message returned a str, not a BasicMessage or MinimalMessage",
    ),
}  # fmt: skip


@pytest.fixture
def run(pytester: pytest.Pytester) -> object:
    """Runs the suite of a connector with something in it replaced."""
    samples = pytester.mkdir("samples")
    for name in ("one", "two", "three"):
        body = f'{{"id": "{name}", "email": "dana@example.com", "text": "Hi"}}'
        (samples / f"{name}.json").write_text(body)
    pytester.makepyfile(test_tiny=SUITE)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:xdist -p no:asyncio")

    def ran(old: str, new: str, *arguments: str) -> pytest.RunResult:
        assert old in CONNECTOR
        Path("tiny.py").write_text(CONNECTOR.replace(old, new))
        return pytester.runpytest_subprocess("-q", "-rs", *arguments)

    return ran


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_mistake_fails_once_and_says_what_it_is(mistake: str, run: object) -> None:
    old, new, says = MISTAKES[mistake]

    result = run(old, new)  # type: ignore[operator]

    counts = result.parseoutcomes()
    printed = "\n".join(result.outlines)
    assert counts["failed"] == 1, printed
    assert counts["skipped"] >= 5
    assert says in printed
    assert "pluggy" not in printed
    assert len(result.outlines) < 40


@pytest.mark.slow
def test_whichever_part_of_a_suite_is_run_a_mistake_fails(run: object) -> None:
    old, new, _ = MISTAKES["a misspelt hook"]

    result = run(old, new, "-k", "hides_secrets")  # type: ignore[operator]

    assert result.parseoutcomes() == {
        "failed": 1,
        "deselected": result.parseoutcomes()["deselected"],
    }


@pytest.mark.slow
def test_two_mistakes_fail_twice(run: object) -> None:
    safe = "body = request.json_object()"
    unsafe = safe + '\n        assert body["id"] != "one"'

    result = run(safe, unsafe)  # type: ignore[operator]

    printed = "\n".join(result.outlines)
    assert result.parseoutcomes()["failed"] == 2, printed
    assert "AssertionError" in printed  # the sample one.json
    assert "KeyError: 'id'" in printed  # a body without an id


@pytest.mark.slow
def test_a_connector_without_mistakes_passes_whole(run: object) -> None:
    result = run("Tiny", "Tiny")  # type: ignore[operator]

    assert set(result.parseoutcomes()) == {"passed"}
