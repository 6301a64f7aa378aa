"""Finds out what credentials may do, by calls that can neither read nor change anything.

Each call is permitted or not before it is found to be empty or to ask for nothing: a refusal for
want of permission tells, any other answer says the permission is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from inboxbridge.wix.budget import Lane
from inboxbridge.wix.calls import Answer, Calls
from inboxbridge.wix.errors import Forbidden, Refused, Throttled, Unauthorized
from inboxbridge.wix.forms import ListedMessages, QueriedContacts
from inboxbridge.wix.operations import (
    CONTACTS_PATH,
    CONTACTS_QUERY_PATH,
    CREATE_CONTACT,
    LIST_MESSAGES,
    MESSAGES_PATH,
    QUERY_CONTACTS,
    SEND_MESSAGE,
)

NOBODY: Final = "00000000-0000-4000-8000-000000000000"

_Question = Callable[[Calls, Lane], Awaitable[Answer]]


async def probe(calls: Calls, lane: Lane) -> list[str]:
    """Return what the credentials may not do, a sentence each.

    Raises `WixError` where Wix gave no answer that tells.
    """
    refusals: list[Forbidden | Unauthorized] = []
    for ask in _QUESTIONS:
        try:
            await ask(calls, lane)
        except (Forbidden, Unauthorized) as error:
            refusals.append(error)
        except Throttled:
            raise
        except Refused:
            continue
    unknown = [error for error in refusals if isinstance(error, Unauthorized)]
    if len(unknown) == len(_QUESTIONS):
        return [str(unknown[0])]
    return [str(error) for error in refusals]


async def ask(calls: Calls, lane: Lane, *, of_inbox: bool) -> None:
    """Ask the Inbox or the contacts for something that is not there.

    Returns once Wix has answered in its own form. Raises `WixError` where it did not, where it
    refuses the credentials, and where it asks for a pause.
    """
    try:
        answer = await (_list if of_inbox else _query)(calls, lane)
        answer.read(ListedMessages if of_inbox else QueriedContacts)
    except (Forbidden, Unauthorized, Throttled):
        raise
    except Refused:
        return


def _query(calls: Calls, lane: Lane) -> Awaitable[Answer]:
    body = {"query": {"filter": {"id": {"$eq": NOBODY}}, "fields": ["id"]}}
    return calls.post(QUERY_CONTACTS, CONTACTS_QUERY_PATH, body, lane=lane)


def _create(calls: Calls, lane: Lane) -> Awaitable[Answer]:
    return calls.post(CREATE_CONTACT, CONTACTS_PATH, {"info": {}}, lane=lane)


def _list(calls: Calls, lane: Lane) -> Awaitable[Answer]:
    query = [("conversationId", NOBODY), ("visibility", "BUSINESS")]
    return calls.get(LIST_MESSAGES, MESSAGES_PATH, query, lane=lane)


def _send(calls: Calls, lane: Lane) -> Awaitable[Answer]:
    body = {"conversationId": NOBODY, "message": {}}
    return calls.post(SEND_MESSAGE, MESSAGES_PATH, body, lane=lane)


_QUESTIONS: Final[tuple[_Question, ...]] = (_query, _create, _list, _send)
