"""Says in words what the kit needs beside the core."""

from __future__ import annotations

from importlib.util import find_spec

for needed in ("pytest", "hypothesis"):
    if find_spec(needed) is None:
        raise ImportError(f'inboxbridge.testing needs {needed}: pip install "inboxbridge[testing]"')
