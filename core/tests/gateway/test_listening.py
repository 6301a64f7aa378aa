"""Which addresses a listening socket takes."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from inboxbridge.errors import ConfigError
from inboxbridge.gateway.listening import listen, listen_all, passed_by_systemd

make = socket.create_server


@pytest.mark.parametrize(
    ("host", "also_ipv4", "both"),
    [("::", True, True), ("::", False, False), ("::1", True, False), ("0.0.0.0", True, False)],
)
def test_all_of_ipv6_is_all_of_ipv4_as_well(
    monkeypatch: pytest.MonkeyPatch, host: str, also_ipv4: bool, both: bool
) -> None:
    asked: list[dict[str, Any]] = []

    def on_loopback(_address: tuple[str, int], **how: Any) -> socket.socket:
        asked.append(how)
        return make(("127.0.0.1", 0))

    monkeypatch.setattr(socket, "create_server", on_loopback)
    listen(host, 0, also_ipv4=also_ipv4).close()

    assert [one["dualstack_ipv6"] for one in asked] == [both]


def test_hosts_share_the_port_that_the_first_one_found() -> None:
    first, second = listen_all(["127.0.0.1", "127.0.0.2", "127.0.0.1"], 0)
    ports = [one.getsockname()[1] for one in (first, second)]
    for one in (first, second):
        one.close()

    assert ports[0] == ports[1]


def test_one_host_that_is_taken_leaves_none_of_the_others_open() -> None:
    with listen("127.0.0.2", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.2:{port}"):
            listen_all(["127.0.0.1", "127.0.0.2"], port)

        listen("127.0.0.1", port).close()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())}, [3, 4]),
        ({"LISTEN_FDS": "2", "LISTEN_PID": "1"}, []),
        ({"LISTEN_FDS": "two", "LISTEN_PID": str(os.getpid())}, []),
        ({}, []),
    ],
)
def test_what_systemd_hands_over_is_for_the_process_it_names(
    environ: dict[str, str], found: list[int]
) -> None:
    assert passed_by_systemd(environ) == found
