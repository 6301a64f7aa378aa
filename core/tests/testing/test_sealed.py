"""A sealed room: no network, no process, no file to write."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from inboxbridge.testing import NotAllowed, sealed


@pytest.mark.parametrize(
    "attempt",
    [
        lambda tmp: socket.create_connection(("127.0.0.1", 9), timeout=0.1),
        lambda tmp: socket.getaddrinfo("localhost", 80),
        lambda tmp: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9)),
        lambda tmp: subprocess.run([sys.executable, "-c", ""], check=False),
        lambda tmp: os.system("true"),
        lambda tmp: (tmp / "file").write_text("x"),
        lambda tmp: (tmp / "file").open("a"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_a_hook_may_not_do_fails_in_the_room(
    attempt: Callable[[Path], Any], tmp_path: Path
) -> None:
    with pytest.raises(NotAllowed), sealed():
        attempt(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_attempt_is_known_even_where_its_error_is_swallowed() -> None:
    with pytest.raises(NotAllowed, match="socket"), sealed(), suppress(Exception):
        socket.getaddrinfo("localhost", 80)


def test_reading_files_and_importing_stay_possible(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with sealed():
        assert (tmp_path / "file").read_text() == "x"


def test_the_room_is_left_as_it_was_entered(tmp_path: Path) -> None:
    with sealed(), sealed():
        pass
    with suppress(NotAllowed), sealed():
        socket.getaddrinfo("localhost", 80)

    (tmp_path / "file").write_text("x")


def test_other_threads_are_not_in_the_room(tmp_path: Path) -> None:
    thread = threading.Thread(target=(tmp_path / "file").write_text, args=("x",))

    with sealed():
        thread.start()
        thread.join()

    assert (tmp_path / "file").read_text() == "x"
