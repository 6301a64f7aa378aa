"""How commands end: errors as one paragraph on stderr, and the exit codes.

0 done · 1 the thing asked about is not well · 2 wrong usage or configuration.
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from inboxbridge.errors import ConfigError, ConnectorError, InboxbridgeError


class NotWell(InboxbridgeError):
    """What was asked about is not as it should be; the command ends with 1."""


class Command(TyperCommand):
    """Shows its arguments in words: ``CONNECTION FILE...``, without types and braces."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words of the usage line."""
        shown = []
        for one in self.get_params(ctx):
            if isinstance(one, TyperArgument):
                word = one.display_name_raw + ("..." if one.nargs != 1 else "")
                shown.append(word if one.required else f"[{word}]")
        return ["[OPTIONS]", *shown]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options with what they mean."""
        found: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for one in self.get_params(ctx):
            if isinstance(one, TyperArgument):
                found["Arguments"].append((one.display_name_raw, one.help or ""))
            elif record := one.get_help_record(ctx):
                found["Options"].append(record)
        for title, records in found.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
_IN_WORDS = (
    (r"^Input should be a valid integer.*", "must be a whole number"),
    (r"^Input should be greater than or equal to (\S+)$", r"must be \1 or more"),
    (r"^Input should be less than or equal to (\S+)$", r"must be \1 or less"),
    (r"^Input should be a valid datetime.*", "must be a time such as 2026-11-06T21:20:31"),
    (r"^Value error, (.+) is not one of (.+)$", r"must be one of \2, not \1"),
    (r"^Input should be (.+)$", r"must be \1"),
)


class CommandGroup(TyperGroup):
    """Takes ``--debug`` wherever it stands, and makes errors one paragraph and an exit code."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Read what was typed before the command's name."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except _USAGE_ERROR as error:
            raise _refused(error) from None

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
        except _USAGE_ERROR as error:
            raise _refused(error) from None


def _refused(error: Any) -> Exception:
    """Say what is wrong with what was typed. Help, shown where nothing was typed, goes on."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return error  # type: ignore[no-any-return]
    path = error.ctx.command_path if error.ctx is not None else "inboxbridge"
    say_error(f"{_typed_wrongly(error)}. `{path} --help` shows how")
    return typer.Exit(2)


def _typed_wrongly(error: Any) -> str:
    param = getattr(error, "param", None)
    if param is None:
        said = error.message if isinstance(error, typer.BadParameter) else error.format_message()
        return f"{said[:1].lower()}{said[1:]}".rstrip(".")
    name = param.opts[0] if param.param_type_name == "option" else param.display_name_raw
    if type(error).__name__ == "MissingParameter":
        return f"{name} is missing"
    message = error.message.rstrip(".")
    for pattern, words in _IN_WORDS:
        if re.search(pattern, message):
            return f"{name} {re.sub(pattern, words, message)}"
    return f"{name}: {message[:1].lower() + message[1:]}"


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
