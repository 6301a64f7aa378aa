"""The kit for connector authors: the contract as tests, a scorecard, and fixtures.

Needs pytest, hypothesis and the sandbox: ``pip install "inboxbridge[testing]"``.

>>> from inboxbridge.testing import contract_suite
>>> TestAcme = contract_suite(AcmeConnector, settings={"secret": "…"}, samples=…)

Fixtures come with ``pytest_plugins = ["inboxbridge.testing.fixtures"]`` in the topmost conftest.py;
their types are in `inboxbridge.testing.stage`.
"""

from inboxbridge.testing import _needed as _needed
from inboxbridge.testing.clock import FakeClock
from inboxbridge.testing.mutation import broken
from inboxbridge.testing.rules import LEVELS, Level, Rule, rules
from inboxbridge.testing.samples import RECEIVED_AT, SAMPLE_URL, Expected, Sample, load_samples
from inboxbridge.testing.scorecard import Mark, Scorecard, scorecard
from inboxbridge.testing.sealed import NotAllowed, sealed
from inboxbridge.testing.shown import badge_of, message_of
from inboxbridge.testing.subject import Subject, Unmet
from inboxbridge.testing.suite import contract_suite

__all__ = [
    "LEVELS",
    "RECEIVED_AT",
    "SAMPLE_URL",
    "Expected",
    "FakeClock",
    "Level",
    "Mark",
    "NotAllowed",
    "Rule",
    "Sample",
    "Scorecard",
    "Subject",
    "Unmet",
    "badge_of",
    "broken",
    "contract_suite",
    "load_samples",
    "message_of",
    "rules",
    "scorecard",
    "sealed",
]
