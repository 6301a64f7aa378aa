"""The contacts of one site: create, update, delete, label, merge, query.

Sources: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
and its siblings; the codes are those of section 2 of the Wix reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import events
from .catalog import Catalog
from .clock import iso_millis, micros
from .contact_form import HEAD, custom_fields, document, full_name, items_of, tidied
from .contact_index import ContactIndex, LaggingIndex
from .contact_merge import own_info, union
from .errors import WixError, application_error, query_error
from .events import Publish
from .options import SandboxOptions
from .query import Filter, Language, compile_filter, sorted_contacts

Json = dict[str, Any]
_DUPLICATE_TEXT = "A contact with the same primary email or phone already exists."


class ContactBook:
    """All contacts of a site, by id, with those merged away pointing at their survivor."""

    def __init__(
        self,
        options: SandboxOptions,
        catalog: Catalog,
        publish: Publish,
        lag_seconds: Callable[[], float],
    ) -> None:
        self._options = options
        self._catalog = catalog
        self._publish = publish
        self._now_index = ContactIndex()
        self._search_index = LaggingIndex(options.now, lag_seconds)
        self._language = Language(
            catalog.data_type, options.strict_email_case, options.logical_operators
        )
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
        found = {item["email"].lower() for item in items_of(info, "emails")}
        for phone in items_of(info, "phones"):
            found |= {phone["phone"].lower(), phone.get("e164Phone") or phone["phone"].lower()}
        return found

    def query(self, query: Mapping[str, Any], search: str | None = None) -> tuple[list[Json], Json]:
        """One page of matching contacts, and its `pagingMetadata`."""
        compiled = compile_filter(query.get("filter", {}), self._language)
        found = self._candidates(compiled)
        if query.get("filter"):
            found = [contact for contact in found if compiled.matches(contact)]
        if search:
            found = [contact for contact in found if self._mentions(contact, search)]
        sort = next(iter(query.get("sort", ())), None)
        found = sorted_contacts(found, sort, self._language)
        paging = query.get("paging", {})
        most = self._options.limits.query_page
        if paging.get("limit", 0) > most:
            raise query_error("ILLEGAL_LIMIT", f"A page has at most {most} contacts.")
        offset = paging.get("offset", 0)
        page = found[offset : offset + (paging.get("limit") or 50)]
        return page, {"count": len(page), "offset": offset, "total": len(found)}

    def _candidates(self, compiled: Filter) -> list[Json]:
        index = self._search_index.current
        if compiled.lookup is None:
            return list(index.documents.values())
        return index.find(*compiled.lookup)

    def _mentions(self, contact: Json, text: str) -> bool:
        info = contact["info"]
        name = info.get("name", {})
        said = [name.get("first"), name.get("last")]
        for phone in items_of(info, "phones"):
            said += [phone["phone"], phone.get("e164Phone")]
        emails = [item["email"] for item in items_of(info, "emails")]
        if not self._options.strict_email_case:
            emails = [email.lower() for email in emails]
            return text in said or text.lower() in emails
        return text in said or text in emails

    def create(self, body: Mapping[str, Any], source: Json, identity: Json) -> Json:
        """Create Contact; `body` holds `info` and `allowDuplicates`.

        Raises `400 INSUFFICIENT_CONTACT_DATA`, `CANNOT_HAVE_MULTIPLE_PRIMARY_INFO`,
        `INVALID_EXTENDED_FIELD_VALUE`; `409 DUPLICATE_CONTACT_EXISTS`, `CONTACT_ID_ALREADY_EXISTS`.
        """
        info = self._checked(body["info"])
        if not (full_name(info) or items_of(info, "emails") or items_of(info, "phones")):
            text = "At least one of name, phone and email is required."
            raise application_error(400, "INSUFFICIENT_CONTACT_DATA", text)
        if not body.get("allowDuplicates"):
            self._refuse_duplicate(info, None)
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

    def update(self, contact_id: str, body: Mapping[str, Any], identity: Json) -> Json:
        """Update Contact; lists that are sent replace the old ones, what is left out stays.

        Raises `409 CONTACT_ALREADY_CHANGED` for a stale revision, and the errors of `create`.
        """
        contact = self.get(contact_id)
        _check_revision(contact, body["revision"], "CONTACT_ALREADY_CHANGED")
        changes = body.get("info", {})
        info = self._checked({**own_info(contact), **changes})
        if not body.get("allowDuplicates") and ("emails" in changes or "phones" in changes):
            self._refuse_duplicate(info, contact["id"])
        return self._updated(contact, info, identity)

    def label(self, contact_id: str, keys: list[str], identity: Json, *, add: bool) -> Json:
        """Add or remove labels; unknown keys fail with `400 LABEL_NOT_FOUND`."""
        contact = self.get(contact_id)
        self._catalog.check_labels(keys)
        before: list[str] = list(contact["info"].get("labelKeys", {}).get("items", []))
        after = list(dict.fromkeys([*before, *keys]))
        if not add:
            after = [key for key in before if key not in keys]
        if after == before:
            return contact
        info = {**own_info(contact), "labelKeys": {"items": after}}
        return self._updated(contact, tidied(info, self._options.new_id), identity)

    def delete(self, contact_id: str, identity: Json | None, cause: str | None = None) -> None:
        contact = self.get(contact_id)
        self._now_index.remove(contact["id"])
        self._search_index.record(contact["id"], None)
        self._publish(events.contact_deleted(contact["id"], identity, cause))

    def merged(self, target_id: str, body: Mapping[str, Any]) -> tuple[Json, list[str]]:
        """The contact that a merge would leave (nothing is changed), and the ids it takes in.

        The target's own data is never overwritten; lists are unioned, earlier sources win. Raises
        `409 FAILED_PRECONDITION` for a stale revision, `404` for an unknown contact, `400
        ILLEGAL_MERGE` for a member as a source.
        """
        target = self.get(target_id)
        _check_revision(target, body["targetContactRevision"], "FAILED_PRECONDITION")
        source_ids = list(dict.fromkeys(body["sourceContactIds"]))
        info = own_info(target)
        for source_id in source_ids:
            source = self.get(source_id)
            if source is target or "memberInfo" in source:
                text = "A source may be neither the target contact nor a site member."
                raise application_error(400, "ILLEGAL_MERGE", text)
            info = union(info, own_info(source))
        return document(self._next_head(target), tidied(info, self._options.new_id)), source_ids

    def merge(self, target_id: str, body: Mapping[str, Any], identity: Json | None) -> Json:
        """Merge Contacts: keep the target, delete the sources, remember where they went."""
        contact, source_ids = self.merged(target_id, body)
        self._keep(contact)
        self._publish(events.contact_merged(contact, source_ids, identity))
        self._publish(events.contact_updated(contact, identity, "merge"))
        for source_id in source_ids:
            self.delete(source_id, identity, "merge")
            self.merged_into[source_id] = contact["id"]
        return contact

    def seed(self, contact: Json) -> None:
        """Keep a whole Contact object as it is, visible to queries at once and without events."""
        info = contact["info"]
        self._catalog.adopt_labels(info.get("labelKeys", {}).get("items", []))
        self._catalog.adopt_fields(custom_fields(info))
        self._keep(contact, at_once=True)

    def become_member(self, contact_id: str, member_id: str) -> Json:
        """Turn a contact into a site member."""
        contact = self.get(contact_id)
        head = self._next_head(contact)
        head["memberInfo"] = {"memberId": member_id, "status": "APPROVED"}
        updated = self._keep(document(head, own_info(contact)))
        self._publish(events.contact_updated(updated, None))
        return updated

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
        self._catalog.check_fields(custom_fields(info))
        self._catalog.check_labels(info.get("labelKeys", {}).get("items", []))
        return tidied(info, self._options.new_id)

    def _refuse_duplicate(self, info: Json, own_id: str | None) -> None:
        emails = [item["email"] for item in items_of(info, "emails")]
        for email in emails:
            self._refuse_holder("email", email, own_id, "duplicateEmail", email)
        for phone in () if emails else items_of(info, "phones"):
            self._refuse_holder("phone", phone["phone"], own_id, "duplicatePhone", phone["phone"])
            number = phone.get("e164Phone")
            if number:
                self._refuse_holder("e164Phone", number, own_id, "duplicatePhone", phone["phone"])

    def _refuse_holder(
        self, kind: str, value: str, own_id: str | None, name: str, shown: str
    ) -> None:
        for contact in self._now_index.find(kind, [value]):
            if contact["id"] != own_id:
                raise _duplicate({"duplicateContactId": contact["id"], name: shown})

    def _updated(self, contact: Json, info: Json, identity: Json | None) -> Json:
        updated = self._keep(document(self._next_head(contact), info))
        self._publish(events.contact_updated(updated, identity))
        return updated

    def _next_head(self, contact: Json) -> Json:
        head = {key: contact[key] for key in HEAD if key in contact}
        head["revision"] = contact["revision"] + 1
        head["updatedDate"] = iso_millis(micros(self._options.now()))
        return head

    def _keep(self, contact: Json, *, at_once: bool = False) -> Json:
        self._now_index.put(contact)
        self._search_index.record(contact["id"], contact, at_once=at_once)
        return contact


def _check_revision(contact: Json, revision: int, code: str) -> None:
    if contact["revision"] != revision:
        text = "entity has already changed since the requested revision"
        raise application_error(409, code, text)


def _duplicate(data: Json) -> WixError:
    return application_error(409, "DUPLICATE_CONTACT_EXISTS", _DUPLICATE_TEXT, data)
