"""The single checks of ``check``; each returns the problems that it finds."""

from __future__ import annotations

import importlib.util
import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from inboxbridge.cli.captured import bodies, captured_request
from inboxbridge.cli.console import count
from inboxbridge.config import Config, Problem
from inboxbridge.connector import Providers
from inboxbridge.courier import wix_client
from inboxbridge.errors import HookFailed, InboxbridgeError
from inboxbridge.gateway.intake import Malformed, Progress, Stored, Unreadable, contents
from inboxbridge.journal import JournalUnavailable, open_engine, reads
from inboxbridge.journal.database import sqlite_path
from inboxbridge.journal.reader import JournalReader, probe
from inboxbridge.journal.shown import shown
from inboxbridge.model import WebhookRequest
from inboxbridge.plugins import Connection, Installed, Unusable, connect, installed, lines_about
from inboxbridge.signing import NoSignature
from inboxbridge.wix import WixError

CLOCK_SECONDS = 5.0
"""How far our clock and Wix's may be apart; what is told is right to a second."""


def plain_secrets(config: Config) -> list[Problem]:
    """Secrets that stand in the file itself."""
    document = tomllib.loads(config.text)
    found = []
    for name, site in config.sites.items():
        written = document.get("sites", {}).get(name, {})
        for key in ("api_key", "app_secret"):
            if isinstance(written.get(key), str) and getattr(site, key) is not None:
                found.append(_plain(f"sites.{name}", key, f"wix_{key}"))
    for name, keys in _secret_keys(config).items():
        written = document.get("connectors", {}).get(name, {})
        for key in keys:
            if _is_text(written.get(key)):
                found.append(_plain(f"connectors.{name}", key, f"{name}_{key}".replace("-", "_")))
    url = document.get("journal", {}).get("url")
    if isinstance(url, str) and _has_password(url):
        found.append(_plain("journal", "url", "JOURNAL_URL"))
    return found


def signed_url(connection: Connection) -> list[Problem]:
    """A scheme that signs the URL needs to know it."""
    if connection.url is not None or not connection.signs_url:
        return []
    return [
        Problem(
            f"connectors.{connection.name}",
            "public_url",
            "is missing, and this source signs the URL that it calls",
            'Set [gateway] public_url = "https://hooks.example.com", or public_url of the '
            "connection to exactly the URL that the source calls",
        )
    ]


def public_urls(config: Config) -> list[Problem]:
    """Public URLs that are valid and most likely not meant."""
    tables = {"gateway": config.gateway.public_url}
    for name, settings in config.connections.items():
        tables[f"connectors.{name}"] = settings.public_url
    return [
        config.locate(Problem(table, "public_url", what, hint))
        for table, url in tables.items()
        if url
        for what, hint in _doubts(url, of_gateway=table == "gateway")
    ]


def _doubts(url: str, *, of_gateway: bool) -> Iterator[tuple[str, str]]:
    parts = urlsplit(url)
    if of_gateway and "hooks" in parts.path.split("/"):
        better = url.partition("/hooks")[0]
        yield (
            "has /hooks in it, which inboxbridge adds itself: the path is there twice",
            f"Perhaps {better!r}? A source whose signature covers the URL is answered 401",
        )
    if _is_local(parts.hostname or ""):
        yield (
            "is an address of this machine or network, which no source can reach",
            "Give the name that sources call; for local work, that of a tunnel",
        )
    elif parts.scheme == "http":
        yield (
            "is http: deliveries and their signatures travel unencrypted, and most sources refuse",
            "Use https, with a proxy in front that has a certificate",
        )


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def samples(connection: Connection, available: Mapping[str, list[Installed]]) -> list[Problem]:
    """What the connector fails at among its own samples, where it is installed from its folder.

    A sample that is refused as malformed is left out: it may be of another kind than the settings.
    """
    settings = connection.settings
    entry = available[settings.plugin][0].entry_point
    folder = _samples_beside(entry.module)
    found = bodies([folder]) if folder else []
    target = entry.load()
    provider = settings.provider or (target.default if isinstance(target, Providers) else None)
    of_provider = [one for one in found if one.name.startswith(f"{provider}-")]
    for file in of_provider or found:
        request = captured_request(file, connection.url or f"http://localhost/{connection.name}")
        error = _failure(connection, request)
        if error is not None:
            said = "\n".join([str(error), *lines_about(error)])
            what = f"its connector fails at its own sample {file.name}: {said}"
            hint = "Fix the connector: its tests, run with pytest, say the same"
            return [Problem(f"connectors.{connection.name}", "", what, hint)]
    return []


def _failure(connection: Connection, request: WebhookRequest) -> HookFailed | None:
    progress = Progress()
    case = contents(connection, request, progress)
    errors = [*progress.faults]
    if isinstance(case, Malformed | Unreadable):
        errors.append(case.error)
    for event in case.events if isinstance(case, Stored) else ():
        try:
            connection.message(event)
        except HookFailed as error:
            errors.append(error)
    return next((error for error in errors if isinstance(error, HookFailed)), None)


def _samples_beside(module: str) -> Path | None:
    """The samples in the project that a module is installed from."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    origin = Path(spec.origin) if spec is not None and spec.origin else None
    for folder in list(origin.parents)[:3] if origin else ():
        if (folder / "pyproject.toml").is_file() and (folder / "samples").is_dir():
            return folder / "samples"
    return None


def nothing_verified(connection: Connection) -> list[Problem]:
    """A connection that takes deliveries from anyone."""
    if not isinstance(connection.signature, NoSignature):
        return []
    what = "verifies nothing: whoever knows its URL can write into the Inbox"
    return [Problem(f"connectors.{connection.name}", "", what)]


def journal(config: Config, hints: list[Problem]) -> list[Problem]:
    """Whether the journal can be opened and written, and what waits in it for a person."""
    try:
        engine = open_engine(config.journal.url)
    except InboxbridgeError as error:
        return [Problem("journal", "url", str(error))]
    try:
        return _opened(engine, config, hints)
    except JournalUnavailable as error:
        return [Problem("journal", "url", str(error))]
    finally:
        engine.dispose()


async def ask_wix(config: Config) -> dict[str, list[Problem]]:
    """What each site's credentials may not do. Nothing is read or changed at Wix."""
    answers = {}
    for name, site in config.sites.items():
        table = f"sites.{name}"
        try:
            client = wix_client(site, timeout_seconds=config.courier.timeout_seconds)
        except ValueError as error:
            answers[name] = [Problem(table, "", str(error))]
            continue
        try:
            refusals = await client.probe()
            hint = "Grant the permission in Wix's dashboard, then check again"
            answers[name] = [Problem(table, "", refusal, hint) for refusal in refusals]
            answers[name] += _clock(client.server_clock_offset_seconds)
        except WixError as error:
            answers[name] = [Problem(table, "", str(error))]
        finally:
            await client.aclose()
    return answers


def _clock(offset_seconds: float) -> list[Problem]:
    """Whether our clock is Wix's: signed times and the search for a lost answer rely on it."""
    if abs(offset_seconds) <= CLOCK_SECONDS:
        return []
    way = "behind" if offset_seconds > 0 else "ahead of"
    what = f"the clock is {abs(offset_seconds):.0f} seconds {way} Wix's"
    return [
        Problem("", "this machine", what, "Set it by NTP, such as with timedatectl set-ntp true")
    ]


def _opened(engine: Engine, config: Config, hints: list[Problem]) -> list[Problem]:
    path = sqlite_path(engine)
    if path is not None and not path.exists():
        folder = path.absolute().parent
        if not folder.is_dir():
            hint = "Create the folder, or choose another place"
            return [Problem("journal", "url", f"the folder {folder} does not exist", hint)]
        hints.append(Problem("journal", "url", f"{path.absolute()} is made at the first start"))
        return []
    if not probe(engine):
        hints.append(
            Problem("journal", "url", "its schema is brought up to date at the next start")
        )
        return []
    read = JournalReader(engine)
    states, counts = read(reads.site_states), read(reads.count_states)
    for state in ("dead", "parked", "unreadable"):
        if number := counts.get(state, 0):
            hint = f"See `inboxbridge events --state {state}`"
            hints.append(Problem("", "journal", count(number, f"{state} event"), hint))
    return [
        Problem(f"sites.{name}", "", f"delivery is stopped: {reason or 'no reason is given'}")
        for name, (state, reason) in states.items()
        if state == "stopped" and name in config.sites
    ]


def _plain(table: str, key: str, variable: str) -> Problem:
    hint = f'Better: {{ env = "{variable.upper()}" }} or {{ file = "PATH" }}'
    return Problem(table, key, "is written in plain text", hint)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and any(isinstance(one, str) for one in value)
    )


def _secret_keys(config: Config) -> dict[str, list[str]]:
    """The keys of each connection's table that hold secrets, by its connector's own settings."""
    available = installed()
    found = {}
    for name, settings in config.connections.items():
        if not settings.enabled:
            continue
        try:
            own = connect(settings, available).connector.settings
        except Unusable:
            continue
        found[name] = [key for key in type(own).model_fields if any(_secrets_in(getattr(own, key)))]
    return found


def _secrets_in(value: Any) -> Iterator[bool]:
    if isinstance(value, SecretStr):
        yield True
    elif isinstance(value, (list, tuple)):
        yield from (isinstance(one, SecretStr) for one in value)


def _has_password(url: str) -> bool:
    try:
        return "***" in shown(make_url(url))
    except (ArgumentError, ValueError):
        return False
