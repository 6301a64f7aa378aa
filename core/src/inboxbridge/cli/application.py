"""The application and the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from inboxbridge.cli.completion import connections
from inboxbridge.cli.group import Command, CommandGroup

F = TypeVar("F", bound=Callable[..., Any])


class Application(typer.Typer):
    """Registers commands that show their arguments in words."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """Return the decorator that registers a command."""
        return super().command(name, cls=Command, **options)


app = Application(
    name="inboxbridge",
    cls=CommandGroup,
    help="Brings what customers write, say and book elsewhere into Wix Inbox: once, in order.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration: INBOXBRIDGE_CONFIG, else connectors.toml.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Hosts = Annotated[
    list[str],
    typer.Option(
        "--host", help="The address to listen on; may be given again. :: takes IPv4 as well."
    ),
]
Descriptors = Annotated[
    list[int] | None,
    typer.Option(
        "--fd",
        metavar="N",
        help="Listen on this descriptor, which was opened by who started us, instead of --host and "
        "--port; may be given again. systemd's socket activation needs no option.",
    ),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 for any free one.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Do not start if any connection cannot be made.")
]
OnlyConnection = Annotated[
    str | None,
    typer.Option(
        "--connection",
        metavar="NAME",
        autocompletion=connections,
        help="Only those of this connection.",
    ),
]
CapturedFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, readable=True, help="A captured body, .json or .form."
    ),
]
HistoryFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, readable=True, help="JSON lines, or a folder of captures."
    ),
]
ConnectionName = Annotated[
    str,
    typer.Argument(
        metavar="CONNECTION", autocompletion=connections, help="The NAME in [connectors.NAME]."
    ),
]


def example(*lines: str) -> str:
    """Return the end of a command's help."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"inboxbridge {version('inboxbridge')}")
        raise typer.Exit


@app.callback(epilog=example("inboxbridge demo"))
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def debugging(context: typer.Context) -> bool:
    """Whether tracebacks are asked for."""
    return bool(context.find_root().params.get("debug"))
