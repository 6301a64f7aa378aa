"""What the Dockerfile runs works as plain commands, and the image is started by compose as meant.

No container is built here: the commands of the Dockerfile are run with its paths put elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

pytestmark = pytest.mark.slow

CONFIGURATION = """
[sites.default]
site_id = "5a10a000-0000-4000-8000-000000000001"
api_key = "key"
base_url = "http://127.0.0.1:9"

[connectors.webhook]
secret = "any-secret"
"""


def instructions(file: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, with their lines joined."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line]


@pytest.fixture
def stages(root: Path) -> list[list[tuple[str, str]]]:
    """The instructions of each stage, the one before the first FROM left out."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions(root / "Dockerfile"):
        if name == "FROM":
            found.append([])
        elif found:
            found[-1].append((name, rest))
    return found


def all_of(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for each, rest in stage if each == name]


def test_all_connectors_are_installed_unless_others_are_named(
    stages: list[list[tuple[str, str]]], root: Path
) -> None:
    (argument,) = [shlex.split(one)[0] for one in all_of(stages[0], "ARG")]
    there = sorted(file.parent.name for file in (root / "connectors").glob("*/pyproject.toml"))

    assert argument.removeprefix("CONNECTORS=").split() == there


def test_what_is_copied_into_the_image_is_not_ignored(
    stages: list[list[tuple[str, str]]], root: Path
) -> None:
    copied = [one.split()[0] for one in all_of(stages[0], "COPY")]
    kept = (root / ".dockerignore").read_text().splitlines()

    assert copied
    for name in copied:
        assert (root / name).exists()
        assert f"!{name}" in kept


def test_the_image_runs_as_a_user_without_rights_who_owns_the_volume(
    stages: list[list[tuple[str, str]]],
) -> None:
    last = stages[-1]
    (volume,) = all_of(last, "VOLUME")
    (user,) = all_of(last, "USER")

    assert all_of(last, "WORKDIR") == [volume]
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    assert f"--owner={user.partition(':')[0]}" in all_of(last, "RUN")[0]
    assert f"INBOXBRIDGE_CONFIG={volume}/" in all_of(last, "ENV")[0]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root's rights")
def test_the_user_and_its_folder_can_be_made(
    stages: list[list[tuple[str, str]]], tmp_path: Path
) -> None:
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True)
    (command,) = all_of(stages[-1], "RUN")
    command = command.replace("--mode=0700 /data", f"--mode=0700 {tmp_path}/data")
    inside = f"mount --bind {tmp_path}/etc /etc && {command} && getent passwd inboxbridge"

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside], capture_output=True, text=True, check=False
    )
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine lets nobody mount")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "inboxbridge:x:10001:10001::/data:/usr/sbin/nologin\n"
    folder = (tmp_path / "data").stat()
    assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o777) == (10001, 10001, 0o700)


@pytest.mark.packaging
@pytest.mark.slow
def test_the_commands_of_the_image_install_serve_answer_the_health_check_and_end(
    stages: list[list[tuple[str, str]]], root: Path, tmp_path: Path
) -> None:
    source, data, venv = tmp_path / "source", tmp_path / "data", tmp_path / "venv"
    for name in (one.split()[0] for one in all_of(stages[0], "COPY")):
        ignore = shutil.ignore_patterns("tests", "__pycache__", "*.egg-info")
        shutil.copytree(root / name, source / name, ignore=ignore)
    # Python as the base image has it, with pip.
    tools = tmp_path / "tools"
    subprocess.run([sys._base_executable, "-m", "venv", tools], check=True)  # type: ignore[attr-defined]
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("INBOXBRIDGE", "PYTHON"))}
    build = {**plain, "PATH": f"{tools}/bin:{plain['PATH']}"}
    build |= [shlex.split(one)[0].split("=", 1) for one in all_of(stages[0], "ARG")]
    for command in all_of(stages[0], "RUN"):
        done = subprocess.run(
            ["sh", "-c", command.replace("/venv", str(venv))],
            cwd=source, env=build, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = str(unused.getsockname()[1])
    data.mkdir()
    (data / "connectors.toml").write_text(CONFIGURATION)

    def elsewhere(text: str) -> str:
        text = text.replace("/venv", str(venv)).replace("/data", str(data)).replace("8080", port)
        return text.replace("0.0.0.0", "127.0.0.1").replace("$PATH", plain["PATH"])

    (settings,) = all_of(stages[-1], "ENV")
    environment = plain | dict(one.split("=", 1) for one in shlex.split(elsewhere(settings)))
    (entry,) = map(json.loads, all_of(stages[-1], "ENTRYPOINT"))
    (arguments,) = (json.loads(elsewhere(one)) for one in all_of(stages[-1], "CMD"))
    (health,) = all_of(stages[-1], "HEALTHCHECK")
    probe = json.loads(elsewhere(health[health.index("CMD ") :].removeprefix("CMD ")))
    (ending,) = all_of(stages[-1], "STOPSIGNAL")

    def ask(*command: str) -> subprocess.CompletedProcess[str]:
        path = shutil.which(command[0], path=environment["PATH"])
        return subprocess.run(
            [str(path), *command[1:]],
            cwd=data, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert ask(*probe).returncode != 0
    program = shutil.which(entry[0], path=environment["PATH"])
    assert program == str(venv / "bin" / "inboxbridge")
    process = subprocess.Popen(
        [program, *arguments], cwd=data, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        healthy = ask(*probe)
        listed = ask(*entry, "connectors", "--json")
    finally:
        process.send_signal(signal.Signals[ending])
        process.communicate(timeout=20)

    assert healthy.returncode == 0, healthy.stderr
    assert process.returncode == 0
    assert (data / "inboxbridge.db").is_file()
    names = sorted(file.parent.name for file in (root / "connectors").glob("*/pyproject.toml"))
    for name in names:
        assert f'"{name}"' in listed.stdout


@pytest.mark.parametrize("name", ["compose.yaml", "deploy/compose.scale.yaml"])
def test_compose_builds_the_image_and_mounts_what_is_there(root: Path, name: str) -> None:
    services: dict[str, Any] = yaml.safe_load((root / name).read_text())["services"]
    ours = [one for one in services.values() if one.get("build")]

    assert ours
    for service in ours:
        assert service["build"] == "."
        assert "./connectors.toml:/data/connectors.toml:ro" in service["volumes"]
        assert int(service["stop_grace_period"].removesuffix("s")) > 10
    mounted = [v.partition(":")[0] for one in services.values() for v in one.get("volumes", [])]
    for path in mounted:
        assert not path.startswith("./") or (root / path).is_file(), path
