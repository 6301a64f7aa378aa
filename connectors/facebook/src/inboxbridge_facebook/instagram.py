"""Instagram messages and comments (``object: "instagram"``).

Source: https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from collections.abc import Iterable

from inboxbridge import Event, Part, Person
from inboxbridge.reading import (
    as_object,
    event_id,
    id_at,
    mapping,
    object_at,
    one_line,
    scalar,
    text_at,
)

from inboxbridge_facebook._messaging import MessagingConnector, MessagingSettings
from inboxbridge_facebook._meta import Update, ignored

COMMENTS = {"comments": "Commented", "live_comments": "Commented on the live video"}


class InstagramSettings(MessagingSettings):
    """Settings of an Instagram connection."""


class Instagram(MessagingConnector[InstagramSettings]):
    """What people and a professional account write to each other on Instagram, and comments.

    A person is known by ``ACCOUNT:IGSID``; messages of one person to one account are one thread.
    Echoes come under the ``messages`` field, marked or with the account itself as the sender.
    """

    label = "Instagram"
    product = "instagram"
    app = "Instagram"
    profile_fields = "name,username,profile_pic"

    def read_update(self, update: Update) -> Part | Iterable[Part] | None:
        if update.field in COMMENTS:
            return _comment(update)
        return super().read_update(update)


def _comment(update: Update) -> Part:
    where = update.where
    comment = as_object(update.value, where)
    author = object_at(comment, "from", where)
    person = id_at(author, "id", f"{where}.from", required=True)
    if person == update.account:
        return ignored(update.field, "own")
    name = text_at(author, "username", f"{where}.from")
    text = one_line(text_at(comment, "text", where))
    scoped = f"{update.account}:{person}" if update.account else person
    done = COMMENTS[update.field]
    if advert := one_line(scalar(mapping(comment.get("media")).get("ad_title"))):
        done = f"{done} on the ad {advert}"
    return Event(
        id=event_id("comment", id_at(comment, "id", where, required=True)),
        kind="activity",
        person=Person(id=scoped, name=name),
        text=f"{done}: {text}" if text else done,
        thread=scoped,
        recipient=update.account,
    )
