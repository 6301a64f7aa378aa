"""Whom a mail is from, and whom the business wrote to."""

from __future__ import annotations

from dataclasses import dataclass

from inboxbridge_email.mail import Address, Mail
from inboxbridge_email.settings import MailSettings, matches

_NOBODY = frozenset({
    "no-reply", "noreply", "donotreply", "do-not-reply", "no_reply", "mailer-daemon",
})  # fmt: skip
"""Local parts of addresses that nobody reads."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote a mail.

    Attributes:
        address: Of the person who wrote it; None where it names nobody.
        from_email: The address in ``From``; None where it has none.
        is_own: Whether it is the business's own mail.
    """

    address: Address | None
    from_email: str | None
    is_own: bool = False

    @property
    def email(self) -> str | None:
        """The person's address, or None."""
        return self.address.email if self.address else None

    @property
    def is_of_form(self) -> bool:
        """Whether it was sent by one address on behalf of another, as web forms do."""
        return self.email is not None and self.email != self.from_email


def sender_of(mail: Mail, settings: MailSettings) -> Sender:
    """Return who wrote a mail.

    ``Reply-To`` counts where it names one person other than the sender: web forms put the visitor
    there, and groups whoever wrote to them. Its name is taken from it alone, never from ``From``.
    """
    own = (*settings.own_addresses, *mail.recipients)
    writer = next(iter(mail.headers.addresses("from")), None)
    if writer is None and mail.envelope_sender:
        writer = Address(mail.envelope_sender)
    from_email = writer.email if writer else None
    answers = {address.email: address for address in mail.headers.addresses("reply-to")}
    if len(answers) == 1:
        [answer] = answers.values()
        if _is_person(answer.email) and not matches(answer.email, own):
            return Sender(writer if answer.email == from_email else answer, from_email)
    return Sender(writer, from_email, is_own=matches(from_email, own))


def addressee_of(mail: Mail, settings: MailSettings) -> Address | None:
    """Return whom the business wrote to: the first who is none of its own."""
    own = (*settings.own_addresses, *mail.recipients)
    for name in ("to", "cc"):
        for address in mail.headers.addresses(name):
            if not matches(address.email, own):
                return address
    return None


def _is_person(email: str) -> bool:
    return email.partition("@")[0].partition("+")[0] not in _NOBODY
