"""Pages about the commands, the metrics, the sandbox and the scorecard."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

import click
import typer
from inboxbridge.cli import app
from inboxbridge.telemetry import metrics as registered
from inboxbridge.testing import LEVELS, rules
from inboxbridge_sandbox.control import control_routes
from inboxbridge_sandbox.faults import Faults
from inboxbridge_sandbox.rules import CALLS, SLOW_SECONDS, Rule
from starlette.routing import Route

from .text import code, doc_of, markdown, table


def group() -> click.Group:
    """The whole command line."""
    found = typer.main.get_command(app)
    assert isinstance(found, click.Group) or hasattr(found, "commands")
    return found  # type: ignore[return-value]


def commands() -> str:
    """Every command with its arguments, options and example."""
    parts = [
        "# Commands\n",
        "`python -m inboxbridge` is the same as `inboxbridge`. Every command has `--help`. "
        "`--debug` shows tracebacks and may stand anywhere; `--version` prints the version.\n",
        "Exit codes: 0 done, 1 the thing asked about is not well, 2 wrong usage or "
        "configuration. Errors go to stderr.\n",
        "`serve`, `gateway`, `sandbox` and `demo` print `ready http://HOST:PORT` once they accept "
        "connections, and end cleanly on SIGTERM and Ctrl-C, within 10 seconds.\n",
    ]
    for name, command in group().commands.items():
        parts.append(_command(name, command))
    return "\n".join(parts)


def _command(name: str, command: click.Command) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    options = [p for p in options if "--help" not in p.opts]
    usage = " ".join(["inboxbridge", name, "[OPTIONS]", *map(_usage, arguments)])
    said = [" ".join(one.split()) for one in (command.help or "").split("\n\n")]
    parts = [f"## {name}\n", f"```text\n{usage}\n```\n", "\n\n".join(said) + "\n"]
    rows = [(code(_usage(one)), getattr(one, "help", None) or "") for one in arguments]
    rows += [(code(_option(one)), _told(one)) for one in options]
    parts.append(table(("argument or option", "meaning"), rows) + "\n")
    example = re.sub(r"^\x08?\s*Example:\n", "", command.epilog or "")
    parts.append(f"```sh\n{inspect.cleandoc(example)}\n```\n")
    return "\n".join(parts)


def _usage(argument: Any) -> str:
    word = str(argument.metavar or str(argument.name).upper())
    word += "..." if argument.nargs != 1 else ""
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> str:
    if option.is_flag:
        return str(option.opts[0])
    return f"{option.opts[0]} {option.metavar or str(option.name).upper()}"


def _told(option: Any) -> str:
    text = option.help or ""
    default = option.default
    if option.is_flag or default is None or isinstance(default, (list, tuple)):
        return text
    return f"{text} Default: {code(default)}."


def metrics() -> str:
    """Every metric."""
    parts = [
        "# Metrics\n",
        "`GET /metrics` of the gateway, as Prometheus text. A process of its own for each gateway; "
        "a courier alone has no port, so its numbers are in its log.\n",
    ]
    rows = []
    for family in registered.registry.collect():
        collector = next(
            one for one in vars(registered).values() if getattr(one, "_name", None) == family.name
        )
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = ", ".join(code(one) for one in collector._labelnames)
        rows.append((code(name), family.type, labels, family.documentation))
    parts.append(table(("metric", "type", "labels", "meaning"), rows) + "\n")
    parts.append(
        "`answer` is one of `stored`, `repeated`, `ignored`, `unreadable`, `refused` (401), "
        "`too large` (413), `malformed` (400), `unavailable` (503). `state` is one of "
        "`delivered`, `retrying`, `parked`, `ignored`, `dead`. What somebody calls under a name "
        "that is not a connection counts with an empty `connection`.\n"
    )
    return "\n".join(parts)


# What the sandbox's code does not say.
_CONTROL = {
    "GET /conversations": "Every conversation kept, with how many messages it has.",
    "GET /faults": "All faults as they are set.",
    "POST /tokens/expire": "Make every access token invalid; answers how many there were.",
    "GET /webhooks/public-key": "The key that signs the sandbox's webhooks, as PEM.",
}


def sandbox() -> str:
    """The sandbox's control paths and faults."""
    parts = [
        "# The sandbox\n",
        "`inboxbridge sandbox` is a stand-in for Wix: contacts, conversations, messages, tokens. "
        "It is strict about required fields, ignores and counts unknown keys, and keeps everything "
        "in memory. `GET /` shows the Inbox as a person sees it. Any API key is taken.\n",
        "Point a site at it with `base_url`:\n",
        '```toml\n[sites.default]\nsite_id = "any"\napi_key = "any"\n'
        'base_url = "http://127.0.0.1:8090"\n```\n',
        "## Control\n",
        "For tests and demonstrations; no fault hits these paths. A `?site=ID` narrows a call to "
        "one site.\n",
    ]
    rows = []
    for route in control_routes():
        assert isinstance(route, Route)
        verb = next(one for one in sorted(route.methods or ()) if one != "HEAD")
        path = route.path
        rows.append((code(f"{verb} /_sandbox{path}"), _control(f"{verb} {path}", route)))
    parts.append(table(("call", "what"), rows) + "\n")
    parts.append("## Faults\n")
    parts.append(
        "`POST /_sandbox/faults` changes those that it names and answers with all. Every `p_…` is "
        "a probability from 0 to 1 for each call.\n"
    )
    meanings = _meanings(Faults)
    faults = [
        (code(field.name), code("null" if field.default is None else str(field.default).lower()),
         meanings[field.name])
        for field in dataclasses.fields(Faults)
    ]  # fmt: skip
    parts.append(table(("fault", "default", "meaning"), faults) + "\n")
    parts.append("## Rules\n")
    parts.append(
        "`POST /_sandbox/rules` takes a JSON array of rules. The first that is for a call and is "
        "not spent counts. A call that a rule answers counts in the stats, but not against the "
        "rate; no credential is looked at unless what it asks for is done.\n"
    )
    parts.append(
        "```json\n"
        '[{"call": "send", "times": 1, "after_commit": true, "answer": "reset"},\n'
        ' {"call": "list", "text": "7356b3ee-5f41-30aa-bdd8-070e50890228", "answer": '
        '{"status": 200, "headers": {"Retry-After": "0"}, "body": "<html>"}}]\n```\n'
    )
    rows = [(code(name), meaning) for name, meaning in _meanings(Rule).items()]
    parts.append(table(("key", "meaning"), rows) + "\n")
    parts.append(
        f"`seconds` is {SLOW_SECONDS:g} for `slow` and `late` unless given, otherwise 0. Headers "
        "are an object, or an array of `[name, value]` where one comes twice. `Content-Length` is "
        "added unless it is given, and `Content-Type` to a `json` body; a `Date` or `Server` that "
        "is given takes the place of the server's own. In the same process, where a caller has no "
        "socket, a cut connection is `httpx.ReadError`.\n"
    )
    words = [(code(word), code(name)) for word, name in CALLS.items()]
    parts.append(table(("call", "method"), words) + "\n")
    return "\n".join(parts)


def _control(key: str, route: Route) -> str:
    handler = inspect.getclosurevars(route.endpoint).nonlocals.get("handler", route.endpoint)
    written = inspect.getdoc(handler)
    if bool(written) == (key in _CONTROL):
        raise ValueError(f"{key} must be explained in one place: its docstring or here")
    return markdown(" ".join((written or _CONTROL[key]).split()))


def _meanings(documented: type) -> dict[str, str]:
    """Read ``name, name: meaning.`` paragraphs out of a class's docstring."""
    lead = doc_of(documented).lead.partition("\n\n")[2]
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", lead):
        names, _, meaning = " ".join(entry.split()).partition(": ")
        for name in names.split(", "):
            found[name] = markdown(meaning)
    return found


def scorecard() -> str:
    """The rules that a connector is held against."""
    parts = [
        "# Scorecard\n",
        "What `inboxbridge.testing.contract_suite` and `inboxbridge.testing.scorecard` ask of a "
        "connector. A level asks for all rules of the levels below it too. A name is what "
        '`exempt={"NAME": "reason"}` takes.\n',
    ]
    for level in LEVELS:
        parts.append(f"## {level.capitalize()}\n")
        rows = [(code(r.name), markdown(r.what), r.why) for r in rules() if r.level == level]
        parts.append(table(("rule", "what is asked", "why"), rows) + "\n")
    return "\n".join(parts)
