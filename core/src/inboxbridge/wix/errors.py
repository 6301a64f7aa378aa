"""What can go wrong between us and Wix: one tree, a cause for each class.

::

    WixError
    ├── Refused                  Wix answered and did nothing
    │   ├── Rejected             400, 428, 501 and the like: the request itself is wrong
    │   ├── Unauthorized         401
    │   │   └── CredentialsRefused   … and no other token helps, or no token is given out
    │   ├── Forbidden            403
    │   ├── NotFound             404
    │   ├── Conflict             409
    │   │   └── DuplicateContact … and Wix names the contact that is there already
    │   └── Throttled            429
    ├── ServerFault              5xx: Wix may have done it all the same
    ├── Outage                   3xx or 4xx, and not in Wix's form: somebody else answered
    ├── Unreachable              nothing was sent: no address, no connection, no TLS
    ├── Unanswered               sent, and no whole answer came back
    ├── Unreadable               a 2xx answer that is not what the reference says
    └── ContactIncomplete        Wix stored a contact without what we gave it

Statuses: https://dev.wix.com/docs/rest/articles/getting-started/errors
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict, Unpack

from inboxbridge.errors import InboxbridgeError

Effect = Literal["none", "unknown"]

Scope = Literal["message", "conversation", "contact", "site"]
"""What a failure tells something about: the one message, all to its conversation, all to its
contact, or the whole site."""


class Details(TypedDict, total=False):
    """What a `WixError` may say besides its text; see there."""

    effect: Effect | None
    scope: Scope | None
    retriable: bool | None
    status: int | None
    code: str | None
    reason: str
    request_id: str | None
    retry_after_seconds: float | None


class WixError(InboxbridgeError):
    """A call to Wix that did not end as asked. The text is for people and names no person.

    Attributes:
        effect: ``none`` where it is certain that the call changed nothing at Wix, ``unknown`` where
            it may have: look before sending again. A call that only reads is always ``none``.
        scope: How far the failure reaches, as far as this one answer is evidence; ``site`` where
            nothing narrower is known.
        retriable: Whether the same call may succeed later.
        status: The HTTP status of the answer; None where there was none.
        code: Wix's ``applicationError.code``, as text; None where there was none.
        reason: Wix's own words without personal data, or "" where it gave none.
        request_id: Wix's ``x-wix-request-id``, for its support; None where it sent none.
        retry_after_seconds: How long Wix asks us to wait, as it said it: the caller sets bounds.
            None where it did not say.
    """

    certain_effect: ClassVar[Effect] = "none"
    may_pass: ClassVar[bool] = False

    def __init__(self, text: str, **details: Unpack[Details]) -> None:
        super().__init__(text)
        self.effect: Effect = details.get("effect") or self.certain_effect
        self.scope: Scope = details.get("scope") or "site"
        retriable = details.get("retriable")
        self.retriable: bool = self.may_pass if retriable is None else retriable
        self.status = details.get("status")
        self.code = details.get("code")
        self.reason = details.get("reason", "")
        self.request_id = details.get("request_id")
        self.retry_after_seconds = details.get("retry_after_seconds")


class Refused(WixError):
    """Wix answered that it would not, and changed nothing."""


class Rejected(Refused):
    """The request itself is wrong (400, 428, 501 …): sending it again gives the same answer."""


class Unauthorized(Refused):
    """Wix does not know who is asking (401)."""


class CredentialsRefused(Unauthorized):
    """The API key, or the app's id, secret or instance id, is not valid (any more)."""


class Forbidden(Refused):
    """The credentials may not do this (403): a permission or the site is missing."""


class NotFound(Refused):
    """Wix does not know the contact or conversation (404): merged away, deleted or mistyped."""


class Conflict(Refused):
    """Something like it is there already (409)."""


class DuplicateContact(Conflict):
    """A contact with this email or phone exists; `contact_id` is the one Wix names."""

    def __init__(self, text: str, *, contact_id: str, **details: Unpack[Details]) -> None:
        super().__init__(text, **details)
        self.contact_id = contact_id


class Throttled(Refused):
    """Too many calls (429). Wix's limit is the site's; its answer names no more than the subject.

    In a form that is not Wix's own, what was asked may have been done: see `effect`.
    """

    may_pass = True


class ServerFault(WixError):
    """Wix failed (5xx), perhaps after having done what was asked."""

    certain_effect = "unknown"
    may_pass = True


class Outage(WixError):
    """A 3xx or 4xx in a form that is not Wix's own, such as a proxy's page in HTML.

    Nothing follows from it: it says nothing about what was asked.
    """

    certain_effect = "unknown"
    may_pass = True


class Unreachable(WixError):
    """Wix could not be reached and nothing was sent: DNS, connection, TLS, no free connection."""

    may_pass = True


class Unanswered(WixError):
    """The request went out and no whole answer came: time-out, reset, broken HTTP.

    Attributes:
        timed_out: Whether Wix may still be at work: nothing broke, the answer is late.
    """

    certain_effect = "unknown"
    may_pass = True

    timed_out = False


class Unreadable(WixError):
    """Wix answered 2xx with something other than its reference says."""

    certain_effect = "unknown"
    may_pass = True


class ContactIncomplete(WixError):
    """Wix created the contact `contact_id` but dropped the email, or the number, it was given.

    Not retriable: each further try would leave one more such contact behind.
    """

    certain_effect = "unknown"

    def __init__(self, text: str, *, contact_id: str, **details: Unpack[Details]) -> None:
        super().__init__(text, **details)
        self.contact_id = contact_id
