"""A new connector package, ready to publish and with tests that pass."""

from inboxbridge.scaffold.names import CannotScaffold
from inboxbridge.scaffold.package import LICENCES, scaffold

__all__ = ["LICENCES", "CannotScaffold", "scaffold"]
