"""What a booker or a visitor answered in Cal.com's fields.

Source: https://cal.com/docs/developing/guides/automation/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping

from inboxbridge import clean_text
from inboxbridge.reading import scalar

from inboxbridge_bookings.answers import Answer, readable
from inboxbridge_bookings.reading import Object, inner, text

_SHOWN_ELSEWHERE = frozenset({
    "name", "email", "attendeePhoneNumber", "smsReminderNumber", "location", "rescheduleReason",
})  # fmt: skip
PHONE_PLACE = "phone"
"""The kind of place at which the attendee is called; at ``userPhone`` the business is."""

_OWN_LABELS = {"notes": "Notes", "guests": "Guests", "title": "About"}
"""Cal.com's own fields, whose label is a key of its translations."""


def answer(booking: Object, name: str) -> str | None:
    """Return the answer in the field *name* of ``responses``, on one or several lines."""
    field = inner(inner(booking, "responses"), name)
    return (value_text(field["value"]) or None) if field.get("value") else None


def said(booking: Object) -> list[Answer]:
    """Return what the booker answered beside name, addresses and place, and the notes."""
    responses = inner(booking, "responses")
    answers = _fields(responses)
    for older in (_fields(inner(booking, "userFieldsResponses")), _legacy(booking)):
        answers += [answer for answer in older if answer not in answers]
    place = inner(inner(responses, "location"), "value")
    if (typed := text(place, "optionValue")) and text(place, "value") != PHONE_PLACE:
        answers.append(Answer("Place", typed))
    notes = text(booking, "additionalNotes")
    if notes and not any(answer.value == notes for answer in answers):
        answers.append(Answer("Notes", notes))
    return answers


def form_answers(form: Object) -> list[Answer]:
    """Return the answers of a routing form; of an option its label, not its id."""
    answers = []
    for name, field in inner(form, "responses").items():
        if not isinstance(field, dict):
            field = {"value": field}
        value = value_text(field.get("response")) or value_text(field.get("value"))
        if value:
            answers.append(Answer(readable(text(field, "label") or name), value))
    return answers


def value_text(value: object) -> str:
    """Return a field's value in words: a text, a number, yes or no, or several of those."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(filter(None, map(value_text, value)))
    if isinstance(value, Mapping):
        return _object_text(value)
    return scalar(value)


def _object_text(value: Object) -> str:
    named = " ".join(filter(None, (text(value, "firstName"), text(value, "lastName"))))
    return named or text(value, "optionValue") or text(value, "label") or text(value, "value") or ""


def _fields(responses: Object) -> list[Answer]:
    answers = []
    for name, field in responses.items():
        if name in _SHOWN_ELSEWHERE or not isinstance(field, dict) or field.get("isHidden") is True:
            continue
        if value := value_text(field.get("value")):
            label = _OWN_LABELS.get(name) or readable(text(field, "label") or name)
            answers.append(Answer(label, value))
    return answers


def _legacy(booking: Object) -> list[Answer]:
    """Return the answers as Cal.com sent them before it had ``responses``."""
    inputs = inner(booking, "customInputs").items()
    return [Answer(label, words) for label, value in inputs if (words := value_text(value))]
