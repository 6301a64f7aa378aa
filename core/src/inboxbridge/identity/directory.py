"""Resolve the persons of one site to contacts and conversations."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from inboxbridge.config.tables import Ambiguous
from inboxbridge.identity.lookup import Lookup
from inboxbridge.identity.memory import Memory
from inboxbridge.identity.plan import Plan, key_of, kind_of
from inboxbridge.journal import Journal, reads, remembering
from inboxbridge.journal.rows import Contact, ContactConversation, Conversation, Link, Merge
from inboxbridge.wix import ContactMatch, NotFound, WixClient
from inboxbridge.wix.budget import Lane
from inboxbridge.wix.flights import SingleFlight

UNNAMED = "unnamed"
"""The origin of a link to a contact that we made while its name was not known."""

CLOCK_SKEW_SECONDS = 300.0
NEW_SECONDS = 60.0
"""For so long after it was made, Wix may not know a contact or a conversation everywhere."""


@dataclass(frozen=True, slots=True)
class Found:
    """The person's contacts: one, or all of several where the policy says so."""

    contact_ids: tuple[str, ...]
    why: str
    moved_from: str | None = None
    """The contact that the source's own id of the person meant until now, or None."""


@dataclass(frozen=True, slots=True)
class Park:
    """A person must decide."""

    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The policy says not to bring this into the Inbox."""

    reason: str


Resolution = Found | Park | Drop


class _Remembered(NamedTuple):
    """The contacts of an identity, and whether that is recent enough to be trusted."""

    ids: tuple[str, ...]
    is_fresh: bool


class Directory:
    """Resolves people to contacts and conversations for one site.

    Args:
        site: The site's name.
        client: Its Wix client.
        journal: Where identities and conversations are remembered.
        remember_seconds: How long that is trusted without asking Wix again; None for as long as
            nothing says otherwise (where Wix tells us of merges and deletions).
        now: The time in seconds since the Unix epoch.
    """

    def __init__(
        self,
        site: str,
        client: WixClient,
        journal: Journal,
        *,
        remember_seconds: float | None = 3600.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.site = site
        self._client = client
        self._journal = journal
        self._ttl = remember_seconds
        self._now = now
        self._by_hand: Memory[str] = Memory(None, now)
        self._contacts: Memory[tuple[str, ...]] = Memory(remember_seconds, now)
        self._conversations: Memory[str] = Memory(remember_seconds, now)
        self._look_ups = {
            "email": Lookup(client.find_contacts, "email"),
            "phone": Lookup(client.find_contacts, "phone"),
        }
        self._new_contacts: Memory[bool] = Memory(NEW_SECONDS, now)
        self._unnamed: Memory[bool] = Memory(None, now)
        self._newly_opened: Memory[bool] = Memory(NEW_SECONDS, now)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._resolving: SingleFlight[Resolution] = SingleFlight()
        self._opening: SingleFlight[str] = SingleFlight()
        self._refreshing: SingleFlight[str | None] = SingleFlight()
        self._linked_since = 0.0

    async def resolve(self, plan: Plan, lane: Lane) -> Resolution:
        """Return the contact (or contacts) of the person that *plan* is for.

        Email first, then phone, then a remembered link; a link made by hand comes before all.

        Args:
            plan: What to ask for, and the policies.
            lane: Whose turn to call Wix it is.

        Raises:
            WixError: Wix could not be asked.
        """
        known = self._known(plan.identities)
        if known is not None:
            return known
        policies = f"{plan.unmatched} {plan.ambiguous} {plan.contradictory}"
        return await self._resolving(
            "\n".join([policies, *plan.identities]), lambda: self._in_turn(plan, lane)
        )

    async def _in_turn(self, plan: Plan, lane: Lane) -> Resolution:
        """Resolve while nobody else does who may be the same person.

        Else a text by a number and a form with that number would each make a contact.
        """
        async with contextlib.AsyncExitStack() as turns:
            for key in sorted(plan.identities):
                await turns.enter_async_context(self._turns.setdefault(key, asyncio.Lock()))
            return self._known(plan.identities) or await self._resolve(plan, lane)

    async def _resolve(self, plan: Plan, lane: Lane) -> Resolution:
        keys = plan.identities
        remembered = await self._remembered(keys)
        for key in keys:
            if linked := self._by_hand.get(key):
                return Found((linked,), "linked by hand")
        fresh = {key: ids for key, (ids, is_fresh) in remembered.items() if is_fresh}
        for kind, value in plan.look_ups:
            by = {key_of(kind, value)}
            if ids := fresh.get(key_of(kind, value)):
                return await self._taken(Found(ids, f"remembered by {kind}"), plan, remembered, by)
            matches = await self._look_ups[kind](value, lane)
            if matches:
                chosen = _chosen(matches, kind, plan.ambiguous)
                if isinstance(chosen, Park) or (plan.ambiguous == "all" and len(matches) > 1):
                    return chosen
                return await self._taken(chosen, plan, remembered, by)
        for key in keys:
            if ids := fresh.get(key):
                return await self._taken(Found(ids, "remembered link"), plan, remembered, {key})
        for contact_id in dict.fromkeys(ids[0] for ids, _ in remembered.values()):
            if current := await self._still_there(contact_id, lane):
                by = {key for key, (ids, _) in remembered.items() if ids[0] == contact_id}
                found = Found((current,), "remembered link")
                return await self._taken(found, plan, remembered, by)
        return await self._unmatched(plan, lane)

    async def _still_there(self, contact_id: str, lane: Lane) -> str | None:
        """What became of a contact that was remembered too long ago to be trusted."""
        match = await self._client.get_contact(contact_id, lane=lane)
        if match is None:
            await self.forget_contact(contact_id)
        elif match.id != contact_id:
            await self.merged(contact_id, match.id)
        return match.id if match else None

    async def _taken(
        self,
        found: Found,
        plan: Plan,
        remembered: Mapping[str, _Remembered],
        by: Collection[str],
    ) -> Resolution:
        """Remember the person's other identities, unless they are remembered as somebody else.

        Args:
            found: Whose contact it is.
            plan: The person.
            remembered: What was remembered of the person's identities.
            by: The identities that said so, whatever was remembered of them.
        """
        contact_id = found.contact_ids[0]
        others = {
            key: remembered[key].ids[0]
            for key in plan.identities
            if key in remembered and key not in by and contact_id not in remembered[key].ids
        }
        contradicting = [key for key in others if not key.startswith("id:")]
        if plan.contradictory == "park" and others:
            key, other = next(iter(others.items()))
            return Park(
                f"{found.why}: contact {contact_id}; but the {kind_of(key)} is remembered as that "
                f"of contact {other}. Merge the two in Wix, or choose one with "
                f"`inboxbridge link CONNECTION {kind_of(key)}:… CONTACT_ID`"
            )
        # A source's own id says least of all who somebody is: it follows the address or number.
        unmoved = contradicting if plan.contradictory == "keep" else []
        keys = [key for key in plan.identities if key not in unmoved]
        if len(plan.identities) == 1:
            self._remember_soon(keys[0], found.contact_ids)
        else:
            await self._remember(keys, contact_id, "lookup")
        if not others:
            return found
        contradictions = ", ".join(
            f"the {kind_of(key)} {'is' if key in unmoved else 'was'} that of contact {other}"
            for key, other in others.items()
        )
        moved = [other for key, other in others.items() if kind_of(key) == "id"]
        return replace(
            found, why=f"{found.why}; {contradictions}", moved_from=moved[0] if moved else None
        )

    def _known(self, keys: Sequence[str]) -> Found | None:
        """Who that is, if each of the identities is held in memory."""
        for key in keys:
            if linked := self._by_hand.get(key):
                return Found((linked,), "linked by hand")
        contacts = [self._contacts.get(key) for key in keys]
        if not contacts or not all(contacts):
            return None
        kind = keys[0].partition(":")[0]
        assert contacts[0] is not None
        return Found(contacts[0], "remembered link" if kind == "id" else f"remembered by {kind}")

    async def complete(self, contact_id: str, plan: Plan, lane: Lane) -> None:
        """Give a contact that we made without its name the one that is known by now.

        One that a person has named in the meantime is left as it is.

        Raises:
            WixError: Wix could not be asked, or somebody changed the contact at the same moment.
        """
        if plan.told_name is None or not self._unnamed.get(contact_id):
            return
        await self._client.complete_contact(
            contact_id,
            name=plan.told_name,
            provisional_name=plan.provisional_name,
            picture_url=plan.picture_url,
            lane=lane,
        )
        self._unnamed.drop(contact_id)
        for written in [
            self._journal.write(remembering.remember, self._link(key, contact_id, "created"))
            for key in plan.identities
            if self._contacts.get(key) == (contact_id,)
        ]:
            await written

    async def conversation(self, contact_id: str, lane: Lane) -> str:
        """Return the contact's conversation, remembered or asked for.

        Raises:
            NotFound: Wix knows no such contact; retriable where that was made a moment ago.
            WixError: Wix could not be asked.
        """
        known = self._conversations.get(contact_id)
        if known is not None:
            return known
        try:
            return await self._opening(contact_id, lambda: self._open(contact_id, lane))
        except NotFound as error:
            if self._new_contacts.get(contact_id):
                error.retriable = True
            raise

    def is_new(self, contact_id: str) -> bool:
        """Whether the contact was made, or its conversation first had, less than a minute ago.

        Wix may not know it everywhere yet: that it is not found means nothing.
        """
        return bool(self._new_contacts.get(contact_id) or self._newly_opened.get(contact_id))

    async def refresh(self, contact_id: str, lane: Lane, gone: str | None = None) -> str | None:
        """Ask Wix what became of a contact that it did not know; forget or move what was held.

        Its conversation is asked for anew afterwards.

        Args:
            contact_id: The contact.
            lane: Whose turn to call Wix it is.
            gone: The conversation that Wix did not know. Nothing is asked where another one of the
                contact is known by now.

        Returns:
            The contact's id now (another one after a merge), or None if it is gone.

        Raises:
            NotFound: Wix does not know the contact yet, which was made a moment ago; retriable.
            WixError: Wix could not be asked.
        """
        known = self._conversations.get(contact_id)
        if gone is not None and known is not None and known != gone:
            return contact_id
        return await self._refreshing(contact_id, lambda: self._refresh(contact_id, lane))

    async def _refresh(self, contact_id: str, lane: Lane) -> str | None:
        match = await self._client.get_contact(contact_id, lane=lane)
        if match is None:
            if self._new_contacts.get(contact_id):
                raise NotFound(
                    f"Wix does not know the contact {contact_id} yet, which was made a moment ago.",
                    status=404,
                    scope="contact",
                    retriable=True,
                )
            await self.forget_contact(contact_id)
            return None
        if match.id != contact_id:
            await self.merged(contact_id, match.id)
        else:
            await self._forget_conversation_of(contact_id)
        return match.id

    async def forget_contact(self, contact_id: str) -> None:
        """Wix says that the contact is gone: drop what was looked up.

        A link made by hand stays, for no answer knows better than a person.
        """
        self._contacts.drop_value((contact_id,))
        self._conversations.drop(contact_id)
        await self._journal.write(remembering.unlearn_contacts, Contact(self.site, contact_id))

    async def merged(self, old: str, new: str) -> None:
        """The contact *old* is now part of *new*; links move, also those made by hand."""
        self._by_hand.replace_value(old, new)
        self._contacts.drop_value((old,))
        self._conversations.drop(old)
        merge = Merge(self.site, old, new, self._now())
        await self._journal.write(remembering.move_contact, merge)

    async def _forget_conversation_of(self, contact_id: str) -> None:
        remembered = await self._journal.read(reads.conversation_of, self.site, contact_id)
        self._conversations.drop(contact_id)
        if remembered is not None:
            await self.forget_conversation(remembered[0])

    async def forget_conversation(self, conversation_id: str) -> None:
        """The conversation was merged into another one."""
        self._conversations.drop_value(conversation_id)
        gone = Conversation(self.site, conversation_id)
        await self._journal.write(remembering.forget_conversations, gone)

    def read_again(self) -> None:
        """The journal knows better: drop what is held in memory."""
        for memory in (self._by_hand, self._contacts, self._conversations):
            memory.clear()

    async def take_up_links(self) -> None:
        """Take up links that were made by hand, perhaps by another process."""
        for identity, contact_id, at in await self._journal.read(
            reads.manual_links, self.site, self._linked_since
        ):
            self._linked_since = max(self._linked_since, at)
            if contact_id:
                self._by_hand.put(identity, contact_id)
            else:
                self._by_hand.drop(identity)
                self._contacts.drop(identity)

    async def _remembered(self, keys: Sequence[str]) -> dict[str, _Remembered]:
        """What is remembered of identities, in memory or in the journal, however long ago."""
        remembered = {
            key: _Remembered(ids, True) for key in keys if (ids := self._contacts.get(key))
        }
        missing = [key for key in keys if key not in remembered]
        links = await self._journal.read(reads.linked_contacts, self.site, missing)
        for key, (contact_id, origin, at) in links.items():
            if contact_id is None:  # being created, or unlinked by hand
                continue
            if origin == "manual":
                self._by_hand.put(key, contact_id)
            if origin == UNNAMED:
                self._unnamed.put(contact_id, True)
            # Emails and phones can be looked up again; a source's own id has nothing but its link.
            forever = origin == "manual" or key.startswith("id:")
            is_fresh = forever or self._ttl is None or self._now() < at + self._ttl
            remembered[key] = _Remembered((contact_id,), is_fresh)
            if is_fresh:
                self._contacts.put(key, (contact_id,), since=at, forever=forever)
        return remembered

    async def _unmatched(self, plan: Plan, lane: Lane) -> Resolution:
        known_by = " and ".join(key.partition(":")[0] for key in plan.identities)
        if plan.unmatched == "drop":
            return Drop(f'no contact has this {known_by}, and unmatched = "drop"')
        if plan.unmatched == "park":
            return Park(
                f"no contact has this {known_by}; link one with "
                "`inboxbridge link CONNECTION IDENTITY CONTACT_ID`"
            )
        contact_id = await self._create(plan, lane)
        return Found((contact_id,), "created")

    async def _create(self, plan: Plan, lane: Lane) -> str:
        keys, name = plan.identities, plan.name
        if plan.has_only_an_id and name:
            # Wix refuses a second contact with one's email or phone, but nothing protects a mere
            # name: set down that we are about to create, and look for it after a crash.
            started = await self._creation_started(keys[0])
            if started is not None:
                since = datetime.fromtimestamp(started - CLOCK_SKEW_SECONDS, UTC)
                matches = await self._client.find_contacts_by_name(name, since, lane=lane)
                if matches:
                    await self._remember(keys, matches[0].id, "created")
                    return matches[0].id
        contact_id = await self._client.create_contact(
            name=name, picture_url=plan.picture_url, lane=lane, **dict(plan.look_ups)
        )
        self._new_contacts.put(contact_id, True)
        if plan.told_name is None:
            self._unnamed.put(contact_id, True)
        await self._remember(keys, contact_id, "created")
        return contact_id

    async def _creation_started(self, key: str) -> float | None:
        links = await self._journal.read(reads.linked_contacts, self.site, [key])
        if key in links and links[key][1] == "creating":
            return links[key][2]
        await self._journal.write(remembering.remember, self._link(key, None, "creating"))
        return None

    async def _open(self, contact_id: str, lane: Lane) -> str:
        row = await self._journal.read(reads.conversation_of, self.site, contact_id)
        if row is not None:
            conversation_id, at = row
            if self._ttl is None or self._now() < at + self._ttl:
                self._conversations.put(contact_id, conversation_id, since=at)
                return conversation_id
        conversation_id = await self._client.conversation_for(contact_id, lane=lane)
        self._conversations.put(contact_id, conversation_id)
        self._newly_opened.put(contact_id, True)
        await self._journal.write(
            remembering.remember_conversations,
            ContactConversation(self.site, contact_id, conversation_id, self._now()),
        )
        return conversation_id

    def _link(self, key: str, contact_id: str | None, origin: str) -> Link:
        if contact_id is not None and self._unnamed.get(contact_id):
            origin = UNNAMED
        return Link(self.site, key, contact_id, origin, self._now())

    def _remember_soon(self, key: str, ids: tuple[str, ...]) -> None:
        """Remember at once in memory, in the journal with the next transaction.

        Of somebody with one identity, who is looked up again where that comes to nothing.
        """
        if self._contacts.get(key) != ids:
            self._contacts.put(key, ids, forever=key.startswith("id:"))
            link = self._link(key, ids[0], "lookup")
            self._journal.write(remembering.remember, link).add_done_callback(_heard)

    async def _remember(self, keys: Sequence[str], contact_id: str, origin: str) -> None:
        new = [key for key in keys if self._contacts.get(key) != (contact_id,)]
        for key in new:
            self._contacts.put(key, (contact_id,), forever=key.startswith("id:"))
        links = [self._link(key, contact_id, origin) for key in new]
        for written in [self._journal.write(remembering.remember, link) for link in links]:
            await written


def _chosen(matches: list[ContactMatch], kind: str, policy: Ambiguous) -> Found | Park:
    ids = tuple(match.id for match in matches)
    if len(ids) == 1:
        return Found(ids, f"found by {kind}")
    if policy == "park":
        return Park(
            f"{len(ids)} contacts have this {kind}; choose one with "
            f"`inboxbridge link CONNECTION {kind}:… CONTACT_ID`: {', '.join(ids)}"
        )
    chosen = {"newest": ids[:1], "oldest": ids[-1:], "all": ids}[policy]
    return Found(chosen, f"{policy} of {len(ids)} contacts with this {kind}")


def _heard(written: Any) -> None:
    """A link that could not be written is looked up again later: no harm done."""
    if not written.cancelled():
        written.exception()
