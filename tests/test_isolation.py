"""A connector that is broken is named and skipped; the one beside it goes on delivering."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import SandboxServer, contact, tables
from inboxbridge import hookimpl
from inboxbridge.config import Config, config_from
from inboxbridge.errors import ConfigError
from inboxbridge.journal import reads
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Installed
from inboxbridge.plugins.runner import HookRunner
from inboxbridge.runtime import Runtime, running
from inboxbridge.telemetry.reporter import Reporter
from site_packages import HEAD, importable, package

pytestmark = pytest.mark.slow

WORDS = "Is Saturday free?"

BROKEN_AT_THE_START = {
    "not-there": None,
    "no-import": "import a_module_that_is_not_there",
    "exits": "raise SystemExit(3)",
    "no-syntax": "def connector(:",
    "no-class": "connector = 5",
    "no-such-name": "other = 5",
    "odd-settings": HEAD + "class connector(Open):\n    Settings = 5",
    "old-api": HEAD + "class connector(Open):\n    api_version = 0",
    "new-api": HEAD + "class connector(Open):\n    api_version = 99",
    "misspelt-hook": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def to_wix_mesage(self, event): ..."
    ),
    "misspelt-argument": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def badge(self, evnt): ..."
    ),
    "unmarked-hook": HEAD + "class connector(Open):\n    def badge(self, event): ...",
    "async-hook": HEAD + (
        "class connector(Open):\n    @hookimpl\n    async def badge(self, event): ..."
    ),
    "sync-enrich": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def enrich(self, event, http): ..."
    ),
    "sync-fetch": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def fetch_attachment(self, attachment): ..."
    ),
    "odd-methods": HEAD + "class connector(Open):\n    handshake_methods = 'GET'",
    "odd-size": HEAD + "class connector(Open):\n    max_body_bytes = '3 MB'",
    "no-parse": (
        "from inboxbridge import *\n"
        "class connector(Connector[ConnectorSettings]):\n"
        "    @hookimpl\n    def signature(self): return NoSignature()"
    ),
    "no-signature": (
        "from inboxbridge import *\n"
        "class connector(Connector[ConnectorSettings]):\n"
        "    @hookimpl\n    def parse_event(self, request): return []"
    ),
    "odd-signature": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def signature(self): return 'none'"
    ),
    "raises-in-signature": HEAD + (
        "class connector(Open):\n    @hookimpl\n"
        "    def signature(self): raise ValueError('the key is not base64')"
    ),
    "exits-in-signature": HEAD + (
        "class connector(Open):\n    @hookimpl\n    def signature(self): raise SystemExit(3)"
    ),
    "hangs-in-signature": HEAD + (
        "import threading\n"
        "class connector(Open):\n    @hookimpl\n"
        "    def signature(self): threading.Event().wait()"
    ),
    "raises-when-made": HEAD + (
        "class connector(Open):\n    def __init__(self, settings): raise KeyError('x')"
    ),
    "exits-when-made": HEAD + (
        "class connector(Open):\n    def __init__(self, settings): raise SystemExit(3)"
    ),
    "hangs-when-made": HEAD + (
        "import threading\n"
        "class connector(Open):\n    def __init__(self, settings): threading.Event().wait()"
    ),
    "misfit": HEAD + (
        "class Needs(ConnectorSettings):\n    secret: Secret\n    depth: int = 1\n"
        "class connector(Open):\n    Settings = Needs"
    ),
    "no-provider": HEAD + "connector = Providers({'one': 'x:Y'}, default='one')",
    "one-format": HEAD + "connector = Open",
    "claimed": HEAD + "connector = Open",
}  # fmt: skip

SAID_OF = {
    "not-there": "no installed connector is called 'not-there'",
    "no-import": "cannot be imported: ModuleNotFoundError: No module named 'a_module_that",
    "exits": "cannot be imported: SystemExit: 3",
    "no-syntax": "cannot be imported: SyntaxError",
    "no-class": "is not a connector: its entry point must name a class",
    "no-such-name": "cannot be imported: AttributeError",
    "odd-settings": "is not a connector",
    "old-api": "was written for API version 0; this is version 1",
    "new-api": "was written for API version 99; this is version 1",
    "misspelt-hook": "to_wix_mesage. Did you mean 'to_wix_message'?",
    "misspelt-argument": "evnt",
    "unmarked-hook": "defines badge without @hookimpl",
    "async-hook": "defines badge as async def",
    "sync-enrich": "defines enrich without async",
    "sync-fetch": "defines fetch_attachment without async",
    "odd-methods": "handshake_methods must be a tuple",
    "odd-size": "max_body_bytes must be a whole number",
    "no-parse": "implements no parse_event",
    "no-signature": "declares no signature",
    "odd-signature": "signature returned a str, not a Signature",
    "raises-in-signature": "cannot be set up: ValueError: the key is not base64",
    "exits-in-signature": "cannot be set up: SystemExit",
    "hangs-in-signature": "took over 0.1 s and was given up",
    "raises-when-made": "cannot be set up: KeyError",
    "exits-when-made": "cannot be set up: SystemExit",
    "hangs-when-made": "took over 0.1 s and was given up",
    "misfit": "secret: is missing",
    "no-provider": "has no provider 'two'. Known are: one",
    "one-format": "has a single format; remove provider = 'two'",
    "claimed": "is claimed by several packages: ",
}


@pytest.fixture(autouse=True)
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    short = functools.partial(HookRunner, limit_seconds=0.1)
    monkeypatch.setattr("inboxbridge.plugins.loading.HookRunner", short)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    return folder


def configured(tmp_path: Path, sandbox: SandboxServer, names: list[str], **own: Any) -> Config:
    """A good connection, shop0, and one for each of *names*."""
    document = tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url)
    for name in names:
        document["connectors"][name] = {"site": "site0", **own.get(name.replace("-", "_"), {})}
    return config_from(document, environ={})


async def deliver(runtime: Runtime, connection: str, key: str, **more: Any) -> int:
    body = {"id": key, "email": "person1@example.com", "text": f"{connection} {key}", **more}
    async with httpx.AsyncClient() as http:
        return (await http.post(f"{runtime.url}/hooks/{connection}", json=body)).status_code


async def records(runtime: Runtime) -> list[EventRecord]:
    found = await runtime.journal.read(reads.list_events, limit=1000)
    return list(reversed(found))


async def settled(runtime: Runtime, *states: str, seconds: float = 20) -> list[EventRecord]:
    """The events once none is in another state than *states*."""
    deadline = time.monotonic() + seconds
    while True:
        found = await records(runtime)
        if all(one.state in states for one in found):
            return found
        assert time.monotonic() < deadline, [(one.connection, one.state) for one in found]
        await asyncio.sleep(0.02)


@pytest.fixture
def broken(packages: Path) -> Iterator[dict[str, list[Installed]]]:
    for name, code in BROKEN_AT_THE_START.items():
        if code is not None:
            package(packages, name, code)
    package(packages, "another-claim", HEAD + "connector = Open", plugin="claimed")
    with importable(packages) as available:
        yield available


OWN = {
    "misfit": {"dept": 2},
    "no_provider": {"provider": "two"},
    "one_format": {"provider": "two"},
}


async def test_connectors_that_cannot_be_used_are_named_and_the_good_one_delivers(
    tmp_path: Path, sandbox: SandboxServer, broken: dict[str, list[Installed]]
) -> None:
    sandbox.seed(contact(1))
    config = configured(tmp_path, sandbox, list(BROKEN_AT_THE_START), **OWN)

    async with running(config, available=broken) as runtime:
        reasons = {one.connection: one.reason for one in runtime.broken}
        assert list(runtime.connections) == ["shop0"]
        assert reasons.keys() == BROKEN_AT_THE_START.keys()
        assert [name for name, said in SAID_OF.items() if said not in reasons[name]] == []
        assert await deliver(runtime, "misfit", "1") == 503
        assert await deliver(runtime, "shop0", "1") == 200
        await settled(runtime, "delivered")

    assert sandbox.texts() == ["shop0 1"]
    assert "dept: unknown key (Did you mean 'depth'?)" in reasons["misfit"]
    package_named = "package no-import 1.2"
    assert package_named in reasons["no-import"]
    assert "another-claim 1.2" in reasons["claimed"]


async def test_strict_makes_a_broken_connection_fatal(
    tmp_path: Path, sandbox: SandboxServer, broken: dict[str, list[Installed]]
) -> None:
    config = configured(tmp_path, sandbox, ["no-import", "old-api"])

    with pytest.raises(ConfigError) as refused:
        async with running(config, available=broken, strict=True):
            pass

    assert "a_module_that_is_not_there" in str(refused.value)
    assert "API version 0" in str(refused.value)


async def test_with_no_connection_left_the_start_fails(
    tmp_path: Path, sandbox: SandboxServer, broken: dict[str, list[Installed]]
) -> None:
    document = tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url)
    document["connectors"] = {"old-api": {}}

    with pytest.raises(ConfigError, match="API version 0"):
        async with running(config_from(document, environ={}), available=broken):
            pass


async def test_only_what_is_enabled_is_imported(
    tmp_path: Path, sandbox: SandboxServer, packages: Path
) -> None:
    witness = tmp_path / "imported"
    poison = f"open({str(witness)!r}, 'a').write(__name__)\n" + HEAD + "connector = Open"
    for name in ("unused", "disabled", "used"):
        package(packages, name, poison)
    config = configured(tmp_path, sandbox, ["disabled", "used"], disabled={"enabled": False})

    with importable(packages) as available:
        async with running(config, available=available) as runtime:
            assert set(runtime.connections) == {"shop0", "used"}
            assert await deliver(runtime, "disabled", "1") == 401

    assert witness.read_text() == "used"


@pytest.mark.parametrize("name", ["enrich", "fetch_attachment"])
async def test_a_connector_may_await_what_only_the_network_tells(
    tmp_path: Path, sandbox: SandboxServer, packages: Path, name: str
) -> None:
    argument = "event" if name == "enrich" else "attachment"
    package(packages, "acme", hook(name, f"{argument}, http", "return None"))

    with importable(packages) as available:
        async with running(configured(tmp_path, sandbox, ["acme"]), available=available) as runtime:
            assert set(runtime.connections) == {"shop0", "acme"}


AWAITED = ("enrich", "fetch_attachment")


def hook(name: str, arguments: str, does: str) -> str:
    awaited = "async " if name in AWAITED else ""
    return HEAD + (
        "import asyncio, threading\n"
        "class connector(Open):\n"
        "    @hookimpl\n"
        f"    {awaited}def {name}(self, {arguments}): {does}\n"
    )


ARGUMENTS = {
    "parse_event": "request",
    "answer": "request",
    "redact": "request",
    "to_wix_message": "event",
    "badge": "event",
    "enrich": "event, http",
}
BEFORE_STORING = ("parse_event", "answer", "redact")
QUOTES = f"raise ValueError('no sense in {WORDS}')"
WAITS = dict.fromkeys(ARGUMENTS, "threading.Event().wait()") | {
    "enrich": "await asyncio.Event().wait()"
}
FAILS = {
    "raises": dict.fromkeys(ARGUMENTS, QUOTES),
    "exits": dict.fromkeys(ARGUMENTS, "raise SystemExit(3)"),
    "returns": dict.fromkeys(ARGUMENTS, "return 5"),
    "hangs": WAITS,
    "blocks": dict.fromkeys(ARGUMENTS, "threading.Event().wait()"),
    "cancels": dict.fromkeys(ARGUMENTS, "raise asyncio.CancelledError"),
}
STATE = {
    "parse_event": "unreadable",
    "answer": "delivered",
    "redact": "delivered",
    "to_wix_message": "dead",
    "badge": "dead",
    "enrich": "dead",
}


@pytest.mark.parametrize("fails", FAILS)
async def test_a_hook_that_fails_costs_its_own_event_only(
    tmp_path: Path,
    sandbox: SandboxServer,
    packages: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    """In each hook in turn, side by side with a connection that is well."""
    monkeypatch.setattr("inboxbridge.plugins.loop.LIMIT_SECONDS", 0.15)
    sandbox.seed(contact(1))
    for name, does in FAILS[fails].items():
        package(packages, f"in-{name}", hook(name, ARGUMENTS[name], does))
    names = [f"in-{name}" for name in ARGUMENTS]

    with importable(packages) as available:
        config = configured(tmp_path, sandbox, names)
        settings = config.courier.model_copy(update={"max_age_seconds": 1.0})
        config = type(config)(**{**_fields(config), "courier": settings})
        async with running(config, available=available, poll_seconds=0.1) as runtime:
            assert not runtime.broken
            statuses = {name: await deliver(runtime, name, "1") for name in names}
            assert await deliver(runtime, "shop0", "1") == 200
            assert await deliver(runtime, "shop0", "2") == 200
            found = await settled(runtime, "delivered", "dead", "unreadable")

    assert set(statuses.values()) == {200}
    states = {one.connection.removeprefix("in-"): one.state for one in found}
    assert states == {**STATE, "shop0": "delivered"}
    assert [text for text in sandbox.texts() if text.startswith("shop0")] == ["shop0 1", "shop0 2"]
    reasons = " ".join(str(one.reason) for one in found)
    assert WORDS not in reasons


def _fields(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in Config.__dataclass_fields__}


class Grumpy:
    @hookimpl
    def event_stored(self, record: EventRecord) -> None:
        raise ValueError("not today")

    @hookimpl
    def message_delivered(self, record: EventRecord) -> None:
        raise SystemExit(3)


class Listening:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def event_stored(self, record: EventRecord) -> None:
        self.heard.append(f"stored {record.source_id}")

    @hookimpl
    def message_delivered(self, record: EventRecord) -> None:
        self.heard.append(f"delivered {record.source_id}")


class Misspelt:
    @hookimpl
    def mesage_delivered(self, record: EventRecord) -> None:
        raise AssertionError("never called")


async def test_an_observer_that_fails_is_reported_and_the_others_hear(
    tmp_path: Path, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.seed(contact(1))
    listening = Listening()
    reporter = Reporter([Grumpy(), Misspelt(), listening, Grumpy()])
    monkeypatch.setattr(Reporter, "with_installed_observers", lambda: reporter)

    async with running(configured(tmp_path, sandbox, [])) as runtime:
        assert await deliver(runtime, "shop0", "1") == 200
        await settled(runtime, "delivered")

    assert listening.heard == ["stored 1", "delivered 1"]
    assert sandbox.texts() == ["shop0 1"]
