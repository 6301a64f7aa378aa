"""A new connector package can be built, installed beside the core, and found by it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inboxbridge.scaffold import scaffold

pytestmark = pytest.mark.slow

CORE = Path(__file__).parents[2]
SANDBOX = CORE.parent / "sandbox"


def uv(*arguments: str, cwd: Path) -> str:
    found = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        [found, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.packaging
def test_wheels_install_together_and_the_connectors_tests_pass(tmp_path: Path) -> None:
    made = scaffold("acme", tmp_path)
    for source in (CORE, SANDBOX, made):
        uv("build", "--wheel", "--out-dir", str(tmp_path / "wheels"), str(source), cwd=tmp_path)
    uv("venv", "--python", sys.executable, str(tmp_path / "venv"), cwd=tmp_path)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wheels = sorted(str(wheel) for wheel in (tmp_path / "wheels").glob("*.whl"))
    assert len(wheels) == 3

    needed = ("pytest", "hypothesis", "time-machine")
    uv("pip", "install", "--python", str(python), *wheels, *needed, cwd=tmp_path)

    found = (
        "import json; from importlib.metadata import entry_points;"
        "points = entry_points(group='inboxbridge.connectors');"
        "print(json.dumps({p.name: p.load().__name__ for p in points}))"
    )
    listed = subprocess.run(
        [str(python), "-c", found], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(listed.stdout) == {"acme": "Acme"}
    shutil.rmtree(made / "src")
    tested = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath="],
        cwd=made, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.packaging
def test_the_sdist_holds_what_is_needed_to_test_it(tmp_path: Path) -> None:
    made = scaffold("acme", tmp_path)

    uv("build", "--sdist", "--out-dir", str(tmp_path / "dist"), str(made), cwd=tmp_path)

    shutil.unpack_archive(next((tmp_path / "dist").glob("*.tar.gz")), tmp_path / "unpacked")
    unpacked = next((tmp_path / "unpacked").iterdir())
    for name in ("README.md", "LICENSE", "samples", "tests", "src/inboxbridge_acme/py.typed"):
        assert (unpacked / name).exists(), name
