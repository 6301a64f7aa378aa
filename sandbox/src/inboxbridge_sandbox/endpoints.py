"""The methods of Wix that the sandbox serves: path, permission, and what each does.

They are those that inboxbridge calls, and Get Conversation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from inboxbridge_sandbox import auth, conversations, media, message_form, messages
from inboxbridge_sandbox.auth import Caller
from inboxbridge_sandbox.errors import application_error, validation_error, wrong_format
from inboxbridge_sandbox.projection import Projection
from inboxbridge_sandbox.shapes import ListOf, Object, Reading, Text
from inboxbridge_sandbox.world import Sandbox, Site

Json = dict[str, Any]
RawHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(slots=True)
class Call:
    """One request on its way through an endpoint.

    `path_id` is the id in the path, empty without one. `committed` turns true when something was
    stored, so that an answer lost afterwards leaves its effect.
    """

    sandbox: Sandbox
    path_id: str
    query: list[tuple[str, str]]
    body: bytes
    reading: Reading
    committed: bool = False
    base_url: str = ""

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            fault = wrong_format("body", "a JSON object")
            raise validation_error("request", [fault]) from None

    def read(self, shape: Object, subject: str, body: Any = None) -> Json:
        """The JSON body in its shape; raises the `400` that lists what is wrong."""
        content = shape.read(self.json() if body is None else body, "", self.reading)
        self.reading.finish(subject)
        return content  # type: ignore[no-any-return]

    def parameters(self, *several: str) -> Json:
        """The query string; names in `several` may be repeated and are lists.

        Wix's SDK packs a request with objects in it into one parameter, `.r`: base64url without
        padding of the request as JSON. Its objects become dotted names.
        """
        parameters: Json = {}
        for name, value in self.query:
            if name == ".r":
                return _dotted(_unpacked(value))
            if name in several:
                parameters.setdefault(name, []).append(value)
            else:
                parameters[name] = value
        return parameters


def _unpacked(packed: str) -> Json:
    try:
        padding = "=" * (-len(packed) % 4)
        request = json.loads(base64.b64decode(packed + padding, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise validation_error("request", [wrong_format(".r", "base64url of a JSON object")])
    return request


def _dotted(request: Json) -> Json:
    parameters: Json = {}
    for name, value in request.items():
        if isinstance(value, dict):
            parameters |= {f"{name}.{inner}": each for inner, each in _dotted(value).items()}
        else:
            parameters[name] = value
    return parameters


Handler = Callable[[Call, Site, Caller], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method. `permission` `None` marks the token endpoint, which takes no credential."""

    verb: str
    path: str
    permission: str | None
    handler: Handler | None = None
    refusal: str = "PERMISSION_DENIED"

    @property
    def name(self) -> str:
        return f"{self.verb} {self.path}"

    def handle(self, call: Call, headers: RawHeaders) -> Json:
        """Check the caller and the site's rate, then do it."""
        sandbox = call.sandbox
        if self.handler is None or self.permission is None:
            sandbox.dice.throttle_by_chance()
            return _token(call)
        authorization = site_id = None
        for name, value in headers:
            if name == b"authorization":
                authorization = value.decode("latin-1")
            elif name == b"wix-site-id":
                site_id = value.decode("latin-1")
        caller = sandbox.credentials.caller(authorization, site_id)
        site = sandbox.site(caller.site_id)
        sandbox.dice.throttle_by_chance()
        site.count_call()
        if self.permission not in sandbox.credentials.granted(caller):
            raise application_error(403, self.refusal, f"{self.name} is not permitted.")
        return self.handler(call, site, caller)


def _token(call: Call) -> Json:
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        body = None
    return call.sandbox.credentials.issue_token(body)


def _query_contacts(call: Call, site: Site, _: Caller) -> Json:
    query = call.read(call.sandbox.shapes.contact.query, "request").get("query", {})
    projection = Projection(query.get("fields", ()), query.get("fieldsets", ()))
    page, paging = site.contacts.query(query)
    return {"contacts": [projection.show(each) for each in page], "pagingMetadata": paging}


def _create_contact(call: Call, site: Site, caller: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.create, "contact")
    source = {"sourceType": "ADMIN"}
    if caller.app_id:
        source = {"sourceType": "WIX_APP", "appId": caller.app_id}
    contact = site.contacts.create(body, source, caller.identity)
    call.committed = True
    return {"contact": contact}


def _update_contact(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.update, "contact")
    contact = site.contacts.update(call.path_id, body)
    call.committed = True
    return {"contact": contact}


_GET_PARAMETERS: Final = Object(
    {"fields": ListOf(Text()), "fieldsets": ListOf(Text())},
    ignored=("id",),  # which Wix's SDK says a second time
)


def _get_contact(call: Call, site: Site, _: Caller) -> Json:
    parameters = call.read(_GET_PARAMETERS, "request", call.parameters("fields", "fieldsets"))
    projection = Projection(parameters.get("fields", ()), parameters.get("fieldsets", ()))
    contact, kind = site.contacts.find(call.path_id), "REGULAR"
    if contact is None:
        contact, kind = site.contacts.survivor(call.path_id), "MERGED"
    if contact is None:
        contact = site.contacts.get(call.path_id)
    return {"contact": projection.show(contact), "responseType": kind}


def _get_or_create_conversation(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(conversations.REQUEST, "request")
    conversation, new = site.conversations.get_or_create(
        body["participantId"], call.sandbox.now_micros()
    )
    call.committed = new
    if new:
        call.sandbox.changed()
    return {"conversation": site.conversations.as_json(conversation), "newConversation": new}


def _get_conversation(call: Call, site: Site, _: Caller) -> Json:
    conversation = site.conversations.get(call.path_id)
    return {"conversation": site.conversations.as_json(conversation)}


def _send_message(call: Call, site: Site, caller: Caller) -> Json:
    body = call.json()
    sandbox = call.sandbox
    if sandbox.options.lenient:
        body = message_form.from_article(body, sandbox.stats.warn)
    body = sandbox.shapes.message.read(body, "", call.reading)
    strict_urls = sandbox.options.strict_urls
    checked = message_form.checked(body, call.reading, strict_urls=strict_urls)
    stored = site.send(checked, caller)
    call.committed = True
    return {"message": stored.message}


def _generate_upload_url(call: Call, _: Site, __: Caller) -> Json:
    asked = call.read(media.UPLOAD_REQUEST, "request")
    answer = media.announce(call.sandbox, asked, call.base_url)
    call.committed = True
    return answer


def _list_messages(call: Call, site: Site, _: Caller) -> Json:
    request = call.read(call.sandbox.shapes.list, "request", call.parameters())
    conversation = site.conversations.get(request["conversationId"])
    return messages.page_of(conversation, request, call.sandbox.options.limits.list_page)


_CONTACTS: Final = "/contacts/v4/contacts"

ENDPOINTS: Final = (
    Endpoint("POST", "/oauth2/token", None),
    Endpoint("POST", _CONTACTS + "/query", auth.READ_CONTACTS, _query_contacts),
    Endpoint("POST", _CONTACTS, auth.MANAGE_CONTACTS, _create_contact),
    Endpoint("GET", _CONTACTS + "/{id}", auth.READ_CONTACTS, _get_contact),
    Endpoint("PATCH", _CONTACTS + "/{id}", auth.MANAGE_CONTACTS, _update_contact),
    Endpoint("POST", "/inbox/v2/conversations", auth.MANAGE_MESSAGES, _get_or_create_conversation),
    Endpoint("GET", "/inbox/v2/conversations/{id}", auth.READ_MESSAGES, _get_conversation),
    Endpoint(
        "POST", "/inbox/v2/messages", auth.MANAGE_MESSAGES, _send_message, "NOT_PERMITTED_TO_SEND"
    ),
    Endpoint("GET", "/inbox/v2/messages", auth.READ_MESSAGES, _list_messages),
    Endpoint(
        "POST",
        "/site-media/v1/files/generate-upload-url",
        auth.MANAGE_MEDIA,
        _generate_upload_url,
    ),
)
