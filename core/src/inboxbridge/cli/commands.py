"""The commands and their options; each imports the rest of itself when it is called."""

from __future__ import annotations

import enum
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from inboxbridge.cli.application import (
    AsJson,
    CapturedFile,
    ConfigPath,
    ConnectionName,
    Descriptors,
    HistoryFile,
    Host,
    Hosts,
    OnlyConnection,
    Port,
    Strict,
    app,
    debugging,
    example,
)
from inboxbridge.cli.completion import states

LOOPBACK = ["127.0.0.1"]


class Method(enum.Enum):
    """How a source can call."""

    GET = "GET"
    POST = "POST"


@app.command(epilog=example("inboxbridge demo", "inboxbridge demo --exit --json"))
def demo(
    exit_when_done: Annotated[
        bool, typer.Option("--exit", help="End once everything is in the Inbox.")
    ] = False,
    as_json: AsJson = False,
    port: Port = 0,
) -> None:
    """Run a demo on a sandbox; nothing to configure.

    Needs inboxbridge[demo].
    """
    from inboxbridge.cli.add_ons import load_add_on

    run_demo = load_add_on("demo", "demo")
    raise typer.Exit(run_demo(exit_when_done=exit_when_done, as_json=as_json, port=port))


@app.command(epilog=example("inboxbridge serve --config connectors.toml --port 8080"))
def serve(
    config: ConfigPath = None,
    host: Hosts = LOOPBACK,
    port: Port = 8080,
    fd: Descriptors = None,
    strict: Strict = False,
    console: Annotated[
        bool, typer.Option("--console", help="Also serve the console; see `console`.")
    ] = False,
    console_host: Annotated[
        str, typer.Option("--console-host", metavar="HOST", help="Where the console listens.")
    ] = "127.0.0.1",
    console_port: Annotated[
        int, typer.Option("--console-port", min=0, max=65535, help="Its port; 0 for any free one.")
    ] = 8070,
) -> None:
    """Receive webhooks and deliver them to Wix Inbox."""
    from inboxbridge.cli.serve import Listener, serve

    listener = None
    if console:
        from inboxbridge.cli.add_ons import load_add_on

        listener = Listener(load_add_on("console", "console"), console_host, console_port)
    raise typer.Exit(
        serve(config, hosts=host, port=port, descriptors=fd, strict=strict, console=listener)
    )


@app.command(epilog=example("inboxbridge console", "inboxbridge console --port 8071"))
def console(config: ConfigPath = None, host: Host = "127.0.0.1", port: Port = 8070) -> None:
    """Serve the operator's pages, beside any installation.

    Needs inboxbridge[console]. Without [console] password, one for this run is printed.
    """
    from inboxbridge.cli.add_ons import load_add_on
    from inboxbridge.cli.serve import Listener, console

    listener = Listener(load_add_on("console", "console"), host, port)
    raise typer.Exit(console(config, listener))


@app.command(epilog=example("inboxbridge gateway --host 0.0.0.0 --port 8080"))
def gateway(
    config: ConfigPath = None,
    host: Hosts = LOOPBACK,
    port: Port = 8080,
    fd: Descriptors = None,
    strict: Strict = False,
) -> None:
    """Receive webhooks only; couriers deliver them. Needs a PostgreSQL journal."""
    from inboxbridge.cli.serve import serve

    raise typer.Exit(
        serve(config, hosts=host, port=port, descriptors=fd, strict=strict, courier=False)
    )


@app.command(epilog=example("inboxbridge courier --config connectors.toml"))
def courier(
    config: ConfigPath = None,
    host: Hosts = LOOPBACK,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Where to answer /metrics, /healthz and /readyz, if at all."),
    ] = None,
    strict: Strict = False,
) -> None:
    """Deliver only what gateways have stored. Needs a PostgreSQL journal."""
    from inboxbridge.cli.serve import serve

    raise typer.Exit(serve(config, hosts=host, port=port, strict=strict, gateway=False))


@app.command(epilog=example("inboxbridge sandbox --port 8090"))
def sandbox(
    host: Host = "127.0.0.1",
    port: Port = 8090,
    lenient: Annotated[
        bool, typer.Option("--lenient", help='Also take the wire form "article".')
    ] = False,
) -> None:
    """Run the Wix sandbox; its Inbox is the page at /.

    Needs inboxbridge[testing] or inboxbridge[demo].
    """
    from inboxbridge.cli.add_ons import load_add_on

    create_app = load_add_on("sandbox", "testing")
    from inboxbridge.cli.serve import sandbox

    raise typer.Exit(sandbox(create_app(lenient=lenient), host=host, port=port))


@app.command(epilog=example("inboxbridge check", "inboxbridge check --online --json"))
def check(
    config: ConfigPath = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask Wix what the credentials may do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the configuration before the first webhook.

    Configuration, connectors, secrets, journal; with --online also Wix.
    """
    from inboxbridge.cli.check import check

    raise typer.Exit(check(config, online=online, as_json=as_json))


@app.command(epilog=example("inboxbridge connectors", "inboxbridge connectors --debug"))
def connectors(context: typer.Context, config: ConfigPath = None, as_json: AsJson = False) -> None:
    """List installed connectors, and what is wrong with broken ones."""
    from inboxbridge.cli.connectors import list_connectors

    raise typer.Exit(list_connectors(config, as_json=as_json, debug=debugging(context)))


@app.command(
    epilog=example(
        "inboxbridge events --state dead",
        "inboxbridge events --connection sms --json",
        "inboxbridge events --person '(415) 555-0132' --since 09:00",
    )
)
def events(
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="STATE",
            autocompletion=states,
            help="pending, retrying, parked, delivered, ignored, unreadable or dead.",
        ),
    ] = None,
    connection: OnlyConnection = None,
    person: Annotated[
        str | None,
        typer.Option(
            "--person",
            metavar="WHO",
            help="Only of this person: email, phone in any spelling, name, or the source's id.",
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="WORDS", help='Only with these words; "quoted" ones together.'
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="09:00, 2h, yesterday, or ISO 8601."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="As --since; before that.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most events to list.")] = 20,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", help="Only those older than this one.")
    ] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """List events, newest first."""
    from inboxbridge.cli.events import list_events

    raise typer.Exit(
        list_events(
            config,
            state=state,
            connection=connection,
            limit=limit,
            before=before,
            as_json=as_json,
            person=person,
            text=text,
            since=since,
            until=until,
        )
    )


@app.command(epilog=example("inboxbridge status", "inboxbridge status --json"))
def status(config: ConfigPath = None, as_json: AsJson = False) -> None:
    """Show what an operator must know now.

    Ends with 1 if something needs a person or a site is stopped.
    """
    from inboxbridge.cli.status import print_status

    raise typer.Exit(print_status(config, as_json=as_json))


@app.command(
    epilog=example(
        "inboxbridge show 42",
        "inboxbridge show 42 --reveal",
        "inboxbridge show 42 --raw > samples/broken.json",
    )
)
def show(
    event: Annotated[int, typer.Argument(metavar="EVENT", help="An id from `events`.")],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show texts and addresses instead of lengths.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the delivery's body as it came, for `try`.")
    ] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of one event.

    Ends with 1 if the event is dead or unreadable.
    """
    from inboxbridge.cli.show import show_event

    raise typer.Exit(show_event(config, event, reveal=reveal, as_json=as_json, raw=raw))


@app.command(epilog=example("inboxbridge replay 42 43", "inboxbridge replay --state dead"))
def replay(
    event: Annotated[
        list[int] | None, typer.Argument(metavar="EVENT", help="Ids from `events`.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="STATE",
            autocompletion=states,
            help="All events of this state: dead, parked or unreadable.",
        ),
    ] = None,
    connection: OnlyConnection = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    send_again: Annotated[
        bool,
        typer.Option(
            "--send-again", help="Also what was sent and cannot be confirmed: it may show twice."
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also what is delivered: it will show twice.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask above 100 events.")] = False,
    config: ConfigPath = None,
) -> None:
    """Deliver events again.

    One that is delivered would show twice in the Inbox: a person is asked first.
    """
    replayable = ("dead", "parked", "unreadable")
    if bool(event) == (state is not None):
        raise typer.BadParameter("name events, or say --state dead, parked or unreadable")
    if state is not None and state not in replayable:
        raise typer.BadParameter(f"--state is one of {', '.join(replayable)}")
    if connection is not None and state is None:
        raise typer.BadParameter("--connection goes with --state")
    from inboxbridge.cli.replay import replay

    raise typer.Exit(
        replay(
            config,
            event or [],
            state=state,
            connection=connection,
            dry_run=dry_run,
            yes=yes,
            send_again=send_again,
            again=again,
        )
    )


@app.command("give-up", epilog=example("inboxbridge give-up 42"))
def give_up(
    event: Annotated[list[int], typer.Argument(metavar="EVENT...", help="Ids from `events`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigPath = None,
) -> None:
    """Decide that events are not to be delivered.

    They become ignored, and wait for nobody any more.
    """
    from inboxbridge.cli.replay import give_up

    raise typer.Exit(give_up(config, event, yes=yes))


@app.command(epilog=example("inboxbridge backup /backups/journal-monday.db"))
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make.")],
    config: ConfigPath = None,
) -> None:
    """Copy a SQLite journal, also while it is in use.

    The copy is consistent, and only you may read it. A journal on PostgreSQL is copied by pg_dump.
    """
    from inboxbridge.cli.copies import backup

    raise typer.Exit(backup(config, file))


journal_app = typer.Typer(
    help="Manage the journal.",
    epilog=example("inboxbridge journal copy sqlite:///inboxbridge.db postgresql://localhost/db"),
    no_args_is_help=True,
)
app.add_typer(journal_app, name="journal")


@journal_app.command(
    "copy",
    epilog=example(
        "inboxbridge journal copy sqlite:///inboxbridge.db postgresql://user@localhost/inboxbridge"
    ),
)
def journal_copy(
    from_url: Annotated[str, typer.Argument(metavar="FROM_URL", help="sqlite:///…")],
    to_url: Annotated[str, typer.Argument(metavar="TO_URL", help="postgresql://…, empty.")],
) -> None:
    """Copy a SQLite journal to PostgreSQL with backlog and links.

    Stop every process that works on it first. It may be ended and run again: it goes on where it
    was. Ends with 1 if the counts differ.
    """
    from inboxbridge.cli.copies import copy

    raise typer.Exit(copy(from_url, to_url))


@app.command(epilog=example("inboxbridge restored"))
def restored(config: ConfigPath = None) -> None:
    """Run after restoring an older journal.

    What is unfinished in it may have been delivered since the copy was made: it is looked for in
    the Inbox before it is sent. `serve` notices an older SQLite journal by itself.
    """
    from inboxbridge.cli.copies import restored

    raise typer.Exit(restored(config))


@app.command(epilog=example("inboxbridge link sms phone:+14155550132 CONTACT_ID"))
def link(
    connection: ConnectionName,
    identity: Annotated[
        str, typer.Argument(metavar="IDENTITY", help="email:…, phone:+… or id:THE-SOURCES-ID.")
    ],
    contact_id: Annotated[
        str, typer.Argument(metavar="CONTACT_ID", help="Wix's id of the contact.")
    ],
    config: ConfigPath = None,
) -> None:
    """Link a person to a contact.

    Releases what is parked for them.
    """
    from inboxbridge.cli.replay import link

    raise typer.Exit(link(config, connection, identity, contact_id))


@app.command(epilog=example("inboxbridge unlink sms phone:+14155550132"))
def unlink(
    connection: ConnectionName,
    identity: Annotated[str, typer.Argument(help="email:…, phone:+… or id:THE-SOURCES-ID.")],
    config: ConfigPath = None,
) -> None:
    """Forget a link that was made by hand.

    Wix is asked anew whose contact the person is.
    """
    from inboxbridge.cli.replay import unlink

    raise typer.Exit(unlink(config, connection, identity))


person_app = typer.Typer(
    help="Export or erase what is held about a person.",
    epilog=example("inboxbridge person export email:dana@example.com"),
    no_args_is_help=True,
)
app.add_typer(person_app, name="person")
Identity = Annotated[
    str, typer.Argument(metavar="IDENTITY", help="email:…, phone:+… or id:THE-SOURCES-ID.")
]


@person_app.command("export", epilog=example("inboxbridge person export phone:+14155550132"))
def person_export(identity: Identity, config: ConfigPath = None) -> None:
    """Print everything held about a person, as JSON."""
    from inboxbridge.cli.people import export

    raise typer.Exit(export(config, identity))


@person_app.command("erase", epilog=example("inboxbridge person erase email:dana@example.com"))
def person_erase(
    identity: Identity,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigPath = None,
) -> None:
    """Erase everything held about a person.

    Says first what goes: events, raw deliveries, links. What is in Wix stays there.
    """
    from inboxbridge.cli.people import erase

    raise typer.Exit(erase(config, identity, yes=yes))


@app.command(
    "try",
    epilog=example(
        "inboxbridge try shop samples/order.json --sign",
        "inboxbridge try shop order.json --header 'X-Hub-Signature-256: sha256=…'",
        "inboxbridge try facebook /dev/null --method GET --query 'hub.mode=subscribe&…'",
    ),
)
def try_(
    connection: ConnectionName,
    file: CapturedFile,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME:VALUE", help="May be repeated."),
    ] = None,
    method: Annotated[
        Method,
        typer.Option("--method", metavar="METHOD", case_sensitive=False, help="GET or POST."),
    ] = Method.POST,
    query: Annotated[
        str | None, typer.Option("--query", metavar="QUERY", help="What follows ? in the URL.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", metavar="TIME", help="When it arrived (UTC); now by default."),
    ] = None,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign it first, as its source would.")
    ] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Show what a captured delivery would become.

    Nothing is stored or sent. What a connector raised is shown whole. Ends with 1 if it would be
    rejected.
    """
    from inboxbridge.cli.try_delivery import try_delivery

    raise typer.Exit(
        try_delivery(
            config,
            connection,
            file,
            headers=header or [],
            method=method.value,
            query=query,
            at=at,
            sign=sign,
            as_json=as_json,
        )
    )


@app.command("import", epilog=example("inboxbridge import shop history.jsonl --dry-run"))
def import_(
    connection: ConnectionName,
    file: HistoryFile,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read it, store nothing.")] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
) -> None:
    """Import the history of a source.

    It goes behind everything that is new; oldest first is best.

    FILE has a JSON object a line: a delivery's body, or {"headers": {…}, "body": "…"}; or it is a
    folder of captured .json and .form files. Signatures are not checked. Wix cannot back-date a
    message, so each begins with its time. What was imported before is skipped.
    """
    from inboxbridge.cli.import_history import import_history

    raise typer.Exit(import_history(config, connection, file, dry_run=dry_run, as_json=as_json))


@app.command(epilog=example("inboxbridge new parcel --dir ./connectors"))
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as parcel.")],
    directory: Annotated[
        Path, typer.Option("--dir", metavar="FOLDER", help="Where to put its folder.")
    ] = Path(),
    licence: Annotated[str, typer.Option("--licence", help="An SPDX licence name.")] = "MIT",
) -> None:
    """Create a connector package that can be published."""
    from inboxbridge.cli.new import new
    from inboxbridge.scaffold import CannotScaffold

    try:
        raise typer.Exit(new(name, directory, licence))
    except CannotScaffold as error:
        raise typer.BadParameter(str(error)) from None
