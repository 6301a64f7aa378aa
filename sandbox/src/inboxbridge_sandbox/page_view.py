"""Turns conversations and messages into what the Inbox page shows, without any markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from inboxbridge_sandbox.clock import iso_millis, moment
from inboxbridge_sandbox.conversations import Conversation, StoredMessage
from inboxbridge_sandbox.page_parts import Icon, Part, avatar, icon_for, parts_of
from inboxbridge_sandbox.world import Site

Json = dict[str, Any]

_RUN_SECONDS = 300
_PREVIEW_CHARACTERS = 140
LISTED_CONVERSATIONS = 200
SHOWN_MESSAGES = 300


@dataclass(frozen=True, slots=True)
class When:
    """A moment for people (`shown`, `full`) and for machines (`iso`)."""

    iso: str
    shown: str
    full: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the conversation list."""

    url: str
    name: str
    avatar: Icon
    preview: str
    ours: bool
    when: When | None
    unread: int
    source: Icon | None
    source_name: str | None
    selected: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a thread. `day` opens a new day; `closes` ends a run of like messages."""

    id: str
    kind: str
    outbound: bool
    parts: list[Part]
    badge: str | None
    badge_icon: Icon | None
    team_only: bool
    when: When
    day: str | None
    opens: bool
    closes: bool
    icon: Icon | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that is open. `earlier` counts messages too old to be shown."""

    id: str
    name: str
    details: list[str]
    avatar: Icon
    entries: list[Entry]
    earlier: int
    back_url: str

    @property
    def team_only(self) -> bool:
        """Whether there is a message in it that only the team sees."""
        return any(entry.team_only for entry in self.entries)


class Viewer:
    """Looks at one site at one moment, in the time zone of this machine."""

    def __init__(self, site: Site, now_micros: int) -> None:
        self._site = site
        self.today = moment(now_micros).astimezone().date()

    def rows(self, selected: Conversation | None, words: str = "") -> tuple[list[Row], int]:
        """The newest conversations first, and how many there are in all.

        Args:
            selected: The conversation that is open.
            words: Only conversations with all of these words in a name, an address or a message.
        """
        wanted = words.casefold().split()
        everything = [each for each in newest_first(self._site) if self._has(each, wanted)]
        shown = everything[:LISTED_CONVERSATIONS]
        return [self._row(each, each is selected, words) for each in shown], len(everything)

    def _has(self, conversation: Conversation, wanted: list[str]) -> bool:
        if not wanted:
            return True
        name = self._site.conversations.participant_name(conversation)
        texts = [name, *self._details(conversation, name)]
        for stored in conversation.messages:
            texts += [part.text for part in parts_of(stored.message["content"])]
        said = "\n".join(texts).casefold()
        return all(word in said for word in wanted)

    def thread(self, conversation: Conversation) -> Thread:
        name = self._site.conversations.participant_name(conversation)
        shown = conversation.messages[-SHOWN_MESSAGES:]
        return Thread(
            conversation.id,
            name,
            self._details(conversation, name),
            avatar(name, conversation.id),
            [self._entry(shown, at) for at in range(len(shown))],
            len(conversation.messages) - len(shown),
            "/?" + urlencode({"site": self._site.id}),
        )

    def _row(self, conversation: Conversation, selected: bool, words: str) -> Row:
        name = self._site.conversations.participant_name(conversation)
        last = conversation.messages[-1] if conversation.messages else None
        badge = _badge(last) if last else {}
        found = {"q": words} if words else {}
        query = urlencode({"site": self._site.id, "conversation": conversation.id, **found})
        return Row(
            url=f"/?{query}",
            name=name,
            avatar=avatar(name, conversation.id),
            preview=_preview(last) if last else "No messages yet",
            ours=bool(last and _outbound(last) and _kind(last) != "activity"),
            when=self._list_time(last.sequence) if last else None,
            unread=conversation.unread,
            source=icon_for(badge.get("iconUrl"), badge.get("text", "?")) if badge else None,
            source_name=badge.get("text"),
            selected=selected,
        )

    def _details(self, conversation: Conversation, name: str) -> list[str]:
        contact_id = conversation.contact_id
        contact = self._site.contacts.find(contact_id) if contact_id else None
        primary = contact.get("primaryInfo", {}) if contact else {}
        known = [primary.get("email"), primary.get("phone")]
        return [detail for detail in known if detail and detail != name]

    def _entry(self, shown: list[StoredMessage], at: int) -> Entry:
        stored = shown[at]
        before = shown[at - 1] if at else None
        after = shown[at + 1] if at + 1 < len(shown) else None
        badge = _badge(stored)
        label = badge.get("text")
        new_day = before is None or _day(before) != _day(stored)
        content = stored.message["content"]
        minimal = content.get("minimal") or content.get("system") or {}
        kind = _kind(stored)
        return Entry(
            id=stored.message["id"],
            kind=kind,
            outbound=_outbound(stored),
            parts=parts_of(content),
            badge=label,
            badge_icon=icon_for(badge.get("iconUrl"), label or "?") if badge else None,
            team_only=stored.message["visibility"] == "BUSINESS",
            when=self._clock_time(stored.sequence),
            day=self._day_name(_day(stored)) if new_day else None,
            opens=new_day or before is None or not _same_run(before, stored),
            closes=after is None or not _same_run(stored, after),
            icon=icon_for(minimal.get("iconUrl"), minimal.get("text", "•"))
            if kind == "activity"
            else None,
        )

    def _clock_time(self, sequence: int) -> When:
        local = moment(sequence).astimezone()
        return When(
            iso_millis(sequence),
            f"{local:%H:%M}",
            f"{local:%A}, {local.day} {local:%B %Y, %H:%M:%S}",
        )

    def _list_time(self, sequence: int) -> When:
        local, clock = moment(sequence).astimezone(), self._clock_time(sequence)
        age = (self.today - local.date()).days
        shown = clock.shown
        if age == 1:
            shown = "Yesterday"
        elif 1 < age < 7:
            shown = f"{local:%a}"
        elif age != 0:
            this_year = local.year == self.today.year
            shown = f"{local.day} {local:%b}" + ("" if this_year else f" {local.year}")
        return When(clock.iso, shown, clock.full)

    def _day_name(self, day: datetime) -> str:
        date = day.date()
        if date == self.today:
            return "Today"
        if date == self.today - timedelta(days=1):
            return "Yesterday"
        return f"{day:%A}, {day.day} {day:%B %Y}"


def newest_first(site: Site) -> list[Conversation]:
    """Conversations by their last message; those without one by when they were made."""
    return sorted(
        site.conversations.all(),
        key=lambda each: each.messages[-1].place if each.messages else (each.created_at_micros, 0),
        reverse=True,
    )


def _outbound(stored: StoredMessage) -> bool:
    return bool(stored.message["direction"] == "BUSINESS_TO_PARTICIPANT")


def _badge(stored: StoredMessage) -> Json:
    return next(iter(stored.message["badges"]), {})


def _day(stored: StoredMessage) -> datetime:
    local = moment(stored.sequence).astimezone()
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _kind(stored: StoredMessage) -> str:
    content = stored.message["content"]
    return "activity" if "minimal" in content or "system" in content else "bubble"


def _same_run(earlier: StoredMessage, other: StoredMessage) -> bool:
    return (
        _kind(earlier) == _kind(other)
        and _outbound(earlier) == _outbound(other)
        and _badge(earlier) == _badge(other)
        and earlier.message["visibility"] == other.message["visibility"]
        and _day(earlier) == _day(other)
        and other.sequence - earlier.sequence < _RUN_SECONDS * 1_000_000
    )


def _preview(stored: StoredMessage) -> str:
    content = stored.message["content"]
    text = content.get("previewText")
    if not text:
        parts = parts_of(content)
        text = parts[0].text if parts else ""
    return " ".join(text.split())[:_PREVIEW_CHARACTERS]
