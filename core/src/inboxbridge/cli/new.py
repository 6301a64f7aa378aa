"""``new``: a package for a new connector, and what to do next."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from inboxbridge.scaffold import scaffold


def new(name: str, directory: Path, licence: str) -> int:
    """Write the package and say the next commands. Returns the exit code.

    Raises:
        CannotScaffold: The name or licence cannot be, or the folder is not empty.
    """
    made = scaffold(name, directory, licence=licence)
    print(f"made {made}" + (", a git repository" if _made_repository(made) else ""))
    print("next:")
    for command in (
        f"cd {shlex.quote(str(made))}",
        "pip install -e .",
        "pytest -q",
        "inboxbridge dev",
        f"inboxbridge send {name} samples      # in another terminal",
    ):
        print(f"  {command}")
    return 0


def _made_repository(folder: Path) -> bool:
    """Make *folder* a git repository, unless there is no git or it lies in one already."""
    git = shutil.which("git")
    if git is None:
        return False
    inside = subprocess.run(
        [git, "rev-parse", "--is-inside-work-tree"], cwd=folder, capture_output=True, check=False
    )
    if inside.returncode == 0:
        return False
    made = subprocess.run([git, "init", "--quiet"], cwd=folder, capture_output=True, check=False)
    return made.returncode == 0
