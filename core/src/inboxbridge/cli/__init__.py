"""The command line: `main` is the command ``inboxbridge``.

`commands` and `author_commands` declare what can be typed and import little, so that help and
mistakes answer at once; each family of commands is a module of its own, imported when it is asked
for.
"""

from __future__ import annotations

import sys

from inboxbridge.cli import author_commands, commands
from inboxbridge.cli.application import app
from inboxbridge.cli.group import explain_unexpected

__all__ = ["app", "author_commands", "commands", "main"]


def main() -> None:
    """Run the command that was typed, and exit with its code."""
    try:
        app(prog_name="inboxbridge")
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        sys.exit(explain_unexpected(error))
