"""Find, create and follow contacts of one site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote

import structlog

from inboxbridge.model import emails, numbering
from inboxbridge.wix import contacts
from inboxbridge.wix.budget import Lane
from inboxbridge.wix.calls import Answer, Calls
from inboxbridge.wix.contacts import ContactMatch, Json
from inboxbridge.wix.errors import ContactIncomplete, DuplicateContact, NotFound, Rejected
from inboxbridge.wix.forms import Contact, CreatedContact, GotContact, QueriedContacts
from inboxbridge.wix.operations import (
    CONTACTS_PATH,
    CONTACTS_QUERY_PATH,
    CREATE_CONTACT,
    GET_CONTACT,
    QUERY_CONTACTS,
    QUERY_ONE_CONTACT,
    UPDATE_CONTACT,
    Operation,
)

MAX_VALUES: Final = 100
MAX_QUERY_PAGES: Final = 5
"""Of 50 contacts the first, of 1,000 each other: more than any email or number has."""

_PHONE: Final = "info.phones.phone"


class ContactCalls:
    """The contacts behind `WixClient`; its methods are described there."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._e164_refused = False

    async def find(
        self, by: Literal["email", "phone"], values: Sequence[str], lane: Lane
    ) -> dict[str, list[ContactMatch]]:
        wanted = list(dict.fromkeys(values))
        if len(wanted) > MAX_VALUES:
            raise ValueError(f"at most {MAX_VALUES} values can be looked up at once")
        if not wanted:
            return {}
        if by == "email":
            return await self._by_email(wanted, lane)
        return await self._by_phone(wanted, lane)

    async def find_by_name(self, name: str, since: datetime, lane: Lane) -> list[ContactMatch]:
        first, last = contacts.split_name(name)
        if not first:
            return []
        condition: Json = {"info.name.first": {"$eq": first}}
        if last:
            condition["info.name.last"] = {"$eq": last}
        created_since = since.astimezone(UTC).isoformat(timespec="milliseconds")
        condition["createdDate"] = {"$gte": created_since.replace("+00:00", "Z")}
        fields = ["id", "createdDate", "info.name", "info.emails", "info.phones"]
        found = await self._query(contacts.by_filter(condition, fields), QUERY_ONE_CONTACT, lane)
        matches = [contacts.match_of(c) for c in found.contacts if contacts.is_named(c, name)]
        oldest = datetime.fromisoformat(created_since)
        return [
            match for match in matches if match.created_at is None or match.created_at >= oldest
        ]

    async def get(self, contact_id: str, lane: Lane) -> ContactMatch | None:
        fields = ("createdDate", "info.emails", "info.phones")
        query = [("fieldsets", "BASIC"), *(("fields", field) for field in fields)]
        try:
            return contacts.match_of(await self._contact(contact_id, query, lane))
        except NotFound:
            return None

    async def member_id(self, contact_id: str, lane: Lane) -> str | None:
        """Return the id under which the contact is a site member, or None."""
        try:
            contact = await self._contact(contact_id, [("fieldsets", "FULL")], lane)
        except (Rejected, NotFound):
            return None
        return contact.member_info.member_id if contact.member_info else None

    async def create(
        self,
        name: str | None,
        email: str | None,
        phone: str | None,
        picture_url: str | None,
        lane: Lane,
    ) -> str:
        email = email.strip().lower() if email else None
        phone = numbering.current(phone) if phone else None
        body = contacts.new_contact(name, email, phone, picture_url)
        try:
            answer = await self._with_or_without_picture(
                body,
                lambda body: self._calls.post(CREATE_CONTACT, CONTACTS_PATH, body, lane=lane),
            )
        except DuplicateContact as duplicate:
            return duplicate.contact_id
        contact = answer.read(CreatedContact).contact
        held = contacts.match_of(contact)
        lost_email = email is not None and email not in held.emails
        other_number = phone and held.phones and not contacts.phones_among([phone])(contact)
        if lost_email or (email is None and other_number):
            what = "email" if lost_email else "number"
            raise ContactIncomplete(
                f"Wix created the contact {contact.id} but did not keep its {what}. Add it by hand "
                "in Wix, or merge the contact into the right one; then replay.",
                contact_id=contact.id,
                scope="contact",
                request_id=answer.request_id,
            )
        return contact.id

    async def complete(
        self,
        contact_id: str,
        name: str,
        provisional_name: str,
        picture_url: str | None,
        lane: Lane,
    ) -> bool:
        contact = await self._contact(contact_id, [("fieldsets", "FULL")], lane)
        body = contacts.completed(contact, name, provisional_name, picture_url)
        if body is None:
            return False
        path = _path_of(contact.id)
        answer = await self._with_or_without_picture(
            body, lambda body: self._calls.patch(UPDATE_CONTACT, path, body, lane=lane)
        )
        answer.read(CreatedContact)
        return True

    async def _with_or_without_picture(
        self, body: Json, call: Callable[[Json], Awaitable[Answer]]
    ) -> Answer:
        """Make a call; where Wix refuses its body, once more without the picture in it."""
        try:
            return await call(body)
        except Rejected:
            if "picture" not in body["info"]:
                raise
        info = {key: value for key, value in body["info"].items() if key != "picture"}
        return await call({**body, "info": info})

    async def _by_email(self, wanted: list[str], lane: Lane) -> dict[str, list[ContactMatch]]:
        asked = [form for value in wanted for form in emails.forms(_lower(value))]
        every = await self._asked(contacts.LOOKED_UP_BY["email"], asked, wanted, lane)
        return every.by(wanted, contacts.emails_among(wanted))

    async def _by_phone(self, wanted: list[str], lane: Lane) -> dict[str, list[ContactMatch]]:
        found: dict[str, list[ContactMatch]] = {value: [] for value in wanted}
        refused = False
        if not self._e164_refused:
            try:
                found = await self._by_e164(wanted, lane)
            except Rejected as error:
                if error.status != 400:
                    raise
                refused = True
        missing = [value for value in wanted if not found[value]]
        if missing:
            typed = [spelling for value in missing for spelling in contacts.typed(value)]
            every = await self._asked(_PHONE, typed, missing, lane)
            # A spelling may be one of another country's number: such a contact is left out.
            held = contacts.phones_among(missing)
            for contact in every.contacts:
                for value in held(contact):
                    found[value].append(contacts.match_of(contact))
        if refused:
            # The same query without the newer field went through, so it was the field.
            self._e164_refused = True
        return found

    async def _by_e164(self, wanted: list[str], lane: Lane) -> dict[str, list[ContactMatch]]:
        asked = [form for value in wanted for form in numbering.forms(value)]
        every = await self._asked(contacts.LOOKED_UP_BY["phone"], asked, wanted, lane)
        return every.by(wanted, contacts.phones_among(wanted))

    async def _asked(self, field: str, asked: list[str], values: list[str], lane: Lane) -> _Found:
        """Query for all spellings *asked* of *values*."""
        body = contacts.query(field, list(dict.fromkeys(asked)))
        operation = QUERY_ONE_CONTACT if len(values) == 1 else QUERY_CONTACTS
        return await self._query(body, operation, lane)

    async def _query(self, body: Json, operation: Operation, lane: Lane) -> _Found:
        found: dict[str, Contact] = {}
        page, seen = body, 0
        for _ in range(MAX_QUERY_PAGES):
            answer = await self._calls.post(operation, CONTACTS_QUERY_PATH, page, lane=lane)
            read = answer.read(QueriedContacts)
            found |= {contact.id: contact for contact in read.contacts if contact.id not in found}
            seen += len(read.contacts)
            if not contacts.has_more(read, seen):
                return _Found(list(found.values()), answer)
            page = contacts.page_from(body, seen)
        raise answer.unreadable(f"without an end, after {MAX_QUERY_PAGES} pages")

    async def _contact(self, contact_id: str, query: list[tuple[str, str]], lane: Lane) -> Contact:
        answer = await self._calls.get(GET_CONTACT, _path_of(contact_id), query, lane=lane)
        got = answer.read(GotContact)
        if got.contact.id != contact_id and got.response_type != "MERGED":
            raise answer.unreadable("about another contact, without saying that it was merged")
        return got.contact


def _path_of(contact_id: str) -> str:
    return f"{CONTACTS_PATH}/{quote(contact_id, safe='', errors='replace')}"


def _lower(email: str) -> str:
    return email.strip().lower()


@dataclass(frozen=True, slots=True)
class _Found:
    """Contacts, unique, and the last answer that they came in."""

    contacts: list[Contact]
    answer: Answer

    def by(
        self, values: Sequence[str], held: Callable[[Contact], set[str]]
    ) -> dict[str, list[ContactMatch]]:
        """Return the contacts that have each of *values*; *held* tells which of them one has.

        Where one has none of them and a value has no contact, that is not an answer: raises
        `Unreadable`, for nobody knows whether the value's contact is there.
        """
        found: dict[str, list[ContactMatch]] = {value: [] for value in values}
        strangers = 0
        for contact in self.contacts:
            mine = held(contact)
            strangers += not mine
            for value in mine:
                found[value].append(contacts.match_of(contact))
        if strangers and not all(found.values()):
            raise self.answer.unreadable("with a contact that does not have what was asked for")
        if strangers:
            log = structlog.get_logger("inboxbridge")
            log.warning("unasked_contacts_left_out", contacts=strangers)
        return found
