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

__all__ = [
    "Directory",
    "Drop",
    "Found",
    "Park",
    "Resolution",
    "identities_of",
    "parse_identity",
]
