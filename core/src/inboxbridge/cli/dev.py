"""``dev``: a sandbox, and ``serve`` that starts again whenever a file changes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inboxbridge.cli.console import console
from inboxbridge.cli.serve import run, told_to_end
from inboxbridge.cli.stand_ins import stand_in
from inboxbridge.config import Config, find_config, read_config
from inboxbridge.config.problems import config_error
from inboxbridge.config.secrets import SecretUnset, resolver
from inboxbridge.errors import ConfigError
from inboxbridge.gateway.listening import address, listen
from inboxbridge.gateway.server import serving
from inboxbridge.plugins import installed
from inboxbridge.telemetry.logs import configure_logs

SERVE_URL = "http://127.0.0.1:8080"
"""Where `send` posts to if it is not told otherwise."""

OWN_FOLDER = ".inboxbridge"
"""Beside the configuration: where the journal of the present run is."""

END_SECONDS = 12.0
"""How long `serve` has to end before it is killed; it ends itself within 10 s."""


@dataclass(frozen=True)
class Stage:
    """What the parts of one run have in common.

    Attributes:
        config_path: The configuration.
        sandbox_url: Where messages go, whatever the configuration says.
        journal_url: A journal for this run alone: a real one must not be delivered to a sandbox.
        bound: Where `serve` listens. It stays open while `serve` starts again, so that no delivery
            is refused meanwhile.
    """

    config_path: Path
    sandbox_url: str
    journal_url: str
    bound: socket.socket


def dev(sandbox: Any, config_path: Path | None, *, port: int, sandbox_port: int) -> int:
    """Run until a signal. Returns the exit code.

    Args:
        sandbox: The stand-in for Wix, a Starlette application.
        config_path: The configuration. Its sites are replaced by the sandbox and its journal by
            one of this run; for a secret whose environment variable is not set, a stand-in is used.
        port: Where to receive webhooks; 0 for any free one.
        sandbox_port: Where the sandbox listens; 0 for any free one.

    Raises:
        ConfigError: There is no configuration, a port is taken, or watchfiles is not installed.
    """
    path = find_config(config_path)
    if importlib.util.find_spec("watchfiles") is None:
        raise ConfigError('watchfiles is not installed. Run pip install "inboxbridge[testing]"')
    if not path.is_file():
        raise ConfigError(
            f"there is no {path}: `inboxbridge new NAME` writes one for a connector's sandbox"
        )
    configure_logs()
    return run(_dev(sandbox, path, port, sandbox_port))


async def _dev(sandbox: Any, path: Path, port: int, sandbox_port: int) -> int:
    async with contextlib.AsyncExitStack() as stack:
        bound = stack.enter_context(contextlib.closing(listen("127.0.0.1", port)))
        wix = stack.enter_context(contextlib.closing(listen("127.0.0.1", sandbox_port)))
        told = stack.enter_context(told_to_end())
        await stack.enter_async_context(sandbox.router.lifespan_context(sandbox))
        sandbox_url = await stack.enter_async_context(serving(sandbox, wix))
        stage = Stage(path, sandbox_url, f"sqlite:///{_fresh(path)}", bound)
        _introduce(stage)
        while not told.is_set():
            await _serve_until_a_change(stage, told)
    return 0


def _fresh(config_path: Path) -> Path:
    """Return where the journal of this run is made, in a folder that only `dev` writes to.

    The sandbox has forgotten what earlier runs sent, so theirs is removed.
    """
    own = config_path.absolute().parent / OWN_FOLDER
    own.mkdir(exist_ok=True)
    (own / ".gitignore").write_text("*\n")
    journal = own / "dev.db"
    for file in own.glob(f"{journal.name}*"):
        file.unlink()
    return journal


async def _serve_until_a_change(stage: Stage, told: asyncio.Event) -> None:
    changed = asyncio.Event()
    watching = [
        asyncio.create_task(_watch(path, changed, recursive=recursive))
        for path, recursive in watched(stage.config_path)
    ]
    waiting = [asyncio.create_task(one.wait()) for one in (told, changed)]
    try:
        process = await _started(stage)
        try:
            ended = asyncio.create_task(process.wait())
            await asyncio.wait([*waiting, ended], return_when=asyncio.FIRST_COMPLETED)
            if not (told.is_set() or changed.is_set()):
                _say("`serve` has ended; it starts again when a file changes", "yellow")
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(process)
        if changed.is_set() and not told.is_set():
            _say("a file has changed: starting again", "dim")
    finally:
        for task in (*watching, *waiting):
            task.cancel()
        await asyncio.gather(*watching, *waiting, return_exceptions=True)


async def _started(stage: Stage) -> asyncio.subprocess.Process:
    descriptor = stage.bound.fileno()
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "inboxbridge", "serve",
        "--config", str(stage.config_path), "--fd", str(descriptor),
        env=environment(stage), pass_fds=(descriptor,),
    )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def environment(stage: Stage) -> dict[str, str]:
    """Return the environment of `serve`, in which every site is the sandbox.

    Raises:
        ConfigError: A site would not be the sandbox.
    """
    environ = {**os.environ, "INBOXBRIDGE__JOURNAL__URL": stage.journal_url}
    config, unset = _with_stand_ins(stage.config_path)
    for name in unset:
        environ[name] = stand_in(name)
    for name in config.sites if config else ():
        prefix = f"INBOXBRIDGE__SITES__{name.upper().replace('-', '_')}__"
        environ[prefix + "BASE_URL"] = stage.sandbox_url
    replaced, _ = read_config(stage.config_path, environ)
    for name, site in replaced.sites.items() if replaced else ():
        if site.base_url != stage.sandbox_url:
            raise ConfigError(f"[sites.{name}] cannot be replaced by the sandbox; rename it")
    return environ


def watched(config_path: Path) -> list[tuple[Path, bool]]:
    """Return what to watch, and whether with what is below it.

    That is the configuration's folder and the packages of its enabled connectors.
    """
    config, _ = _with_stand_ins(config_path)
    plugins = {one.plugin for one in config.connections.values() if one.enabled} if config else ()
    found = {config_path.absolute().parent: False}
    available = installed()
    for entry in (one for plugin in plugins for one in available.get(plugin, [])):
        module = entry.entry_point.module.partition(".")[0]
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(module)
            if spec is not None and spec.submodule_search_locations:
                found |= {Path(one): True for one in spec.submodule_search_locations}
            elif spec is not None and spec.origin:
                found.setdefault(Path(spec.origin).parent, False)
    return list(found.items())


async def _watch(path: Path, changed: asyncio.Event, *, recursive: bool) -> None:
    from watchfiles import PythonFilter, awatch

    only = PythonFilter(extra_extensions=[".toml"])
    async for _ in awatch(path, watch_filter=only, recursive=recursive, step=50):
        changed.set()


def _with_stand_ins(path: Path) -> tuple[Config | None, list[str]]:
    """The configuration as far as it can be used, and the environment variables that it lacks."""
    resolve = resolver(os.environ, path.parent)
    unset: list[str] = []

    def resolved(kind: str, name: str) -> str:
        try:
            return resolve(kind, name)
        except SecretUnset:
            if kind != "env":
                raise
            unset.append(name)
            return stand_in(name)

    config, _ = read_config(path, resolve=resolved)
    return config, unset


def _introduce(stage: Stage) -> None:
    config, unset = _with_stand_ins(stage.config_path)
    if config is None:
        raise config_error(read_config(stage.config_path)[1])
    url = address(stage.bound)
    _say(f"Inbox      {stage.sandbox_url}/", "bold")
    for name in _enabled(config):
        _say(f"webhook    {url}/hooks/{name}")
    if first := next(_enabled(config), None):
        there = "" if url == SERVE_URL else f" --url {url}"
        _say(f"try        inboxbridge send {first} samples{there}")
    journal = f"sqlite:///{OWN_FOLDER}/dev.db"
    _say(f"ask        INBOXBRIDGE__JOURNAL__URL={journal} inboxbridge events")
    for name in dict.fromkeys(unset):
        _say(f"note: {name} is not set; a stand-in is used, here and by `send`", "yellow")


def _enabled(config: Config) -> Iterator[str]:
    return (one.name for one in config.connections.values() if one.enabled and not one.via)


def _say(text: str, style: str = "") -> None:
    console().print(text, style=style or None, soft_wrap=True)
    sys.stdout.flush()
