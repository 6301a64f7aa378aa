"""Facebook Messenger, and what people write about a Page (``object: "page"``).

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

from collections.abc import Iterable

from inboxbridge import Part

from inboxbridge_facebook._feed import read_feed, read_rating
from inboxbridge_facebook._messaging import MessagingConnector, MessagingSettings
from inboxbridge_facebook._meta import Update

FACEBOOK_ICON = (
    "https://static.wixstatic.com/media/aebe5b6fd55f471a936c72ff2c8289d7.png/v1/fill/"
    "w_43,h_43,al_c,q_85,usm_0.66_1.00_0.01/aebe5b6fd55f471a936c72ff2c8289d7.webp"
)


class MessengerSettings(MessagingSettings):
    """Settings of a Messenger connection.

    Attributes:
        icon_url: The badge's picture.
    """

    icon_url: str | None = FACEBOOK_ICON


class Messenger(MessagingConnector[MessengerSettings]):
    """What people and a Page write to each other on Messenger, comments on its posts, and reviews.

    A person is known by ``PAGE:PSID``: a page-scoped id says nothing outside its Page. Messages of
    one person to one Page are one thread.
    """

    label = "Facebook"
    product = "page"
    app = "Messenger"
    profile_fields = "first_name,last_name,profile_pic"

    def read_update(self, update: Update) -> Part | Iterable[Part] | None:
        if update.field == "feed":
            return read_feed(update)
        if update.field == "ratings":
            return read_rating(update)
        return super().read_update(update)
