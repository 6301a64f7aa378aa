"""The methods of Wix that the sandbox serves: path, permission, and what each does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from . import auth, conversations, message_form, messages
from .auth import Caller
from .errors import application_error, validation_error, wrong_format
from .projection import Projection
from .shapes import ListOf, Object, Reading, Text
from .world import Sandbox, Site

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

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            found = wrong_format("body", "a JSON object")
            raise validation_error("request", [found]) from None

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
        found: Json = {}
        for name, value in self.query:
            if name == ".r":
                return _dotted(_unpacked(value))
            if name in several:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        return found


def _unpacked(packed: str) -> Json:
    try:
        padding = "=" * (-len(packed) % 4)
        found = json.loads(base64.b64decode(packed + padding, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise validation_error("request", [wrong_format(".r", "base64url of a JSON object")])
    return found


def _dotted(request: Json) -> Json:
    found: Json = {}
    for name, value in request.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": each for inner, each in _dotted(value).items()}
        else:
            found[name] = value
    return found


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


def _app_instance(call: Call, site: Site, caller: Caller) -> Json:
    sandbox = call.sandbox
    instance = {
        "appName": "Sandbox app",
        "appVersion": "1.0.0",
        "instanceId": caller.instance_id or site.id,
        "isFree": True,
        "permissions": sorted(sandbox.credentials.granted(caller)),
        "billing": {},
    }
    about = {
        "siteId": site.id,
        "siteDisplayName": sandbox.options.business_name,
        "url": "https://sandbox.example.com",
        "locale": "en",
        "paymentCurrency": "USD",
    }
    return {"instance": instance, "site": about}


def _query_contacts(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.query, "request")
    return _contact_page(site, body.get("query", {}), body.get("search"))


def _list_contacts(call: Call, site: Site, _: Caller) -> Json:
    given = call.parameters("fields", "fieldsets")
    query: Json = {name: given.pop(name) for name in ("fields", "fieldsets") if name in given}
    for group in ("sort", "paging"):
        members = {
            name.removeprefix(f"{group}."): given.pop(name)
            for name in list(given)
            if name.startswith(f"{group}.")
        }
        if members:
            query[group] = members
    search = {"search": given.pop("search")} if "search" in given else {}
    body = {"query": query, **search, **given}
    body = call.read(call.sandbox.shapes.contact.query, "request", body)
    return _contact_page(site, body["query"], body.get("search"))


def _contact_page(site: Site, query: Json, search: str | None) -> Json:
    projection = Projection(query.get("fields", ()), query.get("fieldsets", ()))
    page, paging = site.contacts.query(query, search)
    return {"contacts": [projection.show(each) for each in page], "pagingMetadata": paging}


def _create_contact(call: Call, site: Site, caller: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.create, "contact")
    source = {"sourceType": "ADMIN"}
    if caller.app_id:
        source = {"sourceType": "WIX_APP", "appId": caller.app_id}
    contact = site.contacts.create(body, source, caller.identity)
    call.committed = True
    return {"contact": contact}


_GET_PARAMETERS: Final = Object(
    {"fields": ListOf(Text()), "fieldsets": ListOf(Text())},
    ignored=("id",),  # which Wix's SDK says a second time
)


def _get_contact(call: Call, site: Site, _: Caller) -> Json:
    given = call.read(_GET_PARAMETERS, "request", call.parameters("fields", "fieldsets"))
    projection = Projection(given.get("fields", ()), given.get("fieldsets", ()))
    contact, kind = site.contacts.find(call.path_id), "REGULAR"
    if contact is None:
        contact, kind = site.contacts.survivor(call.path_id), "MERGED"
    if contact is None:
        contact = site.contacts.get(call.path_id)
    return {"contact": projection.show(contact), "responseType": kind}


def _update_contact(call: Call, site: Site, caller: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.update, "contact")
    contact = site.contacts.update(call.path_id, body, caller.identity)
    call.committed = True
    return {"contact": contact}


def _delete_contact(call: Call, site: Site, caller: Caller) -> Json:
    site.contacts.delete(call.path_id, caller.identity)
    call.committed = True
    return {}


def _label_contact(call: Call, site: Site, caller: Caller) -> Json:
    return _labelled(call, site, caller, add=True)


def _unlabel_contact(call: Call, site: Site, caller: Caller) -> Json:
    return _labelled(call, site, caller, add=False)


def _labelled(call: Call, site: Site, caller: Caller, *, add: bool) -> Json:
    keys = call.read(call.sandbox.shapes.contact.labels, "request")["labelKeys"]
    contact = site.contacts.label(call.path_id, keys, caller.identity, add=add)
    call.committed = True
    return {"contact": contact}


def _merge_contacts(call: Call, site: Site, caller: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.merge, "merge request")
    contact = site.merge_contacts(call.path_id, body, caller.identity)
    call.committed = True
    return {"contact": contact}


def _preview_merge(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.merge, "merge request")
    return {"contact": site.contacts.merged(call.path_id, body)[0]}


def _find_or_create_label(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.new_label, "label")
    label, call.committed = site.catalog.find_or_create_label(body["displayName"])
    return {"label": label, "newLabel": call.committed}


def _find_or_create_field(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(call.sandbox.shapes.contact.new_field, "extended field")
    name, data_type = body["displayName"], body["dataType"]
    field, call.committed = site.catalog.find_or_create_field(name, data_type)
    return {"field": field, "newField": call.committed}


def _get_or_create_conversation(call: Call, site: Site, _: Caller) -> Json:
    body = call.read(conversations.REQUEST, "request")
    found, new = site.conversations.get_or_create(body["participantId"], call.sandbox.now_micros())
    call.committed = new
    if new:
        call.sandbox.changed()
    return {"conversation": site.conversations.as_json(found), "newConversation": new}


def _get_conversation(call: Call, site: Site, _: Caller) -> Json:
    found = site.conversations.get(call.path_id)
    return {"conversation": site.conversations.as_json(found)}


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


def _list_messages(call: Call, site: Site, _: Caller) -> Json:
    request = call.read(call.sandbox.shapes.list, "request", call.parameters())
    conversation = site.conversations.get(request["conversationId"])
    return messages.page_of(conversation, request, call.sandbox.options.limits.list_page)


_CONTACTS: Final = "/contacts/v4/contacts"
_CONTACT: Final = _CONTACTS + "/{id}"

ENDPOINTS: Final = (
    Endpoint("POST", "/oauth2/token", None),
    Endpoint("GET", "/apps/v1/instance", auth.MANAGE_APP, _app_instance),
    Endpoint("POST", _CONTACTS + "/query", auth.READ_CONTACTS, _query_contacts),
    Endpoint("GET", _CONTACTS, auth.READ_CONTACTS, _list_contacts),
    Endpoint("POST", _CONTACTS, auth.MANAGE_CONTACTS, _create_contact),
    Endpoint("GET", _CONTACT, auth.READ_CONTACTS, _get_contact),
    Endpoint("PATCH", _CONTACT, auth.MANAGE_CONTACTS, _update_contact),
    Endpoint("DELETE", _CONTACT, auth.MANAGE_CONTACTS, _delete_contact),
    Endpoint("POST", _CONTACT + "/labels", auth.MANAGE_CONTACTS, _label_contact),
    Endpoint("DELETE", _CONTACT + "/labels", auth.MANAGE_CONTACTS, _unlabel_contact),
    Endpoint("POST", _CONTACT + "/merge", auth.MANAGE_CONTACTS, _merge_contacts),
    Endpoint("POST", _CONTACT + "/preview-merge", auth.MANAGE_CONTACTS, _preview_merge),
    Endpoint("POST", "/contacts/v4/labels", auth.MANAGE_LABELS, _find_or_create_label),
    Endpoint(
        "POST", "/contacts/v4/extended-fields", auth.MANAGE_EXTENDED_FIELDS, _find_or_create_field
    ),
    Endpoint("POST", "/inbox/v2/conversations", auth.MANAGE_MESSAGES, _get_or_create_conversation),
    Endpoint("GET", "/inbox/v2/conversations/{id}", auth.READ_MESSAGES, _get_conversation),
    Endpoint(
        "POST", "/inbox/v2/messages", auth.MANAGE_MESSAGES, _send_message, "NOT_PERMITTED_TO_SEND"
    ),
    Endpoint("GET", "/inbox/v2/messages", auth.READ_MESSAGES, _list_messages),
)
