"""How commands end: errors as one paragraph on stderr, and the exit codes.

0 done · 1 the thing asked about is not well · 2 wrong usage or configuration.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from inboxbridge.errors import ConfigError, ConnectorError, InboxbridgeError


class NotWell(InboxbridgeError):
    """What was asked about is not as it should be; the command ends with 1."""


class CommandGroup(TyperGroup):
    """Takes ``--debug`` wherever it stands, and turns our errors into text and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move ``--debug`` to the front, where the group's own options stand."""
        end = args.index("--") if "--" in args else len(args)
        if "--debug" in args[:end]:
            kept = [arg for arg in args[:end] if arg != "--debug"]
            args = ["--debug", *kept, *args[end:]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InboxbridgeError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
            say_error(str(error))
            is_usage = isinstance(error, (ConfigError, ConnectorError))
            raise typer.Exit(2 if is_usage else 1) from None


def say_error(text: str) -> None:
    """Write one paragraph to stderr."""
    label = typer.style("error:", fg="red", bold=True)
    typer.echo(f"{label} {text}", err=True)


def explain_unexpected(error: Exception) -> int:
    """Say what kind of error it was and where, never its text: that may quote a person.

    Returns:
        The exit code.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    kind = type(error).__name__
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    say_error(
        f"something unexpected went wrong: {kind}{reason} in {frame.name} ({place}). "
        "Run the same command with --debug to see all of it"
    )
    sys.stdout.flush()
    return 1
