"""A connector written against version 1 of the contract, and never changed, keeps working."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from inboxbridge.testing import contract_suite

PACKAGE = Path(__file__).parent / "fixtures" / "inboxbridge-frozen"

_source = PACKAGE / "src" / "inboxbridge_frozen" / "__init__.py"
_spec = importlib.util.spec_from_file_location("inboxbridge_frozen", _source)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["inboxbridge_frozen"] = _module
_spec.loader.exec_module(_module)

TestFrozen = contract_suite(
    _module.Frozen,
    settings={"secret": "frozen-secret"},
    samples=PACKAGE / "samples",
    minimum="silver",
)
