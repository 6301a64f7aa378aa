"""The operator's pages of inboxbridge: see an event, find it, decide it."""

from inboxbridge_console.app import create_app

__all__ = ["create_app"]
