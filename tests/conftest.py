"""Real parts for the tests: a sandbox on loopback, a SQLite file, a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import postgres_server
import pytest
import wix_sdk
from harness import SandboxServer


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say that tests were left out which need Node, npm and the network."""
    asked = [Path(arg.partition("::")[0]).resolve() for arg in config.args]
    concerned = any(wix_sdk.SCRIPTS.is_relative_to(each) for each in asked)
    if concerned and not wix_sdk.is_asked_for():
        terminalreporter.write_line(
            "Wix's own SDK was not asked: tests/sdk/test_referee.py is left out. "
            "With Node and npm: scripts/sdk test"
        )


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    server = SandboxServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server, for as long as the tests run."""
    with postgres_server.server() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A database of its own for one test."""
    with postgres_server.database(postgres) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh journal on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    return str(request.getfixturevalue("postgres_url"))
