from inboxbridge import Connector, Event, IgnoredPart, Part, Person, WebhookRequest, hookimpl
from inboxbridge.reading import array_at, as_object, read_each, text_at


class Parcel(Connector):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        return read_each(array_at(request.json_object(), "notes"), read_note)


def read_note(item: object) -> Part:
    note = as_object(item, "notes[]")
    kind = text_at(note, "type", "notes[]")
    if kind != "note":
        return IgnoredPart(kind=kind or "unnamed")  # understood, nothing for the Inbox
    return Event(
        id=text_at(note, "id", "notes[]", required=True),
        person=Person(email=text_at(note, "email", "notes[]")),
        text=text_at(note, "text", "notes[]"),
    )


body = b"""{"notes": [
    {"type": "note", "id": "n-1", "email": "Dana@Example.com", "text": "Leave it outside"},
    {"type": "note", "text": "a note without an id"}
]}"""
event, unreadable = Parcel(Parcel.Settings()).parse_event(WebhookRequest(body=body))
assert event.person.email == "dana@example.com"
assert unreadable.reason == "notes[].id is missing"
