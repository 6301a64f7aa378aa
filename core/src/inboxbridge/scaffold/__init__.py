"""Create a new connector package with tests that pass."""

from inboxbridge.scaffold.names import CannotScaffold
from inboxbridge.scaffold.package import LICENCES, scaffold

__all__ = ["LICENCES", "CannotScaffold", "scaffold"]
