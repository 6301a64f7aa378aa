"""The commands and options for authors of connectors, beside `commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inboxbridge.cli.application import ConfigPath, ConnectionName, app, example

SERVE_URL = "http://127.0.0.1:8080"


@app.command(
    epilog=example("inboxbridge send shop samples/order.json", "inboxbridge send shop samples")
)
def send(
    connection: ConnectionName,
    file: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            exists=True,
            readable=True,
            help="Captured bodies, .json or .form, or a folder of them.",
        ),
    ],
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Where `serve` listens, or the webhook URL."),
    ] = SERVE_URL,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            metavar="NAME:VALUE",
            help="A header as it was captured; nothing is signed then. May be repeated.",
        ),
    ] = None,
    config: ConfigPath = None,
) -> None:
    """Sign captured deliveries and post them to `serve`.

    They are signed as the source signs, with the connection's own secret. Ends with 1 if one was
    not taken.
    """
    from inboxbridge.cli.sending import send

    raise typer.Exit(send(config, connection, file, url=url, headers=header or []))
