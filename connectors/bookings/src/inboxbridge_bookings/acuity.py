"""Acuity Scheduling, whose deliveries carry only ids.

Source: https://developers.acuityscheduling.com/docs/webhooks,
https://developers.acuityscheduling.com/reference/get-appointments-id and
https://developers.acuityscheduling.com/reference/orders
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from inboxbridge import (
    Connector,
    Event,
    HmacSignature,
    InboxbridgeError,
    MalformedBody,
    Part,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    clean_text,
    hookimpl,
    normalize_phone,
)
from inboxbridge.reading import clock_text, local_time_text, time_zone
from pydantic import Field

from inboxbridge_bookings.answers import Answer
from inboxbridge_bookings.reading import Object, ignored, objects, text
from inboxbridge_bookings.settings import BookingSettings
from inboxbridge_bookings.wording import money, one_line

if TYPE_CHECKING:
    import httpx

_VERBS = {"scheduled": "Booked", "rescheduled": "Rescheduled", "canceled": "Cancelled"}
_ORDER = "order.completed"

_NUMBER = re.compile("[0-9]{1,20}", re.ASCII)
_ORDER_NUMBER = re.compile("[0-9A-Za-z-]{1,64}", re.ASCII)
_LONGEST_LINE = 2000

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
    """Bookings and orders as activities: booked, rescheduled, cancelled, no-show, ordered."""

    label: ClassVar[str] = "Acuity"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        fields = dict(request.form())
        full_action = clean_text(fields.get("action", ""))
        action = full_action.rpartition(".")[2]
        if not action:
            raise MalformedBody("action is missing")
        if full_action == _ORDER:
            number = _identifier(fields, _ORDER_NUMBER, "an order number")
            thing = f"order:{number}"
            return [_unread(thing, "Ordered something", about=thing, data={"order": number})]
        if action not in _VERBS:
            return [ignored(full_action)]
        number = _identifier(fields, _NUMBER, "a number")
        event_id = f"{action}:{number}"
        if action == "rescheduled":
            event_id += f":{int(request.received_at.timestamp()) // REPEAT_SECONDS}"
        return [
            _unread(
                event_id,
                f"{_VERBS[action]} an appointment",
                about=f"appointment:{number}",
                data={"action": action, "appointment": number},
                recipient=fields.get("calendarID"),
            )
        ]

    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Fetch the appointment or order: who it is for, what, and when."""
        if order := event.data.get("order"):
            resource = await self._fetch(f"orders/{order}", "an order", http)
            update: dict[str, Any] = {"text": _order_text(resource)}
        else:
            number = event.data["appointment"]
            resource = await self._fetch(f"appointments/{number}", "an appointment", http)
            action = str(event.data["action"])
            by_business = _is_no_show(action, resource) or (
                action == "scheduled" and text(resource, "scheduledBy") is not None
            )
            update = {
                "text": self._text(action, resource),
                "direction": "outbound" if by_business else "inbound",
            }
        return event.model_copy(update={"person": self._person(resource), **update})

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.api_key, header="X-Acuity-Signature", encoding="base64")

    async def _fetch(self, path: str, what: str, http: httpx.AsyncClient) -> Object:
        response = await http.get(
            f"{self.settings.base_url.rstrip('/')}/{path}",
            auth=(self.settings.user_id, self.settings.api_key[0].get_secret_value()),
        )
        if response.status_code in (401, 403):
            raise InboxbridgeError(
                f"Acuity refused the API credentials (HTTP {response.status_code}): "
                "check user_id and api_key of this connection"
            )
        if response.status_code != 200:
            raise InboxbridgeError(
                f"Acuity answered HTTP {response.status_code} when asked for {what}"
            )
        return _read(response, what)

    def _person(self, holder: Object) -> Person:
        names = (text(holder, "firstName"), text(holder, "lastName"))
        return Person(
            email=text(holder, "email"),
            phone=normalize_phone(text(holder, "phone"), self.settings.region),
            name=" ".join(filter(None, names)),
        )

    def _text(self, action: str, appointment: Object) -> str:
        what = one_line(text(appointment, "type") or "an appointment")
        when = self._when(appointment)
        if _is_no_show(action, appointment):
            return f"Marked as a no-show: {', '.join(filter(None, (what, when)))}"
        joint = " to " if action == "rescheduled" else ", "
        line = f"{_VERBS[action]} {what}{joint}{when}" if when else f"{_VERBS[action]} {what}"
        if action != "scheduled":
            return line
        paid = money(appointment.get("amountPaid"), None)
        answers = "; ".join(one_line(str(answer)) for answer in _answers(appointment))
        whole = f"{line}{f', paid {paid}' if paid else ''}{f'. {answers}' if answers else ''}"
        return one_line(whole, _LONGEST_LINE)

    def _when(self, appointment: Object) -> str:
        """Return the start in the connection's time zone, else in the customer's.

        Without either it is written as Acuity's own clock shows it.
        """
        try:
            start = datetime.fromisoformat(text(appointment, "datetime") or "")
        except ValueError:
            written = (text(appointment, "date"), text(appointment, "time"))
            return one_line(" ".join(filter(None, written)))
        if start.tzinfo is None:
            return clock_text(start)
        zone = self.settings.timezone or text(appointment, "timezone")
        if zone and time_zone(zone):
            return local_time_text(start, zone)
        return f"{clock_text(start)} ({start.tzname()})"


def _identifier(fields: dict[str, str], shape: re.Pattern[str], what: str) -> str:
    number = fields.get("id", "")
    if shape.fullmatch(number) is None:
        raise MalformedBody(f"id is missing, or is not {what}")
    return number


def _unread(
    event_id: str, line: str, *, about: str, data: dict[str, str], recipient: str | None = None
) -> Event:
    """Return what a delivery tells before Acuity's API is asked."""
    return Event(
        id=event_id,
        kind="activity",
        text=line,
        thread=about,
        about=about,
        recipient=recipient,
        data={**data},
    )


def _is_no_show(action: str, appointment: Object) -> bool:
    """Whether the business noted that nobody came, which Acuity counts as a cancellation."""
    return action == "canceled" and appointment.get("noShow") is True


def _answers(appointment: Object) -> list[Answer]:
    """Return what the customer answered in intake forms."""
    return [
        Answer(text(field, "name") or "", value)
        for form in objects(appointment, "forms")
        for field in objects(form, "values")
        if (value := text(field, "value"))
    ]


def _order_text(order: Object) -> str:
    what = one_line(text(order, "title") or "something")
    total = money(order.get("total"), None)
    notes = one_line(text(order, "notes") or "")
    line = f"Ordered {what}{f', {total}' if total else ''}{f': {notes}' if notes else ''}"
    return one_line(line, _LONGEST_LINE)


def _read(response: httpx.Response, what: str) -> Object:
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise InboxbridgeError(f"Acuity's answer for {what} is not a JSON object")
    return content
