"""A refused delivery leaves a trace that an operator finds, and a stranger cannot fill the disk."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from inboxbridge.gateway.refusal_book import KINDS, RefusalBook
from inboxbridge.gateway.refusals import Refusals
from inboxbridge.journal import Journal, overview
from inboxbridge.journal.overview import KEEP_REFUSED, OTHER, REASONS_AN_HOUR
from inboxbridge.model import WebhookRequest


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    await opened.close()


def delivery(body: bytes = b"{}") -> WebhookRequest:
    return WebhookRequest(
        url="https://hooks.example.com/hooks/sms",
        headers={"X-Twilio-Signature": "c2VjcmV0", "User-Agent": "TwilioProxy/1.1"},
        body=body,
    )


async def test_refusals_are_counted_by_reason_and_the_last_kept_without_secrets(
    journal: Journal,
) -> None:
    book = RefusalBook(journal)
    refusals = Refusals(book=book)
    for _ in range(30):
        refusals.log("sms", 401, "the signature does not match", request=delivery(b"abc"))
    refusals.log("", 404, "there is nothing here", "/favicon.ico")
    refusals.log("", 401, lambda: "meant is perhaps sms", "/hooks/smss")
    refusals.close()
    await book.close()

    counts = await journal.read(overview.refusal_counts, time.time() - 60)
    last = await journal.read(overview.last_refused, "sms", 50)

    told = {(one.connection, one.status, one.reason): one.count for one in counts}
    assert told == {
        ("sms", 401, "the signature does not match"): 30,
        ("", 401, "no connection has this name, or it is switched off"): 1,
    }
    assert len(last) == 30
    assert last[0].size == 3
    assert dict(last[0].headers) == {
        "x-twilio-signature": "(not kept)",
        "user-agent": "TwilioProxy/1.1",
    }


async def test_what_is_kept_has_a_bound(journal: Journal) -> None:
    for _ in range(3):
        book = RefusalBook(journal)
        for number in range(KINDS + 100):
            book.add("sms", 401, f"reason {number}", delivery())
        await book.close()

    counts = await journal.read(overview.refusal_counts, time.time() - 3600)
    last = await journal.read(overview.last_refused, None, 1000)

    assert len(last) == KEEP_REFUSED
    assert len(counts) <= 2 * (REASONS_AN_HOUR + 1)
    assert sum(one.count for one in counts) == 3 * (KINDS + 100)
    assert any(one.reason == OTHER for one in counts)


async def test_old_counts_go(journal: Journal) -> None:
    now = time.time()
    for at in (now - 30 * 86400, now):
        refusal = overview.Refusal("sms", 401, "no", at)
        await journal.write(overview.record_refusals, [refusal])

    assert [one.count for one in await journal.read(overview.refusal_counts, 0.0)] == [1]
