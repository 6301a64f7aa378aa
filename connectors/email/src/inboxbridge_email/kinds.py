"""Which mails no customer wrote: answers of machines, lists, bounces.

Sources: https://www.rfc-editor.org/rfc/rfc3834 (Auto-Submitted),
https://www.rfc-editor.org/rfc/rfc2919 (List-Id), https://www.rfc-editor.org/rfc/rfc3464 (bounces)
"""

from __future__ import annotations

import re

from inboxbridge_email.mail import Mail, MailHeaders
from inboxbridge_email.people import Sender
from inboxbridge_email.settings import MailSettings, matches

_LIST_ID = re.compile(r"<([^<>]*)>\s*$")
_BULK = frozenset({"bulk", "junk", "list"})
_AUTO_REPLY = frozenset({"auto_reply", "auto-reply"})
_AUTO_REPLY_HEADERS = ("x-autoreply", "x-autorespond")
_DAEMONS = frozenset({"mailer-daemon", "mail-daemon"})


def left_out(mail: Mail, sender: Sender, settings: MailSettings) -> str | None:
    """Return the kind of a mail that is not shown; None for one that is."""
    if matches(sender.email, settings.never_shown):
        return "never_shown"
    if matches(sender.email, settings.always_shown):
        return None
    headers = mail.headers
    if _is_bounce(mail, sender):
        return "bounce"
    submitted = _word(headers, "auto-submitted")
    precedence = _word(headers, "precedence")
    if submitted == "auto-replied" or precedence in _AUTO_REPLY:
        return "auto-reply"
    if any(_word(headers, name) not in ("", "no") for name in _AUTO_REPLY_HEADERS):
        return "auto-reply"
    if "list-id" in headers:
        return None if _list_id(headers) in settings.own_lists else "list"
    if precedence in _BULK:
        return "bulk"
    if submitted not in ("", "no") and not sender.is_of_form:
        return "auto-generated"
    return None


def _is_bounce(mail: Mail, sender: Sender) -> bool:
    headers = mail.headers
    if headers.raw("content-type").lower().lstrip().startswith("multipart/report"):
        return True
    return_path = headers.raw("return-path")
    has_empty_path = "return-path" in headers and return_path.strip("<> \t") == ""
    by_daemon = (sender.from_email or "").partition("@")[0] in _DAEMONS
    return has_empty_path or mail.envelope_sender == "" or by_daemon


def _word(headers: MailHeaders, name: str) -> str:
    """The first word of a header, in lower case: parameters and comments may follow it."""
    words = re.split(r"[\s;(]", headers.raw(name).strip().lower(), maxsplit=1)
    return words[0]


def _list_id(headers: MailHeaders) -> str:
    value = headers.raw("list-id")
    found = _LIST_ID.search(value)
    return (found[1] if found else value).strip().lower()
