"""Messenger, Instagram and WhatsApp conversations for inboxbridge."""

from inboxbridge import Providers

connector = Providers(
    {
        "messenger": "inboxbridge_facebook.messenger:Messenger",
        "instagram": "inboxbridge_facebook.instagram:Instagram",
        "whatsapp": "inboxbridge_facebook.whatsapp:WhatsApp",
    },
    default="messenger",
)

__all__ = ["connector"]
