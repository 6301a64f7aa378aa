"""What the repository's files must hold; `scripts/check` looks at style, types and imports."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHORTEST = 500

# Put together from pieces, so that this file does not find itself.
MACHINE = ["/" + "work/", "/" + "root/", "/" + "home/[a-z]", "/" + "Users/[A-Z]"]
REGISTRY = ["files.python" + "hosted", "index" + "-url", "index" + "_url", "artifact" + "ory"]
UNWANTED = re.compile("|".join(MACHINE + REGISTRY))


def tracked() -> list[Path]:
    """The files of the repository, or of an unpacked archive of it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return [path for name in names if (path := ROOT / name).is_file()]
    hidden = re.compile(r"(^|/)(\.|__pycache__|node_modules|build|dist)")
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in found if not hidden.search(str(path.relative_to(ROOT)))]


def test_no_file_names_the_machine_or_the_registry_it_was_made_with() -> None:
    found = []
    files = tracked()
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if UNWANTED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")

    assert len(files) > 100
    assert found == []


def test_what_a_visitor_looks_for_first_is_there() -> None:
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        assert len((ROOT / name).read_text(encoding="utf-8")) > SHORTEST, name


def test_every_package_carries_its_readme_and_its_licence() -> None:
    folders = ("core", "sandbox", "demo", "console")
    packages = [*(ROOT / name for name in folders), *(ROOT / "connectors").iterdir()]
    missing = [
        f"{package.name}/{name}"
        for package in packages
        if (package / "pyproject.toml").is_file()
        for name in ("README.md", "LICENSE")
        if not (package / name).is_file()
    ]

    assert missing == []
