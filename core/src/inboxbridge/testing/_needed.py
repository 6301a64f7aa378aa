"""Say which packages the kit needs beside the core."""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = {
    "hypothesis": "hypothesis",
    "inboxbridge_sandbox": "inboxbridge-sandbox",
    "pytest": "pytest",
}

missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
if missing:
    raise ImportError(
        f"inboxbridge.testing needs {', '.join(missing)}, not installed here: "
        'pip install "inboxbridge[testing]"'
    )
