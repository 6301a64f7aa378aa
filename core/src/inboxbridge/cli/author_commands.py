"""The commands and options for authors of connectors, beside `commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inboxbridge.cli.application import (
    AsJson,
    ConfigPath,
    ConnectionName,
    OnlyConnection,
    app,
    example,
)

SERVE_URL = "http://127.0.0.1:8080"


@app.command(
    epilog=example("inboxbridge send shop samples/order.json", "inboxbridge send shop samples")
)
def send(
    connection: ConnectionName,
    file: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
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


@app.command(epilog=example("inboxbridge dev", "inboxbridge dev --config acme.toml --port 9000"))
def dev(
    config: ConfigPath = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="For webhooks; 0 for any free one.")
    ] = 8080,
    sandbox_port: Annotated[
        int,
        typer.Option("--sandbox-port", min=0, max=65535, help="For the sandbox and its Inbox."),
    ] = 8090,
) -> None:
    """Develop a connector: sandbox, `serve` and Inbox in one.

    `serve` starts again whenever the configuration or the code of a connector changes. Nothing goes
    to Wix: every site is the sandbox, and each run has a journal of its own. A stand-in is
    used for a secret whose environment variable is not set.

    Needs inboxbridge[testing].
    """
    from inboxbridge.cli.add_ons import load_add_on

    create_app = load_add_on("sandbox", "testing")
    from inboxbridge.cli.dev import dev

    raise typer.Exit(dev(create_app(lenient=False), config, port=port, sandbox_port=sandbox_port))


@app.command(epilog=example("inboxbridge listen", "inboxbridge listen --connection shop"))
def listen(
    connection: OnlyConnection = None, config: ConfigPath = None, as_json: AsJson = False
) -> None:
    """Print events and what becomes of them as they come.

    From the journal, until Ctrl-C. A delivery that is refused is in no journal: `serve` logs it.
    """
    from inboxbridge.cli.listen import listen

    raise typer.Exit(listen(config, connection=connection, as_json=as_json))


@app.command(epilog=example("inboxbridge schema > connectors.schema.json"))
def schema() -> None:
    """Print the JSON Schema of connectors.toml.

    For the installed connectors. An editor that knows TOML completes and checks a file that begins
    with `#:schema ./connectors.schema.json`.
    """
    from inboxbridge.cli.schema import schema

    raise typer.Exit(schema())
