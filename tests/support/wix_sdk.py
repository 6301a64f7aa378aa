"""Wix's own SDK, from npm, in a folder that the repository does not track."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "sdk"
PACKAGES: dict[str, str] = json.loads((SCRIPTS / "packages.json").read_text())
ASKED_FOR = "INBOXBRIDGE_TEST_SDK"
"""The environment variable that says that the SDK may be fetched and run."""


def is_asked_for() -> bool:
    """Whether the tests that need Node, npm and the network are to run."""
    return os.environ.get(ASKED_FOR, "") not in ("", "0")


def folder() -> Path:
    """Where the packages are, fetched by npm where they are not there yet."""
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise RuntimeError(f"{name} is not on the PATH: Wix's SDK needs Node 20 or newer")
    base = Path(os.environ.get("INBOXBRIDGE_SDK_FOLDER", ROOT / ".wix-sdk"))
    place = base / "-".join(PACKAGES.values())
    if not place.exists():
        base.mkdir(parents=True, exist_ok=True)
        coming = Path(tempfile.mkdtemp(dir=base))
        (coming / "package.json").write_text('{"private": true}\n')
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        _run(["npm", "install", *options, *wanted], cwd=coming, timeout=300)
        try:
            coming.rename(place)
        except OSError:  # another process was first
            shutil.rmtree(coming)
    return place


def node(script: str, *arguments: str, given: Any = None) -> str:
    """Run one of the scripts in ``tests/sdk``; what it is given goes to its stdin as JSON."""
    environment = {**os.environ, "SDK_PACKAGES": str(folder())}
    command = ["node", str(SCRIPTS / script), *arguments]
    return _run(command, cwd=SCRIPTS, timeout=120, given=json.dumps(given), environment=environment)


def _run(
    command: list[str],
    *,
    cwd: Path,
    timeout: float,
    given: str = "",
    environment: dict[str, str] | None = None,
) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    print(node("record.mjs", str(SCRIPTS / "vectors")), end="")
