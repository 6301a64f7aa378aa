"""The contacts of one site: create, query, delete, merge.

Sources: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
and its siblings; the codes are those of section 2 of the Wix reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inboxbridge_sandbox import events
from inboxbridge_sandbox.clock import iso_millis, micros
from inboxbridge_sandbox.contact_form import HEAD, document, full_name, items_of, tidied
from inboxbridge_sandbox.contact_index import ContactIndex, LaggingIndex
from inboxbridge_sandbox.contact_merge import union
from inboxbridge_sandbox.errors import WixError, application_error, query_error
from inboxbridge_sandbox.events import Publish
from inboxbridge_sandbox.options import SandboxOptions
from inboxbridge_sandbox.query import Filter, compile_filter, sorted_contacts

Json = dict[str, Any]
_DUPLICATE_TEXT = "A contact with the same primary email or phone already exists."


class ContactBook:
    """All contacts of a site, by id, with those merged away pointing at their survivor."""

    def __init__(
        self,
        options: SandboxOptions,
        publish: Publish,
        lag_seconds: Callable[[], float],
    ) -> None:
        self._options = options
        self._publish = publish
        self._now_index = ContactIndex()
        self._search_index = LaggingIndex(options.now, lag_seconds)
        self.merged_into: dict[str, str] = {}

    def all(self) -> list[Json]:
        return list(self._now_index.documents.values())

    def find(self, contact_id: str) -> Json | None:
        return self._now_index.documents.get(contact_id.lower())

    def get(self, contact_id: str) -> Json:
        """The contact; a merged-away id is unknown here. Raises `404 CONTACT_NOT_FOUND`."""
        contact = self.find(contact_id)
        if contact is None:
            raise application_error(404, "CONTACT_NOT_FOUND", f"Contact {contact_id} not found.")
        return contact

    def survivor(self, contact_id: str) -> Json | None:
        """The contact that a merged-away id now belongs to."""
        target = self.merged_into.get(contact_id.lower())
        while target in self.merged_into:
            target = self.merged_into[target]
        return self.find(target) if target else None

    def of_member(self, member_id: str) -> Json | None:
        for contact in self._now_index.documents.values():
            if contact.get("memberInfo", {}).get("memberId") == member_id:
                return contact
        return None

    def addresses(self, contact_id: str) -> set[str]:
        """The emails, in lower case, and phone numbers of a contact; none of an unknown one."""
        contact = self.find(contact_id)
        info = contact["info"] if contact else {}
        held_addresses = {item["email"].lower() for item in items_of(info, "emails")}
        for phone in items_of(info, "phones"):
            held_addresses |= {
                phone["phone"].lower(),
                phone.get("e164Phone") or phone["phone"].lower(),
            }
        return held_addresses

    def query(self, query: Mapping[str, Any]) -> tuple[list[Json], Json]:
        """One page of matching contacts, and its `pagingMetadata`."""
        compiled = compile_filter(query.get("filter", {}))
        matching = self._candidates(compiled)
        if query.get("filter"):
            matching = [contact for contact in matching if compiled.matches(contact)]
        sort = next(iter(query.get("sort", ())), None)
        matching = sorted_contacts(matching, sort)
        paging = query.get("paging", {})
        most = self._options.limits.query_page
        if paging.get("limit", 0) > most:
            raise query_error("ILLEGAL_LIMIT", f"A page has at most {most} contacts.")
        offset = paging.get("offset", 0)
        page = matching[offset : offset + (paging.get("limit") or 50)]
        return page, {"count": len(page), "offset": offset, "total": len(matching)}

    def _candidates(self, compiled: Filter) -> list[Json]:
        index = self._search_index.current
        if compiled.lookup is None:
            return list(index.documents.values())
        return index.find(*compiled.lookup)

    def create(self, body: Mapping[str, Any], source: Json, identity: Json) -> Json:
        """Create Contact; `body` holds `info` and `allowDuplicates`.

        Raises `400 INSUFFICIENT_CONTACT_DATA`, `CANNOT_HAVE_MULTIPLE_PRIMARY_INFO`; `409
        DUPLICATE_CONTACT_EXISTS`, `CONTACT_ID_ALREADY_EXISTS`.
        """
        info = self._checked(body["info"])
        if not (full_name(info) or items_of(info, "emails") or items_of(info, "phones")):
            text = "At least one of name, phone and email is required."
            raise application_error(400, "INSUFFICIENT_CONTACT_DATA", text)
        if not body.get("allowDuplicates"):
            self._refuse_duplicate(info)
        contact_id = self._options.new_id()
        if self.find(contact_id):
            text = f"There is already a contact with the id {contact_id}."
            raise application_error(409, "CONTACT_ID_ALREADY_EXISTS", text)
        at = iso_millis(micros(self._options.now()))
        head = {
            "id": contact_id,
            "revision": 1,
            "source": source,
            "createdDate": at,
            "updatedDate": at,
            "lastActivity": {"activityDate": at, "activityType": "CONTACT_CREATED"},
        }
        contact = self._keep(document(head, info))
        self._publish(events.contact_created(contact, identity))
        return contact

    def update(self, contact_id: str, body: Mapping[str, Any]) -> Json:
        """Update Contact: what `info` leaves out stays; a list in it takes the place of the old.

        Raises `404 CONTACT_NOT_FOUND`, `400 INSUFFICIENT_UPDATE_CONTACT_DATA`; `409
        CONTACT_ALREADY_CHANGED`, `DUPLICATE_CONTACT_EXISTS`.
        """
        contact = self.get(contact_id)
        if body["revision"] != contact["revision"]:
            text = "The contact has already changed since the requested revision."
            raise application_error(409, "CONTACT_ALREADY_CHANGED", text)
        changes = self._checked(body["info"])
        if not changes:
            text = "There is nothing to update."
            raise application_error(400, "INSUFFICIENT_UPDATE_CONTACT_DATA", text)
        if not body.get("allowDuplicates"):
            self._refuse_duplicate(changes, of=contact["id"])
        head = {key: contact[key] for key in HEAD if key in contact}
        head["revision"] += 1
        head["updatedDate"] = iso_millis(micros(self._options.now()))
        updated = self._keep(document(head, {**contact["info"], **changes}))
        self._publish(events.contact_updated(updated))
        return updated

    def delete(self, contact_id: str, cause: str | None = None) -> None:
        contact = self.get(contact_id)
        self._now_index.remove(contact["id"])
        self._search_index.record(contact["id"], None)
        self._publish(events.contact_deleted(contact["id"], cause))

    def merge(self, target_id: str, source_ids: list[str]) -> Json:
        """Merge Contacts: keep the target, delete the sources, remember where they went.

        The target's own data is never overwritten; lists are unioned, earlier sources win. Raises
        `404` for an unknown contact, `400 ILLEGAL_MERGE` for a member as a source.
        """
        target = self.get(target_id)
        info = target["info"]
        for source_id in source_ids:
            source = self.get(source_id)
            if source is target or "memberInfo" in source:
                text = "A source may be neither the target contact nor a site member."
                raise application_error(400, "ILLEGAL_MERGE", text)
            info = union(info, source["info"])
        head = {key: target[key] for key in HEAD if key in target}
        head["revision"] += 1
        head["updatedDate"] = iso_millis(micros(self._options.now()))
        contact = self._keep(document(head, tidied(info, self._options.new_id)))
        self._publish(events.contact_merged(contact, source_ids))
        self._publish(events.contact_updated(contact, "merge"))
        for source_id in source_ids:
            self.delete(source_id, "merge")
            self.merged_into[source_id] = contact["id"]
        return contact

    def seed(self, contact: Json) -> None:
        """Keep a whole Contact object as it is, visible to queries at once and without events."""
        self._keep(contact, at_once=True)

    def note_activity(self, contact_id: str, activity_type: str, at_micros: int) -> None:
        """Move `lastActivity`, which does not count as an update of the contact."""
        contact = self.find(contact_id)
        if contact is not None:
            activity = {"activityDate": iso_millis(at_micros), "activityType": activity_type}
            self._keep({**contact, "lastActivity": activity})

    def _checked(self, info: Mapping[str, Any]) -> Json:
        for plural in ("emails", "phones"):
            if sum(1 for item in items_of(info, plural) if item.get("primary")) > 1:
                text = f"Only one of the {plural} can be primary."
                raise application_error(400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO", text)
        return tidied(info, self._options.new_id)

    def _refuse_duplicate(self, info: Json, *, of: str = "") -> None:
        emails = [item["email"] for item in items_of(info, "emails")]
        for email in emails:
            self._refuse_holder("email", email, "duplicateEmail", email, of)
        for phone in () if emails else items_of(info, "phones"):
            self._refuse_holder("phone", phone["phone"], "duplicatePhone", phone["phone"], of)
            number = phone.get("e164Phone")
            if number:
                self._refuse_holder("e164Phone", number, "duplicatePhone", phone["phone"], of)

    def _refuse_holder(self, kind: str, value: str, name: str, shown: str, of: str) -> None:
        for contact in self._now_index.find(kind, [value]):
            if contact["id"] == of:
                continue
            raise _duplicate({"duplicateContactId": contact["id"], name: shown})

    def _keep(self, contact: Json, *, at_once: bool = False) -> Json:
        self._now_index.put(contact)
        self._search_index.record(contact["id"], contact, at_once=at_once)
        return contact


def _duplicate(data: Json) -> WixError:
    return application_error(409, "DUPLICATE_CONTACT_EXISTS", _DUPLICATE_TEXT, data)
