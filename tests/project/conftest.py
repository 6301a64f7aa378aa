"""The repository as a visitor gets it: its files, its packages."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_LEFT_OUT = {".git", ".venv", ".wix-sdk", "build", "dist", "node_modules", "site"}


def _members() -> list[Path]:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    found = [file for one in workspace["members"] for file in ROOT.glob(f"{one}/pyproject.toml")]
    return sorted(file.parent for file in found)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "package" in metafunc.fixturenames:
        names = [folder.relative_to(ROOT).as_posix() for folder in _members()]
        metafunc.parametrize("package", _members(), ids=names)
    if "workflow" in metafunc.fixturenames:
        files = sorted((ROOT / ".github" / "workflows").iterdir())
        metafunc.parametrize("workflow", files, ids=[file.name for file in files])


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def project(package: Path) -> dict[str, Any]:
    """The table [project] of one package of the workspace."""
    found: dict[str, Any] = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    return found


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not _LEFT_OUT & set(path.relative_to(ROOT).parts)]


@pytest.fixture
def texts() -> dict[Path, str]:
    """What all text files of the repository hold."""
    found = {}
    for path in _tracked():
        try:
            found[path] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository's files, to change."""
    folder = tmp_path / "copy"
    for path in _tracked():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return folder
