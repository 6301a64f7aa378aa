"""Finds, makes and follows the contacts of one site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote

from inboxbridge.phone import spellings
from inboxbridge.wix import contacts
from inboxbridge.wix.budget import Lane
from inboxbridge.wix.calls import Calls, object_with_id, unreadable
from inboxbridge.wix.contacts import ContactMatch, Json
from inboxbridge.wix.errors import ContactIncomplete, DuplicateContact, NotFound, Rejected
from inboxbridge.wix.operations import (
    CONTACTS_PATH,
    CONTACTS_QUERY_PATH,
    CREATE_CONTACT,
    GET_CONTACT,
    QUERY_CONTACTS,
)

MAX_VALUES: Final = 100

_EMAIL: Final = "info.emails.email"
_PHONE: Final = "info.phones.phone"
_E164: Final = "info.phones.e164Phone"


class Directory:
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
        found = await self._query(contacts.by_filter(condition, fields), lane)
        return [contacts.match_of(c) for c in found if contacts.is_named(c, name)]

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
        member = contact.get("memberInfo")
        member_id = member.get("memberId") if isinstance(member, dict) else None
        return member_id if isinstance(member_id, str) else None

    async def create(
        self, name: str | None, email: str | None, phone: str | None, lane: Lane
    ) -> str:
        email = email.strip().lower() if email else None
        body = contacts.new_contact(name, email, phone)
        try:
            answer = await self._calls.post(CREATE_CONTACT, CONTACTS_PATH, body, lane=lane)
        except DuplicateContact as duplicate:
            return duplicate.contact_id
        contact = object_with_id(answer, "contact")
        if contact is None:
            raise unreadable(CREATE_CONTACT, answer, "a contact")
        contact_id: str = contact["id"]
        if email and email not in contacts.emails_of(contact):
            raise ContactIncomplete(
                f"Wix created the contact {contact_id} but did not keep its email. Add it by hand "
                "in Wix, or merge the contact into the right one; then replay.",
                contact_id=contact_id,
                scope="contact",
                request_id=answer.request_id,
            )
        return contact_id

    async def _by_email(self, wanted: list[str], lane: Lane) -> dict[str, list[ContactMatch]]:
        asked = {value: value.strip().lower() for value in wanted}
        emails = list(dict.fromkeys(asked.values()))
        if len(emails) == 1:
            one = await self._query(contacts.query(_EMAIL, emails, None), lane)
            found = {emails[0]: [contacts.match_of(c) for c in one]}
        else:
            every = await self._query(contacts.query(_EMAIL, emails, "info.emails"), lane)
            found = {
                email: [contacts.match_of(c) for c in every if email in contacts.emails_of(c)]
                for email in emails
            }
        return {value: found[email] for value, email in asked.items()}

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
            typed = list(dict.fromkeys(s for value in missing for s in spellings(value)))
            every = await self._query(contacts.query(_PHONE, typed, "info.phones"), lane)
            found |= _by_number(missing, every)
        if refused:
            # The same query without the newer field went through, so it was the field.
            self._e164_refused = True
        return found

    async def _by_e164(self, wanted: list[str], lane: Lane) -> dict[str, list[ContactMatch]]:
        if len(wanted) == 1:
            one = await self._query(contacts.query(_E164, wanted, None), lane)
            return {wanted[0]: [contacts.match_of(c) for c in one]}
        return _by_number(
            wanted, await self._query(contacts.query(_E164, wanted, "info.phones"), lane)
        )

    async def _query(self, body: Json, lane: Lane) -> list[Json]:
        found: list[Json] = []
        page, seen = body, 0
        while True:
            answer = await self._calls.post(QUERY_CONTACTS, CONTACTS_QUERY_PATH, page, lane=lane)
            if not isinstance(answer.body.get("contacts"), list):
                raise unreadable(QUERY_CONTACTS, answer, "contacts")
            found += contacts.with_id(answer.body)
            seen += len(answer.body["contacts"])
            if not contacts.has_more(answer.body, seen):
                return found
            page = contacts.page_from(body, seen)

    async def _contact(self, contact_id: str, query: list[tuple[str, str]], lane: Lane) -> Json:
        path = f"{CONTACTS_PATH}/{quote(contact_id, safe='')}"
        answer = await self._calls.get(GET_CONTACT, path, query, lane=lane)
        contact = object_with_id(answer, "contact")
        if contact is None:
            raise unreadable(GET_CONTACT, answer, "a contact")
        return contact


def _by_number(wanted: list[str], every: list[Json]) -> dict[str, list[ContactMatch]]:
    return {
        value: [contacts.match_of(c) for c in every if contacts.has_phone(c, value)]
        for value in wanted
    }
