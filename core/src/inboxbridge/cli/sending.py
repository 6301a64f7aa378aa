"""``send``: sign captured deliveries and post them to a running gateway."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from inboxbridge.cli.captured import bodies, captured_request
from inboxbridge.cli.console import console
from inboxbridge.cli.group import NotWell
from inboxbridge.cli.signed import signed
from inboxbridge.cli.stand_ins import connection_with_stand_ins
from inboxbridge.config import Config
from inboxbridge.errors import ConfigError
from inboxbridge.plugins import connect, installed

TIMEOUT_SECONDS = 30.0

_HINTS = {
    401: "Refused: `serve` logs why. Does it run with the same configuration and secrets?",
    413: "The body is larger than the connection takes.",
    503: "It could not be stored, or its connector cannot be used: `serve` logs why.",
}


def send(
    config_path: Path | None,
    connection: str,
    files: Sequence[Path],
    *,
    url: str,
    headers: Sequence[str],
) -> int:
    """Post deliveries, each signed unless *headers* are given. Returns 1 if one was not taken.

    Args:
        config_path: The configuration, whose secrets are those of the gateway.
        connection: The connection's name.
        files: Captured bodies, or folders of them.
        url: Where the gateway listens, or the whole webhook URL.
        headers: Headers to add, ``Name: value`` each.

    Raises:
        ConfigError: The connection cannot be used, its scheme cannot sign, or there is no body.
        NotWell: Nothing answers at *url*.
    """
    config, settings, unset = connection_with_stand_ins(config_path, connection)
    target = connect(settings, installed(), url=config.hook_url(connection), locate=config.locate)
    found = bodies(files)
    if not found:
        raise ConfigError(f"there is no captured .json or .form file in {files[0]}")
    for why in unset:
        console(stderr=True).print(
            f"note: {why}; signed with a stand-in, which only `inboxbridge dev` takes",
            style="yellow",
            soft_wrap=True,
        )
    called = _webhook_url(config, connection, url)
    answers = []
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        for file in found:
            request = captured_request(file, target.url or called, given=headers)
            if not headers:
                request = signed(target, request)
            query = request.url.partition("?")[2]
            address = f"{called}?{query}" if query else called
            try:
                answer = client.post(address, headers=request.headers.pairs(), content=request.body)
            except httpx.TransportError as error:
                raise NotWell(
                    f"nothing answers at {called} ({type(error).__name__}). Start `inboxbridge "
                    "serve` or `inboxbridge dev`, or name its address with --url"
                ) from error
            answers.append(answer.status_code)
            console().print(f"{answer.status_code}  {file}", soft_wrap=True)
    for status in sorted({one for one in answers if one in _HINTS}):
        console(stderr=True).print(f"{status}: {_HINTS[status]}", style="yellow", soft_wrap=True)
    return 0 if all(200 <= one < 300 for one in answers) else 1


def _webhook_url(config: Config, connection: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(f"--url begins with http:// or https:// and a host, not {url!r}")
    if parts.path not in ("", "/"):
        return url
    name = config.connections[connection].via or connection
    return f"{parts.scheme}://{parts.netloc}/hooks/{name}"
