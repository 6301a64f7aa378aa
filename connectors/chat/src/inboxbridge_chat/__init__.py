"""Intercom, Crisp and tawk.to conversations for inboxbridge."""

from inboxbridge import Providers

connector = Providers(
    {
        "intercom": "inboxbridge_chat.intercom:Intercom",
        "crisp": "inboxbridge_chat.crisp:Crisp",
        "tawkto": "inboxbridge_chat.tawkto:TawkTo",
    },
    default="intercom",
)

__all__ = ["connector"]
