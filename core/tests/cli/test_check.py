"""``inboxbridge check``."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from inboxbridge.courier import wix_client
from inboxbridge.journal import writes
from inboxbridge.journal.rows import SiteNames, SiteState
from inboxbridge.model import Event
from inboxbridge_sandbox import ApiKeyGrant, SandboxOptions, create_app

pytestmark = pytest.mark.slow

MakeEvent = Callable[..., Event]


def add(workspace: Any, lines: str) -> None:
    workspace.config.write_text(workspace.config.read_text() + lines)


def problems(workspace: Any, *options: str) -> list[str]:
    found = workspace.json("check", *options, exit_code=1)
    assert found["ok"] is False
    assert found["problems"]
    for problem in found["problems"]:
        assert list(problem) == ["where", "what", "hint"]
    return [f"{problem['where']}: {problem['what']}" for problem in found["problems"]]


def hints(workspace: Any) -> list[str]:
    found = workspace.json("check")
    return [f"{hint['where']}: {hint['what']}" for hint in found["hints"]]


def test_all_well_ends_with_0(workspace: Any) -> None:
    found = workspace.json("check")

    assert found["ok"] is True
    assert found["problems"] == []


def test_people_see_a_checklist(workspace: Any) -> None:
    result = workspace.run("check")

    assert result.exit_code == 0
    for line in (
        "✓ configuration connectors.toml",
        "✓ connection shop (webhook)",
        "✓ connection open (webhook)",
        "✓ journal",
        "– site default: not asked (--online asks Wix)",
        "no problems",
    ):
        assert line in result.stdout.splitlines()


def test_every_fault_of_the_file_is_told_at_once(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    add(workspace, '[connectors.third]\nplugin = "webhook"\nsignature = "none"\nunmatched = "no"\n')

    found = "\n".join(problems(workspace))
    result = workspace.run("check")

    assert "[connectors.shop] secret: the environment variable SHOP_SECRET is not set" in found
    assert "[connectors.third] unmatched: input should be" in found
    assert len(found.splitlines()) == 2
    assert result.exit_code == 1
    assert "✗ configuration connectors.toml" in result.stdout
    assert "2 problems" in result.stdout


def test_an_address_of_wix_that_is_none_is_a_problem(workspace: Any) -> None:
    text = workspace.config.read_text().replace("http://127.0.0.1:9", "127.0.0.1:9")
    workspace.config.write_text(text)

    (found,) = workspace.json("check", exit_code=1)["problems"]

    assert found["where"] == "connectors.toml:7 [sites.default] base_url"
    assert found["hint"] == "It begins with https:// or http:// and a host"


def test_a_missing_file_is_a_problem(workspace: Any) -> None:
    workspace.config.unlink()

    assert problems(workspace) == ["connectors.toml: there is no such file"]


def test_a_connection_whose_connector_is_not_installed_is_named(workspace: Any) -> None:
    add(workspace, '[connectors.parcels]\nplugin = "parcel"\n')

    (found,) = problems(workspace)

    assert "connectors.toml:19 [connectors.parcels] plugin: " in found
    assert "no installed connector is called 'parcel'" in found


def test_a_setting_that_the_connector_does_not_know_is_named(workspace: Any) -> None:
    add(workspace, '[connectors.third]\nplugin = "webhook"\nsignature = "none"\nlabell = "X"\n')

    (found,) = problems(workspace)

    assert found.endswith("connectors.toml:21 [connectors.third] labell: unknown key")


@pytest.mark.parametrize(
    ("lines", "bound"),
    [
        ('[connectors.sms]\nauth_token = "t"\n', True),
        (
            '[connectors.x]\nplugin = "webhook"\nsecret = "s"\nsignature_content = "{url}{body}"\n',
            True,
        ),
        ('[connectors.x]\nplugin = "webhook"\nsecret = "s"\n', False),
    ],
    ids=["url and form", "hmac with url", "hmac of the body"],
)
def test_a_signature_over_the_url_needs_the_public_url(
    workspace: Any, lines: str, bound: bool
) -> None:
    add(workspace, lines)

    if bound:
        (found,) = problems(workspace)
        assert "public_url: is missing, and this source signs the URL that it calls" in found
        workspace.config.write_text(
            '[gateway]\npublic_url = "https://hooks.example.com"\n' + workspace.config.read_text()
        )
    assert workspace.json("check")["ok"] is True


def test_secrets_in_the_file_are_a_hint_that_does_not_show_them(workspace: Any) -> None:
    text = workspace.config.read_text()
    text = text.replace('{ env = "SHOP_SECRET" }', '"plain-one"')
    workspace.config.write_text(text.replace('{ env = "WIX_API_KEY" }', '"plain-two"'))

    found = workspace.json("check")
    said = workspace.run("check").output

    assert [hint["where"] for hint in found["hints"][:2]] == [
        "[sites.default] api_key",
        "[connectors.shop] secret",
    ]
    assert found["hints"][0]["what"] == "is written in plain text"
    assert 'env = "WIX_API_KEY"' in found["hints"][0]["hint"]
    assert "plain-one" not in said
    assert "plain-two" not in said


def test_secrets_from_elsewhere_are_no_hint(workspace: Any) -> None:
    assert not any("plain text" in hint for hint in hints(workspace))


def test_a_connection_that_verifies_nothing_is_a_hint(workspace: Any) -> None:
    assert (
        "[connectors.open]: verifies nothing: whoever knows its URL can write into the Inbox"
        in hints(workspace)
    )


def test_looking_makes_no_journal(workspace: Any) -> None:
    assert f"[journal] url: {workspace.folder}/journal.db is made at the first start" in hints(
        workspace
    )
    assert list(workspace.folder.iterdir()) == [workspace.config]


def test_a_journal_in_no_folder_is_a_problem(workspace: Any) -> None:
    text = workspace.config.read_text().replace("/journal.db", "/nowhere/journal.db")
    workspace.config.write_text(text)

    (found,) = problems(workspace)

    assert found == f"[journal] url: the folder {workspace.folder}/nowhere does not exist"


def test_a_file_that_is_no_journal_is_a_problem(workspace: Any) -> None:
    workspace.file("journal.db", "certainly no database, and long enough to be read as one" * 50)

    (found,) = problems(workspace)

    assert "file is not a database" in found


def test_a_journal_without_its_schema_is_a_hint(workspace: Any) -> None:
    workspace.file("journal.db", "")

    assert "[journal] url: its schema is brought up to date at the next start" in hints(workspace)


def test_a_journal_url_of_another_database_is_a_problem(workspace: Any) -> None:
    text = workspace.config.read_text().replace("sqlite:///", "mysql://localhost/")
    workspace.config.write_text(text)

    (found,) = problems(workspace)

    assert "a journal on mysql is not supported" in found


def test_what_waits_for_a_person_is_information(workspace: Any, an_event: MakeEvent) -> None:
    dead, parked, _ = workspace.store(*(an_event(f"e{number}") for number in range(3)))
    workspace.settle(dead, "dead")
    workspace.settle(parked, "parked")

    found = hints(workspace)

    assert "journal: 1 dead event" in found
    assert "journal: 1 parked event" in found


def test_a_stopped_site_is_a_problem_with_its_reason(workspace: Any) -> None:
    async def stop(journal: Any) -> None:
        await journal.write(writes.register_sites, SiteNames(("default",), 1.0))
        state = SiteState("default", "stopped", "Wix refuses the api_key", 2.0)
        await journal.write(writes.set_site_state, state)

    workspace.in_journal(stop)

    assert problems(workspace) == ["[sites.default]: delivery is stopped: Wix refuses the api_key"]


def answered_by(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def client(site: Any, **options: Any) -> Any:
        return wix_client(site, transport=httpx.ASGITransport(app), **options)

    monkeypatch.setattr("inboxbridge.cli.checks.wix_client", client)


def test_online_asks_wix_what_the_credentials_may_do(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(SandboxOptions(api_keys={"the-api-key": ApiKeyGrant()}))
    answered_by(app, monkeypatch)

    assert workspace.json("check", "--online")["ok"] is True
    assert "✓ site default, asked Wix" in workspace.run("check", "--online").stdout
    assert app.state.sandbox.arrivals == []
    assert all(site.contacts.all() == [] for site in app.state.sandbox.sites.values())


@pytest.mark.parametrize(("seconds", "way"), [(120, "behind"), (-9, "ahead of"), (3, "")])
def test_online_tells_of_a_clock_that_is_not_wixs(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, seconds: int, way: str
) -> None:
    app = create_app(SandboxOptions(api_keys={"the-api-key": ApiKeyGrant()}))

    async def dated(scope: Any, receive: Any, send: Any) -> None:
        async def send_dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(time.time() + seconds, usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await app(scope, receive, send_dated)

    answered_by(dated, monkeypatch)

    found = workspace.json("check", "--online", exit_code=1 if way else 0)["problems"]
    told = [re.fullmatch(rf"the clock is (\d+) seconds {way} Wix's", one["what"]) for one in found]
    assert len(told) == (1 if way else 0)
    assert all(one and abs(int(one[1]) - abs(seconds)) <= 1 for one in told)


def test_online_names_each_permission_that_is_missing(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = ApiKeyGrant(permissions=frozenset({"Read Contacts", "Manage Contacts"}))
    answered_by(create_app(SandboxOptions(api_keys={"the-api-key": grant})), monkeypatch)

    found = problems(workspace, "--online")

    assert len(found) == 2
    assert all(one.startswith("[sites.default]: ") for one in found)
    assert any("Manage Inbox Messages" in one for one in found)


def test_online_names_credentials_that_wix_does_not_know(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(create_app(SandboxOptions(api_keys={"another-key": ApiKeyGrant()})), monkeypatch)

    (found,) = problems(workspace, "--online")

    assert "api_key" in found
    assert "the-api-key" not in found


def test_online_names_a_site_that_does_not_answer(workspace: Any) -> None:
    (found,) = problems(workspace, "--online")

    assert found.startswith("[sites.default]: ")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://hooks.example.com", None),
        ("https://hooks.example.com/behind/a/path", None),
        ("https://hooks.example.com/hooks/sms", "has /hooks in it, which inboxbridge adds itself"),
        ("http://hooks.example.com", "is http: deliveries and their signatures travel unencrypted"),
        ("https://localhost:8080", "is an address of this machine or network"),
        ("http://192.168.1.10", "is an address of this machine or network"),
    ],
)
def test_a_public_url_that_is_hardly_meant_is_a_hint(
    workspace: Any, url: str, says: str | None
) -> None:
    add(workspace, f'[gateway]\npublic_url = "{url}"\n')

    found = [hint for hint in hints(workspace) if "] public_url" in hint]

    if says is None:
        assert found == []
    else:
        assert len(found) == 1
        assert says in found[0]


@pytest.mark.parametrize("table", ["gateway", "connectors.third"])
def test_a_public_url_without_a_scheme_is_a_problem(workspace: Any, table: str) -> None:
    add(workspace, '[connectors.third]\nplugin = "webhook"\nsignature = "none"\n')
    add(workspace, 'public_url = "hooks.example.com"\n' if table != "gateway" else "")
    add(workspace, '[gateway]\npublic_url = "hooks.example.com"\n' if table == "gateway" else "")

    (found,) = problems(workspace)

    assert f"[{table}] public_url: must begin with https:// and a host" in found


def test_each_connections_webhook_url_is_there_to_copy(workspace: Any) -> None:
    without = workspace.run("check").stdout.splitlines()
    add(workspace, '[gateway]\npublic_url = "https://hooks.example.com/"\n')
    with_it = workspace.run("check").stdout.splitlines()

    assert "    webhook: /hooks/shop" in without
    assert "    webhook: https://hooks.example.com/hooks/shop" in with_it
    assert workspace.json("check")["webhooks"] == {
        "shop": "https://hooks.example.com/hooks/shop",
        "open": "https://hooks.example.com/hooks/open",
    }
    assert "  open: https://hooks.example.com/hooks/open" in (
        workspace.run("connectors").stdout.splitlines()
    )


def test_what_was_not_asked_is_not_ticked(workspace: Any) -> None:
    lines = workspace.run("check").stdout.splitlines()

    assert [line for line in lines if "site default" in line] == [
        "– site default: not asked (--online asks Wix)"
    ]


CONNECTOR = """
from inboxbridge import Connector, Event, NoSignature, Person, hookimpl

class Parcel(Connector):
    @hookimpl
    def signature(self):
        return NoSignature()

    @hookimpl
    def parse_event(self, request):
        body = request.json_object()
        return [Event(id=body["number"], person=Person(email=body["email"]), text="Hi")]
"""


def test_a_connector_that_fails_at_its_own_samples_is_a_problem(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = "project/src/inboxbridge_parcel-1.0.dist-info"
    workspace.file("project/pyproject.toml", "")
    workspace.file("project/src/inboxbridge_parcel/__init__.py", CONNECTOR)
    workspace.file(f"{info}/METADATA", "Name: inboxbridge-parcel\nVersion: 1.0\n")
    points = "[inboxbridge.connectors]\nparcel = inboxbridge_parcel:Parcel\n"
    workspace.file(f"{info}/entry_points.txt", points)
    sample = workspace.file("project/samples/a.json", {"number": "1", "email": "d@example.com"})
    monkeypatch.syspath_prepend(str(workspace.folder / "project" / "src"))
    add(workspace, "[connectors.parcel]\n")

    assert workspace.json("check")["ok"] is True
    workspace.file("project/samples/a.json", {"email": "d@example.com"})
    (found,) = problems(workspace)
    workspace.file("project/samples/a.json", "not JSON")
    malformed = workspace.json("check")

    assert sample.name in found
    assert "KeyError: 'number'" in found
    assert "inboxbridge_parcel/__init__.py, line 12, in parse_event" in found
    assert malformed["ok"] is True
