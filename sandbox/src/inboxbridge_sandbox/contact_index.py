"""Finds contacts by email or phone without looking at all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from inboxbridge_sandbox.contact_form import items_of

Json = dict[str, Any]
Shelf = dict[str, dict[str, None]]


class ContactIndex:
    """Contact documents by id, and ids by lower-cased email, raw phone and E.164 phone.

    Documents are never changed in place: an update puts a new one.
    """

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self._shelves: dict[str, Shelf] = {"email": {}, "phone": {}, "e164Phone": {}}

    def put(self, document: Json) -> None:
        contact_id = document["id"]
        before = self.documents.get(contact_id)
        if before is not None:
            self._forget(before)
        self.documents[contact_id] = document
        for kind, key in _keys(document):
            self._shelves[kind].setdefault(key, {})[contact_id] = None

    def remove(self, contact_id: str) -> None:
        document = self.documents.pop(contact_id, None)
        if document is not None:
            self._forget(document)

    def find(self, kind: str, values: Iterable[str]) -> list[Json]:
        """Documents that have any of `values` as `email`, `phone`, `e164Phone` or `id`."""
        if kind == "id":
            return [self.documents[value] for value in values if value in self.documents]
        shelf = self._shelves[kind]
        ids: dict[str, None] = {}
        for value in values:
            ids.update(shelf.get(value.lower() if kind == "email" else value, {}))
        return [self.documents[contact_id] for contact_id in ids]

    def _forget(self, document: Json) -> None:
        for kind, key in _keys(document):
            holders = self._shelves[kind][key]
            holders.pop(document["id"], None)
            if not holders:
                del self._shelves[kind][key]


def _keys(document: Json) -> set[tuple[str, str]]:
    info = document["info"]
    keys = {("email", item["email"].lower()) for item in items_of(info, "emails")}
    for phone in items_of(info, "phones"):
        keys.add(("phone", phone["phone"]))
        if "e164Phone" in phone:
            keys.add(("e164Phone", phone["e164Phone"]))
    return keys


class LaggingIndex:
    """The search index behind Query Contacts: it sees each change only after a while.

    Source: section 2.2 "Consistency" of the Wix reference; Get reads the entity itself.
    """

    def __init__(self, now: Callable[[], float], lag_seconds: Callable[[], float]) -> None:
        self._now = now
        self._lag = lag_seconds
        self._index = ContactIndex()
        self._waiting: deque[tuple[float, str, Json | None]] = deque()

    def record(self, contact_id: str, document: Json | None, *, at_once: bool = False) -> None:
        """Take note of a new state; `None` stands for deleted."""
        if at_once or (self._lag() <= 0 and not self._waiting):
            self._apply(contact_id, document)
        else:
            self._waiting.append((self._now(), contact_id, document))

    @property
    def current(self) -> ContactIndex:
        """The index as a query made now would see it."""
        while self._waiting and self._waiting[0][0] + self._lag() <= self._now():
            _, contact_id, document = self._waiting.popleft()
            self._apply(contact_id, document)
        return self._index

    def _apply(self, contact_id: str, document: Json | None) -> None:
        if document is None:
            self._index.remove(contact_id)
        else:
            self._index.put(document)
