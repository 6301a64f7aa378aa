"""Whether every event of the story is in the Inbox, once and in order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from inboxbridge.model import BasicMessage, Event


@dataclass(slots=True)
class Expected:
    """What the Inbox must hold in the end: for each source thread its texts, in order.

    Attributes:
        threads: The texts of each thread.
        seen: The keys of its events.
        not_accepted: What went wrong on the way in, a sentence each.
    """

    threads: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[tuple[str, str]] = field(default_factory=set)
    not_accepted: list[str] = field(default_factory=list)

    def add(self, connection: str, event: Event, text: str) -> None:
        """Expect one event's message; a repeated event is expected once."""
        if (connection, event.id) not in self.seen:
            self.seen.add((connection, event.id))
            self.threads[f"{connection}/{event.thread_key}"].append(text)

    @property
    def count(self) -> int:
        """How many messages there must be."""
        return len(self.seen)


def text_of(message: dict[str, Any]) -> str:
    """A message's text as List Messages returns it; an attachment stands for itself."""
    content = message["content"]
    if "minimal" in content:
        return str(content["minimal"]["text"])
    return "\n".join(_item(item) for item in content["basic"]["items"])


def _item(item: dict[str, Any]) -> str:
    if "text" in item:
        return str(item["text"])
    return "[picture]" if "image" in item else "[file]"


def expected_text(content: Any) -> str:
    """The same of a message that a connector made."""
    if not isinstance(content, BasicMessage):
        return str(content.text)
    files = ["[picture]" if one.kind == "image" else "[file]" for one in content.attachments]
    return "\n".join([*([content.text] if content.text else []), *files])


def faults(expected: Expected, conversations: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with the Inbox, a sentence each; nothing if all is well."""
    texts = [[text_of(m) for m in one["raw"]] for one in conversations]
    total = sum(len(one) for one in texts)
    found = []
    if total != expected.count:
        found.append(f"{expected.count} events, but {total} messages in the Inbox")
    for thread, wanted in expected.threads.items():
        if not any(_in_order(wanted, one) for one in texts):
            source = thread.partition("/")[0]
            found.append(f"a thread of {source} is not in one conversation, complete and in order")
    return found


def _in_order(wanted: list[str], conversation: list[str]) -> bool:
    rest = iter(conversation)
    return all(text in rest for text in wanted)
