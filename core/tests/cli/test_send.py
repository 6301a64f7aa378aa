"""``inboxbridge send`` and ``try --sign``: captured deliveries, signed as their source signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge.config import load_config
from inboxbridge.journal import reads
from inboxbridge.runtime import running
from inboxbridge.telemetry.logs import configure_logs
from inboxbridge.testing.stage import in_background

ORDER = {"id": "order-1001", "email": "dana@example.com", "text": "Is Saturday free?"}
SMS = "MessageSid=SM1&From=%2B14155550132&To=%2B14155550199&Body=Hi&NumMedia=0"
MORE = """
[gateway]
public_url = "https://hooks.example.com"
[connectors.sms]
auth_token = "the-token"
[connectors.desk]
plugin = "webhook"
signature = "standard-webhooks"
secret = "whsec_c2VjcmV0LW9mLXRoZS1kZXNrLTEyMzQ1Njc4OTA="
"""


@pytest.fixture
def served(workspace: Any) -> Any:
    """The address of a gateway for the workspace's configuration."""
    workspace.config.write_text(workspace.config.read_text() + MORE)
    configure_logs("json")
    config = load_config(workspace.config)
    with in_background(lambda: running(config, courier=False)) as (runtime, _):
        yield runtime.url


def stored(workspace: Any) -> list[tuple[str, str]]:
    found = workspace.in_journal(lambda journal: journal.read(reads.list_events, limit=100))
    return sorted((one.connection, one.source_id) for one in found)


@pytest.mark.parametrize(
    ("connection", "name", "body"),
    [("shop", "order.json", ORDER), ("sms", "message.form", SMS), ("desk", "order.json", ORDER)],
    ids=["hmac", "url and form", "standard webhooks"],
)
def test_a_sample_is_signed_by_the_connections_scheme_and_taken(
    workspace: Any, served: str, connection: str, name: str, body: object
) -> None:
    file = workspace.file(name, body)

    result = workspace.run("send", connection, file, "--url", served)

    assert result.exit_code == 0, result.output
    assert result.stdout == f"200  {file}\n"
    assert [name for name, _ in stored(workspace)] == [connection]


def test_a_folder_is_sent_by_name_without_what_lies_beside_the_samples(
    workspace: Any, served: str
) -> None:
    for name in ("b", "a"):
        workspace.file(f"samples/{name}.json", {**ORDER, "id": name})
        workspace.file(f"samples/{name}.expected.json", {"events": []})
    workspace.file("samples/a.headers.json", {"X-More": "yes"})
    workspace.file("samples/left-out.json", {})

    folder = workspace.run("send", "shop", "samples", "--url", served)
    files = workspace.run("send", "shop", *workspace.folder.glob("samples/*"), "--url", served)

    assert folder.stdout == "200  samples/a.json\n200  samples/b.json\n"
    assert files.stdout.count("200  ") == 2
    assert stored(workspace) == [("shop", "a"), ("shop", "b")]


def test_with_headers_nothing_is_signed_and_a_refusal_ends_with_1(
    workspace: Any, served: str
) -> None:
    file = workspace.file("order.json", ORDER)
    wrong = "X-Hub-Signature-256: sha256=00"

    result = workspace.run("send", "shop", file, "--url", served, "--header", wrong)

    assert (result.exit_code, result.stdout) == (1, f"401  {file}\n")
    assert "`serve` logs why" in result.stderr
    assert stored(workspace) == []


def test_the_whole_webhook_url_may_be_named(workspace: Any, served: str) -> None:
    file = workspace.file("order.json", ORDER)

    result = workspace.run("send", "shop", file, "--url", f"{served}/hooks/shop")

    assert result.exit_code == 0, result.output


def test_where_nothing_listens_the_next_step_is_said(workspace: Any) -> None:
    file = workspace.file("order.json", ORDER)

    result = workspace.run("send", "shop", file, "--url", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "nothing answers at http://127.0.0.1:9/hooks/shop" in result.stderr
    assert "Start `inboxbridge serve`" in result.stderr


def test_a_scheme_whose_key_only_the_source_has_says_so(workspace: Any) -> None:
    workspace.config.write_text(
        workspace.config.read_text()
        + '[connectors.sms]\nprovider = "telnyx"\n'
        + 'public_key = "6n1HiBYNLTbVe4zMBCz0PzrjBLsz9SOzHdHNkUwEWFg="\n'
    )

    result = workspace.run("send", "sms", workspace.file("message.json", {}))

    assert result.exit_code == 2
    assert "its scheme Ed25519Signature cannot sign here" in result.stderr
    assert "--header 'Name: value'" in result.stderr


def test_try_signs_first_where_asked_even_without_the_secret(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = workspace.file("order.json", ORDER)
    with_it = workspace.json("try", "shop", file, "--sign")
    monkeypatch.delenv("SHOP_SECRET")
    without = workspace.json("try", "shop", file, "--sign")

    assert (with_it["verified"], with_it["would"]) == (True, "deliver")
    assert (without["verified"], without["would"]) == (True, "deliver")


BROKEN = """
from inboxbridge import Connector, NoSignature, hookimpl

def number_of(order):
    return order["nummer"]

class Broken(Connector):
    @hookimpl
    def signature(self):
        return NoSignature()

    @hookimpl
    def parse_event(self, request):
        return [number_of(request.json_object())]
"""


def test_try_shows_what_a_connector_raised_whole_and_where(
    workspace: Any, broken_connector: Callable[[str], None]
) -> None:
    broken_connector(BROKEN)
    file = workspace.file("order.json", ORDER)

    result = workspace.run("try", "broken", file)

    line = BROKEN.splitlines().index('    return order["nummer"]') + 1
    assert "KeyError: 'nummer'" in result.stdout
    assert f"broken_connector.py, line {line}, in number_of" in result.stdout
    assert '    return order["nummer"]' in result.stdout
    assert "pluggy" not in result.stdout


@pytest.fixture
def broken_connector(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs the connector ``broken`` from its source."""

    def install(source: str) -> None:
        workspace.file("broken_connector.py", source)
        info = workspace.folder / "inboxbridge_broken-1.0.dist-info"
        workspace.file(
            f"{info.name}/METADATA",
            "Metadata-Version: 2.1\nName: inboxbridge-broken\nVersion: 1.0\n",
        )
        workspace.file(
            f"{info.name}/entry_points.txt",
            "[inboxbridge.connectors]\nbroken = broken_connector:Broken\n",
        )
        monkeypatch.syspath_prepend(str(workspace.folder))
        workspace.config.write_text(workspace.config.read_text() + "[connectors.broken]\n")

    return install
