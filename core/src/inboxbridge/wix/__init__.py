"""The client for Wix: contacts, conversations and messages of one site.

>>> client = WixClient(ApiKey("IST.example", "0f3c…"), budget=Budget(200))
"""

from inboxbridge.wix.auth import ApiKey, AppCredentials, Credentials
from inboxbridge.wix.budget import Budget, Lane
from inboxbridge.wix.client import DEFAULT_BASE_URL, WixClient, request_for
from inboxbridge.wix.contacts import ContactMatch
from inboxbridge.wix.errors import (
    Conflict,
    ContactIncomplete,
    CredentialsRefused,
    DuplicateContact,
    Effect,
    Forbidden,
    NotFound,
    Outage,
    Refused,
    Rejected,
    Scope,
    ServerFault,
    Throttled,
    Unanswered,
    Unauthorized,
    Unreachable,
    Unreadable,
    WixError,
)
from inboxbridge.wix.fingerprint import fingerprint
from inboxbridge.wix.outgoing import Outgoing, SeenMessage, Sent
from inboxbridge.wix.wire import wire_form

__all__ = [
    "DEFAULT_BASE_URL",
    "ApiKey",
    "AppCredentials",
    "Budget",
    "Conflict",
    "ContactIncomplete",
    "ContactMatch",
    "Credentials",
    "CredentialsRefused",
    "DuplicateContact",
    "Effect",
    "Forbidden",
    "Lane",
    "NotFound",
    "Outage",
    "Outgoing",
    "Refused",
    "Rejected",
    "Scope",
    "SeenMessage",
    "Sent",
    "ServerFault",
    "Throttled",
    "Unanswered",
    "Unauthorized",
    "Unreachable",
    "Unreadable",
    "WixClient",
    "WixError",
    "fingerprint",
    "request_for",
    "wire_form",
]
