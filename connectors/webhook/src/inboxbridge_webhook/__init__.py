"""Any JSON webhook in Wix Inbox, by configuration alone."""

from __future__ import annotations

from inboxbridge_webhook.connector import WebhookConnector

connector = WebhookConnector

__all__ = ["WebhookConnector", "connector"]
