"""Set down who decided or looked at what."""

from __future__ import annotations

import getpass
import time

from sqlalchemy.exc import SQLAlchemyError

from inboxbridge.config import Config
from inboxbridge.journal.database import open_engine, unavailable
from inboxbridge.journal.overview import Deed, record_deeds


def command_line() -> str:
    """Who types commands: ``command line (dana)``."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a user without a name, as in a container
        return "command line"


def audit_now(config: Config, action: str, subject: str, detail: str | None = None) -> None:
    """Set down what is done by a command, for one that only reads otherwise.

    Raises:
        JournalUnavailable: It could not be set down; then it must not be done.
    """
    engine = open_engine(config.journal.url)
    try:
        with engine.begin() as connection:
            deed = Deed(time.time(), command_line(), action, subject, detail)
            record_deeds(connection, [deed])
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(error, engine) from error
    finally:
        engine.dispose()
