"""All packages build, hold what they should, and work once installed from their wheels."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from harness import SandboxServer, wait_until

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "tests" / "fixtures" / "inboxbridge-frozen"
CONNECTORS = sorted(file.parent for file in (ROOT / "connectors").glob("*/pyproject.toml"))
OURS = [ROOT / "core", ROOT / "sandbox", ROOT / "demo", ROOT / "console", *CONNECTORS]
PACKAGES = [*OURS, FROZEN]

pytestmark = [pytest.mark.packaging, pytest.mark.slow]


def attempt(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def run(*command: str, cwd: Path) -> str:
    done = attempt(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheels(folder: Path, *packages: Path) -> None:
    for package in packages:
        build = (sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(folder))
        run(*build, str(package), cwd=folder.parent)


def make_environment(folder: Path) -> Path:
    """Make a virtual environment. Returns its Python."""
    run(sys.executable, "-m", "venv", str(folder), cwd=folder.parent)
    return folder / "bin" / "python"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_builds_with_what_it_should_hold_and_no_more(
    package: Path, tmp_path: Path
) -> None:
    run(sys.executable, "-m", "uv", "build", "--out-dir", str(tmp_path), str(package), cwd=tmp_path)

    wheel = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    sdist = tarfile.open(next(tmp_path.glob("*.tar.gz"))).getnames()  # noqa: SIM115
    assert any(name.endswith("/py.typed") for name in wheel)
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    assert any(name.endswith("/LICENSE") for name in sdist)
    assert not [name for name in wheel if "/tests/" in name or name.startswith("tests/")]


@contextmanager
def running(python: Path, command: str, folder: Path, **variables: str) -> Iterator[str]:
    """Run a command that serves until the block ends. Yields its address."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONPATH", None)
    process = subprocess.Popen(
        [str(python), "-m", "inboxbridge", command, "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("ready ").strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_an_outsiders_wheel_installed_by_pip_delivers_after_three_lines_of_configuration(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    build_wheels(tmp_path / "wheels", ROOT / "core", FROZEN)
    python = make_environment(tmp_path / "venv")
    wheels = [str(wheel) for wheel in (tmp_path / "wheels").glob("*.whl")]
    run(str(python), "-m", "pip", "install", "--quiet", *wheels, cwd=tmp_path)
    (tmp_path / "connectors.toml").write_text(
        "[sites.default]\n"
        'site_id = "5a10a000-0000-4000-8000-000000000001"\n'
        'api_key = "key"\n'
        f'base_url = "{sandbox.url}"\n'
        "[connectors.frozen]\n"
        'site = "default"\n'
        'secret = { env = "FROZEN_SECRET" }\n'
    )
    body = (FROZEN / "samples" / "batch.json").read_bytes()
    signed = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()

    with running(python, "serve", tmp_path, FROZEN_SECRET="s3cret") as url:
        answer = httpx.post(
            f"{url}/hooks/frozen",
            content=body,
            headers={"X-Frozen-Signature": f"sha256={signed}"},
        )
        wait_until(lambda: len(sandbox.messages()) == 2, "both events to land")

    assert (answer.status_code, answer.text) == (202, "<ok/>")
    assert sandbox.texts() == ["Is Saturday free?", "Booked Spa Treatment"]


def test_the_core_installs_alone_and_the_demo_comes_with_its_extra(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    build_wheels(wheels, *OURS)
    core = next(wheels.glob("inboxbridge-*.whl"))
    tops = {"/".join(name.split("/")[:2]) for name in zipfile.ZipFile(core).namelist()}
    assert "inboxbridge/__init__.py" in tops
    assert not [name for name in tops if "sandbox" in name or "demo" in name]
    python = make_environment(tmp_path / "venv")
    pip = (str(python), "-m", "pip", "install", "--quiet")
    inboxbridge = (str(python), "-I", "-m", "inboxbridge")

    run(*pip, str(core), cwd=tmp_path)
    names = ("demo", "sandbox", "console")
    alone = {name: attempt(*inboxbridge, name, cwd=tmp_path) for name in names}
    listed = run(*inboxbridge, "--help", cwd=tmp_path)
    kit = attempt(str(python), "-I", "-c", "import inboxbridge.testing", cwd=tmp_path)
    run(*pip, "--find-links", str(wheels), f"{core}[demo]", cwd=tmp_path)
    shown = json.loads(run(*inboxbridge, "demo", "--exit", "--json", cwd=tmp_path))
    with running(python, "sandbox", tmp_path) as url:
        page = httpx.get(url)
        style = httpx.get(f"{url}/_static/inbox.css")

    for name, extra in (("demo", "demo"), ("sandbox", "testing"), ("console", "console")):
        assert alone[name].returncode == 2
        assert f'pip install "inboxbridge[{extra}]"' in alone[name].stderr
        assert f"  {name} " in listed
    assert 'pip install "inboxbridge[testing]"' in kit.stderr.splitlines()[-1]
    assert shown["events"] == shown["delivered"] == 19
    assert (page.status_code, style.status_code) == (200, 200)
    assert "<html" in page.text
