from inboxbridge import Connector, Event, MalformedBody, Person, WebhookRequest, hookimpl


class Parcel(Connector):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = request.json_object()
        if body.get("type") != "note":
            return []  # understood, nothing for the Inbox
        if not isinstance(body.get("id"), str):
            raise MalformedBody("id is missing")
        person = Person(email=body.get("email"))
        return [Event(id=body["id"], person=person, text=body.get("text", ""))]


body = b'{"id": "n-1", "type": "note", "email": "Dana@Example.com", "text": "Leave it outside"}'
(event,) = Parcel(Parcel.Settings()).parse_event(WebhookRequest(body=body))
assert event.person.email == "dana@example.com"
