"""The page about connectors.toml: every table, every setting."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import Any

from inboxbridge import Connector, Providers
from inboxbridge.config.tables import (
    ConnectionSettings,
    ConsoleSettings,
    CourierSettings,
    GatewaySettings,
    JournalSettings,
    SiteSettings,
)
from inboxbridge.plugins import installed, load_class
from pydantic import BaseModel

from .text import attribute_docs, code, default_of, doc_of, markdown, table, values_of

HEADER = ("setting", "default", "values", "meaning")
FIRST_PARTY = ("facebook", "sms", "phone", "email", "bookings", "chat", "telegram", "webhook")

CORE: dict[str, tuple[str, type[BaseModel]]] = {
    "journal": ("[journal]", JournalSettings),
    "gateway": ("[gateway]", GatewaySettings),
    "courier": ("[courier]", CourierSettings),
    "console": ("[console]", ConsoleSettings),
    "sites": ("[sites.NAME]", SiteSettings),
    "connectors": ("[connectors.NAME]", ConnectionSettings),
}

# What the code does not say beside the setting itself.
_MEANINGS = {
    "journal.url": "The database: `sqlite:///FILE` (one process) or `postgresql://USER:PASSWORD@HOST"
    "/DATABASE` (any number). A relative file counts from the folder the command is run in.",
    "courier.retry_base_seconds": "The longest wait before the second try; it doubles from there, "
    "and each wait is drawn evenly between 0 and that.",
    "courier.retry_cap_seconds": "The longest wait between two tries.",
    "sites.site_id": "The site's id. With `api_key`.",
    "sites.api_key": "An API key of the account. With `site_id`.",
    "sites.app_id": "A Wix app's id. With `app_secret` and `instance_id`.",
    "sites.app_secret": "The app's secret.",
    "sites.instance_id": "The id of the app's instance on this site.",
    "sites.base_url": "Where Wix is; the sandbox's address for trying things out.",
    "sites.calls_per_minute": "Wix's limit for the site; 0 is no limit.",
    "sites.wire_form": "The JSON of Send Message: Wix's reference, or the literal form of its "
    "article on example flows.",
    "connectors.plugin": "The connector. Default: the connection's own name.",
    "connectors.provider": "Which of the connector's formats; each connector has a default.",
    "connectors.enabled": "A disabled connection is not set up, and its secrets need not be set.",
    "connectors.site": "The site it delivers to. Where there is only one, that is the default.",
    "connectors.unmatched": "What to do with a person who is not a contact yet: create one, park "
    "event for a decision, or drop it.",
    "connectors.ambiguous": "Which contact gets the message where several have the email address "
    "or phone number; `park` asks.",
    "connectors.visibility": "Who sees it: only the business, or also the customer in the site's "
    "chat widget.",
    "connectors.public_url": "The URL that this source calls, to the letter, where it is not "
    "`[gateway] public_url` and `/hooks/NAME`.",
}


def settings() -> str:
    """Every setting of connectors.toml."""
    parts = [
        "# Settings of connectors.toml\n",
        "The file is the one named by `--config`, else by `INBOXBRIDGE_CONFIG`, else "
        "`connectors.toml` in the current folder. An unknown key is a fault, named with the "
        "nearest spelling; `inboxbridge check` lists all faults in one go. "
        "[A whole one, commented](connectors-toml.md).\n",
        '**Any value** may be `{ env = "NAME" }` or `{ file = "PATH" }` (relative to the '
        "configuration file); one that is unset or empty stops the start with its key's name.\n",
        "**Any setting** may be given by an environment variable instead: `INBOXBRIDGE__`, then "
        "the path with `__` between its parts, such as "
        "`INBOXBRIDGE__SITES__DEFAULT__BASE_URL`. A `-` in a name is written `_`, a list or table "
        "as JSON.\n",
    ]
    for key, (title, model) in CORE.items():
        parts.append(f"## {title}\n")
        if model.__doc__ and key != "connectors":
            lead = markdown(doc_of(model).lead.partition(": ")[2])
            parts.append(f"{lead[:1].upper()}{lead[1:]}\n")
        if key == "connectors":
            parts.append(
                "One connection; its webhook URL ends in `/hooks/NAME`. NAME is letters, digits, "
                "`-` and `_`, at most 64; `wix` is taken. These settings are common to all, the "
                "rest of the table is the connector's own.\n"
            )
        parts.append(table(HEADER, _core_rows(key, model)) + "\n")
    for name in FIRST_PARTY:
        parts.append(_connector(name))
    return "\n".join(parts)


def core_fields(key: str) -> list[str]:
    """The names of a core table's settings."""
    return [name for name in CORE[key][1].model_fields if name not in ("name", "own")]


def connector_classes(name: str) -> dict[str | None, type[Connector[Any]]]:
    """The classes of an installed connector by provider, the default one first."""
    available = installed()
    target = available[name][0].entry_point.load()
    if not isinstance(target, Providers):
        return {None: load_class(name, None, available)}
    order = [target.default, *(one for one in target.formats if one != target.default)]
    return {provider: load_class(name, provider, available) for provider in order}


def _core_rows(key: str, model: type[BaseModel]) -> list[tuple[str, ...]]:
    written = _after_fields(model)
    rows: list[tuple[str, ...]] = []
    for name in core_fields(key):
        path, field = f"{key}.{name}", model.model_fields[name]
        if (path in _MEANINGS) == (name in written):
            raise ValueError(f"{path} must be explained in one place: its docstring or here")
        meaning = written.get(name) or _MEANINGS[path]
        default = default_of(field)
        if path == "connectors.plugin":
            default = "NAME"
        rows.append((code(name), default, values_of(field), meaning))
    return rows


def _after_fields(model: type) -> dict[str, str]:
    """The strings that stand below the fields of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0].body  # type: ignore[attr-defined]
    found = {}
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            value = getattr(text, "value", None)
            if isinstance(text, ast.Expr) and isinstance(value, ast.Constant):
                found[field.target.id] = markdown(" ".join(str(value.value).split()))
    return found


def _connector(name: str) -> str:
    parts = [f"## {name}\n"]
    for provider, cls in connector_classes(name).items():
        if provider is not None:
            parts.append(f'### {name}, provider = "{provider}"\n')
        parts.append(table(HEADER, own_rows(cls.Settings)) + "\n")
        for field, model in _tables(cls.Settings).items():
            parts.append(f"### {field} and {field}s\n")
            parts.append(_after_first(doc_of(model).lead))
            parts.append(table(HEADER, own_rows(model)) + "\n")
    return "\n".join(parts)


def _after_first(lead: str) -> str:
    return markdown(" ".join(lead.partition("\n\n")[2].split())) + "\n"


def _tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The tables within a connector's settings; several of one kind are told once."""
    found = {}
    for name, field in model.model_fields.items():
        if values_of(field) == "table":
            (inner,) = (one for one in _parts(field.annotation) if one is not type(None))
            found[name] = inner
    return found


def _parts(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", None) or (annotation,)


def own_rows(model: type[BaseModel]) -> list[tuple[str, ...]]:
    """A row for each of a connector's own settings, those that must be given first.

    Raises:
        KeyError: One has no meaning.
    """
    meanings = attribute_docs(model)
    fields = sorted(model.model_fields.items(), key=lambda one: not one[1].is_required())
    return [
        (code(name), default_of(field), values_of(field), meanings[name]) for name, field in fields
    ]
