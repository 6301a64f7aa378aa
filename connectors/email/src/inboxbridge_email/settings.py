"""What the settings of all formats share."""

from __future__ import annotations

from typing import Annotated

from inboxbridge import ConnectorSettings, Label, WebAddress
from pydantic import AfterValidator

FORWARDING_CONFIRMATIONS = ("forwarding-noreply@google.com",)
"""Who asks the owner of an address to confirm that a mailbox may be forwarded to it."""


def _address(text: str) -> str:
    text = text.strip().lower()
    if "@" not in text or text.endswith("@") or any(character.isspace() for character in text):
        raise ValueError("is neither an address (info@salon.example) nor a domain (@salon.example)")
    return text


AddressOrDomain = Annotated[str, AfterValidator(_address)]
"""An email address, or ``@`` and a domain for every address of it."""


def matches(email: str | None, patterns: tuple[str, ...]) -> bool:
    """Whether *email* is one of the addresses, or of one of the domains."""
    return email is not None and (email in patterns or f"@{email.rpartition('@')[2]}" in patterns)


class MailSettings(ConnectorSettings):
    """Settings that every format has.

    Attributes:
        own_addresses: The business's own addresses, or ``@`` and a domain for every address of it.
            Mail from one of them is the business's own: it is shown as sent to whom it went.
        own_lists: The ``List-Id`` of the business's own groups: customers' mail that a group passes
            on is shown, other lists' is not.
        always_shown: Addresses and domains whose mail is shown whatever its headers say.
        never_shown: Addresses and domains whose mail is not shown.
        whole_text: Show quoted replies and signatures too.
        authserv_id: The name of your own receiving server in ``Authentication-Results``; only
            headers of that name are believed.
        label: The badge's text.
        icon_url: The badge's picture.
    """

    own_addresses: tuple[AddressOrDomain, ...] = ()
    own_lists: tuple[str, ...] = ()
    always_shown: tuple[AddressOrDomain, ...] = FORWARDING_CONFIRMATIONS
    never_shown: tuple[AddressOrDomain, ...] = ()
    whole_text: bool = False
    authserv_id: str | None = None
    label: Label = "Email"
    icon_url: WebAddress | None = None
