"""Recorded HTTP, played back: the client still makes of it what it made when it was recorded.

`record.py` says how to record anew, against the sandbox or against Wix.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge.wix import Budget, WixClient

HERE = Path(__file__).parent
RECORDER = runpy.run_path(str(HERE / "record.py"))
SCENES: dict[str, Any] = RECORDER["SCENES"]


@pytest.mark.parametrize("name", SCENES)
async def test_a_recorded_scene_ends_as_it_did(name: str) -> None:
    scene, credentials = SCENES[name]
    wix = WixClient(credentials, transport=httpx.AsyncHTTPTransport(), budget=Budget(0))

    with RECORDER["tape"](name, record=False) as cassette:
        await scene(wix)

    assert cassette.all_played
    await wix.aclose()


def test_there_is_a_cassette_for_each_scene_and_no_other() -> None:
    assert {path.stem for path in (HERE / "cassettes").glob("*.yaml")} == set(SCENES)


@pytest.mark.parametrize("name", SCENES)
def test_a_cassette_holds_no_credentials_and_no_address_but_wixs(name: str) -> None:
    text = (HERE / "cassettes" / f"{name}.yaml").read_text()

    assert not re.search(r"authorization|wix-site-id|cookie", text, re.IGNORECASE)
    assert "127.0.0.1" not in text
    assert "OauthNG" not in text
    for _, credentials in SCENES.values():
        for secret in ("api_key", "app_secret"):
            held = getattr(credentials, secret, "app-secret")
            assert held == "app-secret" or held not in text
    assert set(re.findall(r"uri: (https?://[^/]+)", text)) == {"https://www.wixapis.com"}


def test_what_is_written_has_its_secrets_replaced_at_any_depth() -> None:
    body = b'{"client_secret":"x","a":[{"access_token":"y","b":"kept"}]}'

    written = RECORDER["_public_body"](body)

    assert (
        written == b'{"client_secret": "app-secret", "a": [{"access_token": "token", "b": "kept"}]}'
    )
    assert RECORDER["_public_body"](b"<html>") == b"<html>"
