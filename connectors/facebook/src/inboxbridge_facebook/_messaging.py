"""What Messenger and Instagram share: settings, items of a batch, names of people.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from inboxbridge import Event, Part, Person, WebhookRequest, hookimpl
from inboxbridge.reading import as_object, object_at

from inboxbridge_facebook._deeds import read_feedback, read_optin, read_reaction, read_referral
from inboxbridge_facebook._graph import Graph
from inboxbridge_facebook._items import read_item
from inboxbridge_facebook._messages import read_edit, read_message, read_postback
from inboxbridge_facebook._meta import MetaConnector, MetaSettings, Update, ignored, read_batch
from inboxbridge_facebook._profiles import NOTHING_KNOWN, Profiles

if TYPE_CHECKING:
    import httpx

FIELDS = frozenset({
    "", "message_echoes", "message_edit", "message_edits", "message_reactions", "messages",
    "messaging_feedback", "messaging_optins", "messaging_postbacks", "messaging_referral",
    "messaging_referrals", "standby",
})  # fmt: skip
"""The fields that carry items of a conversation; the empty one is an item of a batch."""

READERS = {
    "message_edit": read_edit,
    "postback": read_postback,
    "referral": read_referral,
    "optin": read_optin,
    "messaging_feedback": read_feedback,
}
"""What an item holds, and what reads it; `message` and `reaction` depend on the settings."""

SIDES = frozenset({"sender", "recipient", "timestamp"})


class MessagingSettings(MetaSettings):
    """Settings of a Messenger or Instagram connection.

    Attributes:
        app_id: The app's own id. Echoes of messages that this app sent are left out; without it
            every echo is shown.
    """

    app_id: str | int | None = None


SettingsT = TypeVar("SettingsT", bound=MessagingSettings)


class MessagingConnector(MetaConnector[SettingsT]):
    """Conversations on Messenger or Instagram.

    Attributes:
        product: Meta's ``object`` for its deliveries.
        app: Where a person sees what Meta does not pass on.
        profile_fields: What Meta is asked for of a person.
    """

    product: ClassVar[str]
    app: ClassVar[str]
    profile_fields: ClassVar[str]

    def __init__(self, settings: SettingsT) -> None:
        super().__init__(settings)
        self.app_id = None if settings.app_id is None else str(settings.app_id)
        graph = Graph.of(settings)
        self._profiles = Profiles(graph, self.profile_fields) if graph else None

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read messages, echoes, and what else people did, in the order of the batch."""
        return read_batch(request.json_object(), self.product, self.read_update)

    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Add name and picture of a person whose delivery tells their id only.

        Without an ``access_token``, or where Meta does not answer in time, the event stays as it
        is.
        """
        _, _, person = (event.person.id or "").partition(":")
        if self._profiles is None or not person or ":" in person or event.person.name:
            return event
        profile = await self._profiles.find(person, http)
        if profile == NOTHING_KNOWN:
            return event
        known = event.person.model_dump()
        known |= {"name": profile.name, "picture_url": profile.picture_url}
        return event.model_copy(update={"person": Person(**known)})

    def read_update(self, update: Update) -> Part | Iterable[Part] | None:
        """Return what *update* tells. Raises `MalformedBody` where it cannot be read."""
        if update.field in FIELDS:
            return self._read_item(update)
        return ignored(update.field)

    def _read_item(self, update: Update) -> Part:
        item = as_object(update.value, update.where)
        if message := object_at(item, "message", update.where):
            return read_message(update, item, message, app_id=self.app_id, app=self.app)
        for kind, read in READERS.items():
            if content := object_at(item, kind, update.where):
                return read(read_item(update, item), content)
        reaction = object_at(item, "reaction", update.where)
        if reaction and self.settings.reactions:
            return read_reaction(read_item(update, item), reaction)
        return ignored(next((key for key in item if key not in SIDES), "item"))
