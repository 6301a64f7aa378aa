"""Control over what is kept: contacts, conversations and messages."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from inboxbridge_sandbox.control_request import ControlError, json_body, object_body, sandbox_of
from inboxbridge_sandbox.conversations import StoredMessage
from inboxbridge_sandbox.shapes import Guid, ListOf, Object, Reading, Text
from inboxbridge_sandbox.world import Site

Json = dict[str, Any]

_VISITOR_MESSAGE = Object(
    {
        "conversationId": Guid(),
        "contactId": Guid(),
        "anonymousVisitorId": Guid(),
        "memberId": Guid(),
        "text": Text(),
    },
    need=("text",),
)
_MERGE = Object(
    {"targetContactId": Guid(), "sourceContactIds": ListOf(Guid())},
    need=("targetContactId", "sourceContactIds"),
)


async def seed_contacts(request: Request) -> Json:
    """A JSON array of Contact objects, kept whole, ids included; all of them or none.

    They are on the site named by `?site=`, or on every site there is and will be.
    """
    body = await json_body(request)
    if not isinstance(body, list):
        raise ControlError(400, "The body must be an array of Contact objects.")
    sandbox, reading = sandbox_of(request), Reading()
    shape = sandbox.shapes.contact.seed
    contacts = [shape.read(each, f"[{at}]", reading) for at, each in enumerate(body)]
    reading.finish("seed")
    site_id = request.query_params.get("site")
    return {"contacts": sandbox.seed(contacts, site_id)}


async def list_contacts(request: Request) -> Json:
    """Every contact kept, each with its `site_id`; seeds of sites yet to come have `null`."""
    listed: list[Json] = [
        {"site_id": site.id, "contact": contact}
        for site in _sites(request)
        for contact in site.contacts.all()
    ]
    if "site" not in request.query_params and not listed:
        seeds = sandbox_of(request).seeds.values()
        listed = [{"site_id": None, "contact": contact} for contact in seeds]
    return {"contacts": listed}


async def delete_contact(request: Request) -> Json:
    """Delete a contact wherever it is."""
    contact_id = request.path_params["contact_id"]
    for site in _sites_with(request, contact_id):
        site.contacts.delete(contact_id)
    return {}


async def list_conversations(request: Request) -> Json:
    return {
        "conversations": [
            {
                "site_id": site.id,
                "conversation": site.conversations.as_json(each),
                "messages": len(each.messages),
                "unread": each.unread,
            }
            for site in _sites(request)
            for each in site.conversations.all()
        ]
    }


async def delete_conversation(request: Request) -> Json:
    """Make a conversation vanish with its messages: its id answers `404`, and Get or Create
    Conversation gives its participant one with another id. `GET /_sandbox/messages` still tells
    what it held.
    """
    site = _site_with_conversation(request)
    site.conversations.delete(request.path_params["conversation_id"])
    sandbox_of(request).changed()
    return {}


async def replace_conversation(request: Request) -> Json:
    """Give a conversation another id, as a merge does: the old one answers `404`, and the
    messages are in the new one, which is what Get or Create Conversation gives.
    """
    site = _site_with_conversation(request)
    now = sandbox_of(request).now_micros()
    made = site.conversations.replace(request.path_params["conversation_id"], now)
    return {"conversation": site.conversations.as_json(made)}


def _site_with_conversation(request: Request) -> Site:
    conversation_id = request.path_params["conversation_id"]
    for site in _sites(request):
        if site.conversations.find(conversation_id):
            return site
    raise ControlError(404, f"Conversation {conversation_id} not found.")


async def list_messages(request: Request) -> Json:
    """Every message kept, in order of arrival; `?after=N` leaves out the first N."""
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit()):
        raise ControlError(400, "after must be a whole number.")
    site_id = request.query_params.get("site")
    return {
        "messages": [
            _message_json(stored)
            for stored in sandbox_of(request).arrivals[int(after) :]
            if site_id in (None, stored.conversation.site_id)
        ]
    }


def _message_json(stored: StoredMessage) -> Json:
    conversation = stored.conversation
    return {
        "site_id": conversation.site_id,
        "conversation_id": conversation.id,
        "contact_id": conversation.contact_id,
        "message": stored.message,
    }


async def visitor_message(request: Request) -> Json:
    """A message written in the chat widget by a visitor, contact or member."""
    body = await object_body(request, _VISITOR_MESSAGE)
    text = body.pop("text")
    sandbox = sandbox_of(request)
    conversation_id = body.pop("conversationId", None)
    if conversation_id:
        for site in _sites(request):
            conversation = site.conversations.find(conversation_id)
            if conversation is not None:
                return _message_json(site.visitor_writes(conversation, text))
        raise ControlError(404, f"Conversation {conversation_id} not found.")
    site_id = request.query_params.get("site")
    if site_id is None:
        if len(sandbox.sites) != 1:
            raise ControlError(400, "Say which site with ?site=ID.")
        site_id = next(iter(sandbox.sites))
    site = sandbox.site(site_id)
    conversation, _ = site.conversations.get_or_create(body, sandbox.now_micros())
    return _message_json(site.visitor_writes(conversation, text))


async def merge(request: Request) -> Json:
    """Merge contacts wherever the target is."""
    body = await object_body(request, _MERGE)
    target_id, source_ids = body["targetContactId"], list(dict.fromkeys(body["sourceContactIds"]))
    contact: Json = {}
    for site in _sites_with(request, target_id):
        contact = site.merge_contacts(target_id, source_ids)
    return {"contact": contact}


def _sites_with(request: Request, contact_id: str) -> list[Site]:
    sites = [site for site in _sites(request) if site.contacts.find(contact_id)]
    if not sites:
        raise ControlError(404, f"Contact {contact_id} not found.")
    return sites


def _sites(request: Request) -> list[Site]:
    wanted = request.query_params.get("site")
    sites = sandbox_of(request).sites
    if wanted is None:
        return list(sites.values())
    return [sites[wanted]] if wanted in sites else []
