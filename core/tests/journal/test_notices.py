"""Notices to other processes: whole, and none longer than PostgreSQL takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import postgres_server
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge.courier.listen import Listener
from inboxbridge.journal import Journal
from inboxbridge.journal.notices import MAX_PAYLOAD_BYTES, Notices, payloads

names = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


@given(notices=st.sets(names, max_size=60))
def test_every_notice_is_in_a_payload_and_no_payload_is_too_long(notices: set[str]) -> None:
    packed = payloads(sorted(notices))

    assert [line for payload in packed for line in payload.split("\n")] == sorted(notices)
    assert all(len(payload.encode()) <= MAX_PAYLOAD_BYTES for payload in packed)


def test_what_was_taken_is_told_once() -> None:
    notices = Notices()
    notices.add({"b", "a"})
    notices.add({"a"})

    assert (notices.take(), notices.take()) == (["a\nb"], [])


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_server.server() as server, postgres_server.database(server) as made:
        yield made


@pytest.mark.slow
async def test_a_thousand_sites_are_told_to_another_process(url: str) -> None:
    sites = {f"a-site-with-a-name-of-some-length-{number:04}" for number in range(1000)}
    heard: set[str] = set()
    everything = asyncio.Event()

    def hear(names: set[str]) -> None:
        heard.update(names)
        if sites <= heard:
            everything.set()

    journal, other = Journal(url), Journal(url)
    listener = Listener(other, hear, lambda _: None)
    listener.start()
    try:
        async with asyncio.timeout(20):
            while not everything.is_set():  # until it listens, nobody hears
                journal.announce(sites)
                await asyncio.sleep(0.2)
    finally:
        await listener.close()
        await journal.close()
        await other.close()

    assert heard == sites
