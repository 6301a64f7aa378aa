"""The Wix methods that inboxbridge calls: their public names, and what they need.

Source: https://dev.wix.com/docs/api-reference/crm/communication/inbox and
https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from inboxbridge.wix.errors import Scope


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of Wix.

    Attributes:
        name: As Wix's reference calls it.
        permission: What an app or API key must be granted for it, as Wix's dashboard calls it.
        changes: Whether a call may change something at Wix.
        subject: What one call is about; a failure tells nothing of anything else.
    """

    name: str
    permission: str
    changes: bool
    subject: Scope


QUERY_CONTACTS: Final = Operation("Query Contacts", "Read Contacts", False, "site")
QUERY_ONE_CONTACT: Final = replace(QUERY_CONTACTS, subject="contact")
GET_CONTACT: Final = Operation("Get Contact", "Read Contacts", False, "contact")
CREATE_CONTACT: Final = Operation("Create Contact", "Manage Contacts", True, "contact")
UPDATE_CONTACT: Final = Operation("Update Contact", "Manage Contacts", True, "contact")
GET_OR_CREATE_CONVERSATION: Final = Operation(
    "Get or Create Conversation", "Manage Inbox Messages", True, "contact"
)
GET_CONVERSATION: Final = Operation(
    "Get Conversation", "Read Inbox Messages", False, "conversation"
)
SEND_MESSAGE: Final = Operation("Send Message", "Manage Inbox Messages", True, "conversation")
LIST_MESSAGES: Final = Operation("List Messages", "Read Inbox Messages", False, "conversation")
GENERATE_UPLOAD_URL: Final = Operation(
    "Generate File Upload Url", "Manage Media Manager", True, "message"
)
UPLOAD_FILE: Final = Operation("Upload File", "Manage Media Manager", True, "message")
CREATE_ACCESS_TOKEN: Final = Operation("Create Access Token", "", False, "site")

CONTACTS_PATH: Final = "/contacts/v4/contacts"
CONTACTS_QUERY_PATH: Final = "/contacts/v4/contacts/query"
CONVERSATIONS_PATH: Final = "/inbox/v2/conversations"
MESSAGES_PATH: Final = "/inbox/v2/messages"
UPLOAD_URL_PATH: Final = "/site-media/v1/files/generate-upload-url"
TOKEN_PATH: Final = "/oauth2/token"
