"""Which contact a person is, by stated policy."""

from inboxbridge.identity.directory import (
    Directory,
    Drop,
    Found,
    Park,
    Resolution,
    identities_of,
    parse_identity,
)
from inboxbridge.identity.memory import Memory

__all__ = [
    "Directory",
    "Drop",
    "Found",
    "Memory",
    "Park",
    "Resolution",
    "identities_of",
    "parse_identity",
]
