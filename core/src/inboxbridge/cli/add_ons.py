"""Load what a command needs from a package of its own, such as inboxbridge-demo.

Such a package has an entry point in the group `GROUP` under the command's name: ``demo`` is called
with the command's options and returns its exit code, ``sandbox`` returns the ASGI application to
serve. The options are declared in the core, so help lists the commands in any case.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from inboxbridge.errors import ConfigError

GROUP = "inboxbridge.commands"


def load_add_on(command: str, extra: str) -> Any:
    """Return the callable that the package of *command* offers.

    Args:
        command: The command's name.
        extra: The extra of inboxbridge that installs the package.

    Raises:
        ConfigError: The package is not installed.
    """
    for entry_point in entry_points(group=GROUP, name=command):
        return entry_point.load()
    raise ConfigError(
        f"`inboxbridge {command}` is a package of its own, which is not installed. Run "
        f'pip install "inboxbridge[{extra}]" and try again'
    )
