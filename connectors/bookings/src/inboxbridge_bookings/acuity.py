"""Acuity Scheduling, whose deliveries carry only ids.

Source: https://developers.acuityscheduling.com/docs/webhooks
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from inboxbridge import (
    Connector,
    Event,
    HmacSignature,
    InboxbridgeError,
    MalformedBody,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
    normalize_phone,
)
from inboxbridge.reading import clock_text, local_time_text
from pydantic import Field

from inboxbridge_bookings.reading import Object, text
from inboxbridge_bookings.settings import BookingSettings
from inboxbridge_bookings.wording import one_line

if TYPE_CHECKING:
    import httpx

_VERBS = {"scheduled": "Booked", "rescheduled": "Rescheduled", "canceled": "Cancelled"}

REPEAT_SECONDS = 300
"""Deliveries of one appointment's ``rescheduled`` within the same span of so many seconds are taken
for one. They carry nothing by which a repeated delivery and a second move could be told apart."""


class AcuitySettings(BookingSettings):
    """Settings of an Acuity connection.

    Attributes:
        user_id: The numeric user id of the API credentials.
        api_key: The main admin's API key: it signs the deliveries, and the first of several reads
            the appointments.
        base_url: Of Acuity's API.
    """

    user_id: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
    api_key: Secrets
    base_url: Annotated[str, Field(pattern="^https?://")] = "https://acuityscheduling.com/api/v1"


class AcuityBookings(Connector[AcuitySettings]):
    """Bookings as activities: booked, rescheduled, cancelled."""

    label: ClassVar[str] = "Acuity"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        fields = dict(request.form())
        action = fields.get("action", "").rpartition(".")[2]
        if not action:
            raise MalformedBody("action is missing")
        if action not in _VERBS:
            return []
        number = fields.get("id", "")
        if not (number.isascii() and number.isdigit() and len(number) <= 20):
            raise MalformedBody("id is missing, or is not a number")
        appointment = f"appointment:{number}"
        event_id = f"{action}:{number}"
        if action == "rescheduled":
            event_id += f":{int(request.received_at.timestamp()) // REPEAT_SECONDS}"
        return [
            Event(
                id=event_id,
                kind="activity",
                text=f"{_VERBS[action]} an appointment",
                thread=appointment,
                about=appointment,
                data={"action": action, "appointment": number},
            )
        ]

    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Fetch the appointment: who it is for, what, and when."""
        response = await http.get(
            f"{self.settings.base_url.rstrip('/')}/appointments/{event.data['appointment']}",
            auth=(self.settings.user_id, self.settings.api_key[0].get_secret_value()),
        )
        if response.status_code in (401, 403):
            raise InboxbridgeError(
                f"Acuity refused the API credentials (HTTP {response.status_code}): "
                "check user_id and api_key of this connection"
            )
        if response.status_code != 200:
            raise InboxbridgeError(
                f"Acuity answered HTTP {response.status_code} when asked for an appointment"
            )
        appointment = _read(response)
        person = Person(
            email=text(appointment, "email"),
            phone=normalize_phone(text(appointment, "phone"), self.settings.region),
            name=" ".join(
                filter(None, (text(appointment, "firstName"), text(appointment, "lastName")))
            ),
        )
        return event.model_copy(
            update={"person": person, "text": self._text(str(event.data["action"]), appointment)}
        )

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.api_key, header="X-Acuity-Signature", encoding="base64")

    def _text(self, action: str, appointment: Object) -> str:
        what = one_line(text(appointment, "type") or "an appointment")
        when = self._when(appointment)
        joint = " to " if action == "rescheduled" else ", "
        return f"{_VERBS[action]} {what}{joint}{when}" if when else f"{_VERBS[action]} {what}"

    def _when(self, appointment: Object) -> str:
        """Return the start in the connection's time zone, else as Acuity's own clock shows it."""
        try:
            start = datetime.fromisoformat(text(appointment, "datetime") or "")
        except ValueError:
            written = (text(appointment, "date"), text(appointment, "time"))
            return one_line(" ".join(filter(None, written)))
        if start.tzinfo is None:
            return clock_text(start)
        if self.settings.timezone:
            return local_time_text(start, self.settings.timezone)
        return f"{clock_text(start)} ({start.tzname()})"


def _read(response: httpx.Response) -> Object:
    try:
        appointment = response.json()
    except ValueError:
        appointment = None
    if not isinstance(appointment, dict):
        raise InboxbridgeError("Acuity's answer for an appointment is not a JSON object")
    return appointment
