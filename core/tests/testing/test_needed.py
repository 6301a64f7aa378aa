"""The kit says what to install when a package that it needs is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "package"),
    [("hypothesis", "hypothesis"), ("inboxbridge_sandbox", "inboxbridge-sandbox")],
)
def test_importing_the_kit_without_its_extra_names_what_is_missing(
    module: str, package: str
) -> None:
    code = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name: None if name == {module!r} else find(name)\n"
        "import inboxbridge.testing\n"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        f"ImportError: inboxbridge.testing needs {package}, not installed here: "
        'pip install "inboxbridge[testing]"'
    )
