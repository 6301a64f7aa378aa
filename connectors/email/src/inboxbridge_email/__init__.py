"""Email that reaches Mailgun, SendGrid, Postmark or Resend, in Wix Inbox."""

from __future__ import annotations

from inboxbridge import Providers

connector = Providers(
    {
        "mailgun": "inboxbridge_email.mailgun:Mailgun",
        "sendgrid": "inboxbridge_email.sendgrid:SendGrid",
        "postmark": "inboxbridge_email.postmark:Postmark",
        "resend": "inboxbridge_email.resend:Resend",
    },
    default="postmark",
)

__all__ = ["connector"]
