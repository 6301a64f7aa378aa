"""Which contact a person is, by stated policy."""

from inboxbridge.identity.directory import (
    Directory,
    Drop,
    Found,
    Park,
    Resolution,
)
from inboxbridge.identity.memory import Memory
from inboxbridge.identity.plan import Plan, identities_of, parse_identity, plan

__all__ = [
    "Directory",
    "Drop",
    "Found",
    "Memory",
    "Park",
    "Plan",
    "Resolution",
    "identities_of",
    "parse_identity",
    "plan",
]
