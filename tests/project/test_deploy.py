"""systemd, nginx and Caddy take the examples, and deliveries get through them."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

pytestmark = pytest.mark.slow

HOST = "hooks.example.com"
CONFIGURATION = f"""
[gateway]
public_url = "https://{HOST}"

[sites.default]
site_id = "5a10a000-0000-4000-8000-000000000001"
api_key = "key"
base_url = "http://127.0.0.1:9"

[connectors.sms]
auth_token = "twilio-token"
"""
SMS = {"AccountSid": "AC1", "MessageSid": "SM1", "From": "+14155550132", "To": "+14155550100",
       "Body": "Is Saturday free?", "NumMedia": "0"}  # fmt: skip
LARGEST = 3 * 2**20
"""The largest body that any source sends, in bytes."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


@contextlib.contextmanager
def running(*command: str | Path, ready: str, **environment: str) -> Iterator[None]:
    """Run a program until the block ends, from when it answers at the URL *ready*."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(ready, verify=False, trust_env=False)
                break
            time.sleep(0.05)
        else:
            process.kill()
            pytest.fail(process.communicate()[0])
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[int]:
    """The port of `serve`, with a connection whose source signs the URL."""
    (tmp_path / "connectors.toml").write_text(CONFIGURATION)
    port = free_port()
    command = [sys.executable, "-m", "inboxbridge", "serve", "--port", str(port)]
    config = ["--config", str(tmp_path / "connectors.toml")]
    with running(*command, *config, ready=f"http://127.0.0.1:{port}/healthz"):
        yield port


def expect_that_hooks_get_through_and_nothing_else(url: str) -> None:
    signed = f"https://{HOST}/hooks/sms?note=a%20b&note=%C3%A4"
    signature = RequestValidator("twilio-token").compute_signature(signed, SMS)
    with httpx.Client(
        base_url=url, verify=False, trust_env=False, headers={"Host": HOST}, timeout=30
    ) as client:
        path = signed.removeprefix(f"https://{HOST}")
        taken = client.post(path, data=SMS, headers={"X-Twilio-Signature": signature})
        forged = client.post(
            path, data=SMS, headers={"X-Twilio-Signature": signature, "X-Forwarded-Host": "x"}
        )
        other = client.post("/hooks/sms", data=SMS, headers={"X-Twilio-Signature": signature})
        large = client.post("/hooks/sms", content=bytes(2 * LARGEST))
        hidden = [client.get(one).status_code for one in ("/metrics", "/readyz", "/healthz", "/")]
    assert taken.status_code == 200, "the signed URL did not arrive as it was sent"
    assert forged.status_code == 200, "a header that anybody can send changed the signed URL"
    assert other.status_code == 401
    assert large.status_code == 413
    assert hidden == [404] * 4


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate for it that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(days=1), now + datetime.timedelta(days=1),
    ).sign(key, hashes.SHA256())  # fmt: skip
    file = tmp_path / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")
def test_a_signed_delivery_gets_through_nginx(
    root: Path, tmp_path: Path, gateway: int, certificate: Path
) -> None:
    port = free_port()
    example = (root / "deploy" / "nginx.conf").read_text()
    example = re.sub(r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl", example)
    example = re.sub(r"listen \[::\].*", "", example)
    example = re.sub(r"/etc/ssl/[\w./]+", str(certificate), example)
    example = example.replace("/var/log/nginx", str(tmp_path)).replace(":8080", f":{gateway}")
    folders = "".join(
        f"{one}_temp_path {tmp_path}/{one};" for one in ("client_body", "proxy", "fastcgi",
                                                        "uwsgi", "scgi")
    )  # fmt: skip
    file = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(
        f"{user} daemon off; pid {tmp_path}/pid; error_log {tmp_path}/start.log;"
        f"events {{}} http {{ {folders}\n{example} }}"
    )

    with running("nginx", "-c", file, "-e", "stderr", ready=f"https://127.0.0.1:{port}/"):
        expect_that_hooks_get_through_and_nothing_else(f"https://127.0.0.1:{port}")

    log = (tmp_path / "inboxbridge.log").read_text()
    assert "POST /hooks/sms 200 " in log
    assert "note" not in log


@pytest.mark.skipif(not shutil.which("caddy"), reason="needs Caddy")
def test_a_signed_delivery_gets_through_caddy(root: Path, tmp_path: Path, gateway: int) -> None:
    port = free_port()
    example = (root / "deploy" / "Caddyfile").read_text()
    file = tmp_path / "Caddyfile"
    file.write_text(example.replace("\tservers {", "\tadmin off\n\tservers {", 1))
    url = f"http://127.0.0.1:{port}"

    with running(
        *("caddy", "run", "--adapter", "caddyfile", "--config", file), ready=url,
        HOOKS_HOST=f"http://:{port}", INBOXBRIDGE=f"127.0.0.1:{gateway}",
        XDG_CONFIG_HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path),
    ):  # fmt: skip
        expect_that_hooks_get_through_and_nothing_else(url)


def test_the_proxies_close_idle_connections_before_the_gateway_does(root: Path) -> None:
    shown = re.search(r"keep_alive_seconds = (\d+)", (root / "connectors.toml").read_text())
    nginx = re.search(r"keepalive_timeout (\d+)s;", (root / "deploy" / "nginx.conf").read_text())
    caddy = re.search(r"keepalive (\d+)s", (root / "deploy" / "Caddyfile").read_text())

    assert shown is not None
    assert nginx is not None
    assert caddy is not None
    assert int(nginx[1]) < int(shown[1])
    assert int(caddy[1]) < int(shown[1])


@pytest.fixture
def units(root: Path, tmp_path: Path) -> list[Path]:
    """The units, with the program where it is here."""
    program = Path(sys.executable).with_name("inboxbridge")
    files = []
    for file in sorted((root / "deploy").glob("inboxbridge.*")):
        text = file.read_text().replace("/opt/inboxbridge/bin/inboxbridge", str(program))
        files.append(tmp_path / file.name)
        files[-1].write_text(text)
    return files


def test_the_service_starts_a_command_that_there_is(root: Path) -> None:
    unit = (root / "deploy" / "inboxbridge.service").read_text()
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    program, name, *options = shlex.split(line)
    done = subprocess.run(
        [sys.executable, "-m", "inboxbridge", name, *options, "--help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert program.endswith("/bin/inboxbridge")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_understands_each_line_of_the_units(units: list[Path]) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert len(units) == 2
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_the_service_has_few_rights(units: list[Path]) -> None:
    (service,) = [str(file) for file in units if file.suffix == ".service"]
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", service],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
