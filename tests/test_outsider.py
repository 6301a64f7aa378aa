"""Anyone's connector, one file and its metadata, works by three lines of connectors.toml."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from harness import SandboxServer, wait_until
from site_packages import package

pytestmark = pytest.mark.slow

PARCEL = '''
"""Parcels: every delivery attempt of a shop, as an activity."""

from inboxbridge import Connector, ConnectorSettings, Event, HmacSignature, Person
from inboxbridge import Secrets, hookimpl


class Settings(ConnectorSettings):
    secret: Secrets


class connector(Connector[Settings]):
    Settings = Settings
    label = "Parcels"

    @hookimpl
    def signature(self):
        return HmacSignature(self.settings.secret, header="X-Parcel-Signature")

    @hookimpl
    def parse_event(self, request):
        body = request.json_object()
        person = Person(email=body["to"])
        return [Event(id=body["parcel"], kind="activity", person=person, text=body["what"])]
'''

CONFIG = """\
[journal]
url = "sqlite:///{folder}/journal.db"

[sites.default]
site_id = "5a10a000-0000-4000-8000-000000000001"
api_key = "key"
base_url = "{wix}"

"""
THREE_LINES = """\
[connectors.parcels]
plugin = "parcel"
secret = { env = "PARCEL_SECRET" }
"""


def test_an_outsiders_package_is_picked_up_by_three_lines(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    package(site, "acme-parcel", PARCEL, plugin="parcel")
    config = tmp_path / "connectors.toml"
    config.write_text(CONFIG.format(folder=tmp_path, wix=sandbox.url) + THREE_LINES)
    environment = {**os.environ, "PYTHONPATH": str(site), "PARCEL_SECRET": "an-invented-secret"}
    command = [sys.executable, "-m", "inboxbridge", "serve", "--config", str(config)]

    with subprocess.Popen(
        [*command, "--port", "0"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:1] == ["ready"], process.stderr.read() if process.stderr else ""
            _deliver(ready[1])
            wait_until(sandbox.texts, "the event to land", 20)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(15)

    assert code == 0
    assert sandbox.texts() == ["Handed to a neighbour"]


def _deliver(url: str) -> None:
    import hashlib
    import hmac

    body = b'{"parcel": "P1", "to": "dana@example.com", "what": "Handed to a neighbour"}'
    made = hmac.new(b"an-invented-secret", body, hashlib.sha256).hexdigest()
    for signature, expected in (("0" * 64, 401), (made, 200), (made, 200)):
        answer = httpx.post(
            f"{url}/hooks/parcels", content=body, headers={"X-Parcel-Signature": signature}
        )
        assert answer.status_code == expected
