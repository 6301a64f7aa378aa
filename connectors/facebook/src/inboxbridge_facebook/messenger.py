"""Facebook Messenger (``object: "page"``).

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

from inboxbridge import Event, WebhookRequest, hookimpl

from inboxbridge_facebook._items import item_event
from inboxbridge_facebook._meta import MetaConnector, MetaSettings, updates

FACEBOOK_ICON = (
    "https://static.wixstatic.com/media/aebe5b6fd55f471a936c72ff2c8289d7.png/v1/fill/"
    "w_43,h_43,al_c,q_85,usm_0.66_1.00_0.01/aebe5b6fd55f471a936c72ff2c8289d7.webp"
)
FIELDS = frozenset(
    {"", "messages", "message_echoes", "messaging_postbacks", "messaging_referrals", "standby"}
)
"""The fields that carry items for the Inbox; the empty one is an item of a batch."""


class MessengerSettings(MetaSettings):
    """Settings of a Messenger connection.

    Attributes:
        app_id: The app's own id. Echoes of messages that this app sent are left out; without it
            every echo is shown.
        icon_url: The badge's picture.
    """

    app_id: str | int | None = None
    icon_url: str | None = FACEBOOK_ICON


class Messenger(MetaConnector[MessengerSettings]):
    """What people and a Page write to each other on Messenger.

    A person is known by ``PAGE:PSID``: a page-scoped id says nothing outside its Page. Messages of
    one person to one Page are one thread.
    """

    label = "Facebook"

    def __init__(self, settings: MessengerSettings) -> None:
        super().__init__(settings)
        self.app_id = None if settings.app_id is None else str(settings.app_id)

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read messages, echoes, postbacks and referrals, in the order of the batch."""
        found = [
            item_event(update, self.app_id)
            for update in updates(request.json_object(), "page")
            if update.field in FIELDS
        ]
        return [event for event in found if event]
