"""The site can be built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.packaging
def test_the_site_builds_without_a_warning(root: Path, tmp_path: Path) -> None:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    needs = [argument for one in groups["docs"] for argument in ("--with", one)]

    done = subprocess.run(
        [uv, "run", "--no-project", "--python", sys.executable, *needs,
         "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=root, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    for page in ("index.html", "tutorial/index.html", "reference/hooks/index.html"):
        assert (tmp_path / "site" / page).exists(), page
