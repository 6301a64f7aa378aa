"""The names of a connector: of its package, its module, its classes and its connection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inboxbridge.config.tables import WIX_HOOK
from inboxbridge.errors import InboxbridgeError

PREFIX = "inboxbridge-"
LONGEST_NAME = 30

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TAKEN = {WIX_HOOK, "core", "demo", "sandbox", "testing"}
_SHIPPED = {"bookings", "chat", "facebook", "phone", "sms", "webhook"}


class CannotScaffold(InboxbridgeError):
    """A connector package cannot be made. The text says why and what to do."""


@dataclass(frozen=True)
class Names:
    """What a connector is called in each place.

    Attributes:
        name: In connectors.toml and as its entry point: ``acme-chat``.
    """

    name: str

    @property
    def package(self) -> str:
        """To install: ``inboxbridge-acme-chat``."""
        return PREFIX + self.name

    @property
    def module(self) -> str:
        """To import: ``inboxbridge_acme_chat``."""
        return self.package.replace("-", "_")

    @property
    def cls(self) -> str:
        """In code: ``AcmeChat``."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def label(self) -> str:
        """For people: ``Acme Chat``."""
        return " ".join(part.capitalize() for part in self.name.split("-"))

    @property
    def variable(self) -> str:
        """For environment variables: ``ACME_CHAT``."""
        return self.name.replace("-", "_").upper()


def checked(name: str) -> Names:
    """Return the names for a connector called *name*.

    Raises:
        CannotScaffold: It is not a name for one. The text says what would be.
    """
    if name.lower().replace("_", "-").startswith(PREFIX):
        bare = name[len(PREFIX) :].lower()
        raise CannotScaffold(
            f"{name!r} has the prefix already: give {bare!r}, the package is then called "
            f"{PREFIX}{bare}"
        )
    if not _NAME.fullmatch(name):
        better = "-".join(re.findall(r"[a-z0-9]+", name.lower())).lstrip("0123456789-")
        hint = f"; perhaps {better!r}" if better else ""
        raise CannotScaffold(
            f"{name!r} cannot name a connector: use lower-case letters and digits, begin with a "
            f"letter, and join words with single hyphens{hint}"
        )
    if len(name) > LONGEST_NAME:
        raise CannotScaffold(
            f"{name!r} has {len(name)} characters; a connector's name has at most {LONGEST_NAME}"
        )
    if name in _TAKEN:
        raise CannotScaffold(f"{name!r} is a name of inboxbridge itself; choose another")
    if name in _SHIPPED:
        raise CannotScaffold(
            f"{PREFIX}{name} is a connector that comes with inboxbridge; choose another name, such "
            f"as 'my-{name}'"
        )
    return Names(name)
