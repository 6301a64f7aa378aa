"""What a courier says of a site, and what an event that waits is said to wait for."""

from __future__ import annotations

from pathlib import Path

from inboxbridge import Event, Person
from inboxbridge.courier.signs import Signs
from inboxbridge.journal import Accepted, Journal, reads, writes
from inboxbridge.journal.rows import SiteNames
from inboxbridge.operate.waiting import sites_now, waiting_for
from inboxbridge.wix import Budget

NOW = 1_790_000_000.0


async def test_an_event_waits_for_the_limit_until_a_slot_comes_free(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    await journal.write(writes.register_sites, SiteNames(("default",), NOW))
    event = Event(id="1", person=Person(id="u"), text="Hi")
    await journal.accept(Accepted("default", "shop", None, NOW, (event,)))
    budget = Budget(2, clock=lambda: 0.0)
    budget.remember([10.0, 30.0])

    Signs("default", journal, budget, lambda: NOW).give()
    await journal.check_writable()

    site = (await journal.read(sites_now))["default"]
    records = await journal.read(reads.list_events)
    why = await journal.read(waiting_for, records, now=NOW)
    later = await journal.read(waiting_for, records, now=NOW + 31)
    gone = await journal.read(waiting_for, records, now=NOW + 61)
    await journal.close()
    assert (site.calls, site.busy_until, site.seen_at) == (2, NOW + 30, NOW)
    assert why[1] == "Wix's limit of calls for site default, until 14:13:50 UTC"
    assert later[1] == "its turn"
    assert gone[1] is not None
    assert gone[1].startswith("a courier: none has worked on site default since 14:13:20 UTC")


async def test_the_same_is_not_said_again_at_once(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    await journal.write(writes.register_sites, SiteNames(("default",), NOW))
    moments = [NOW, NOW + 2, NOW + 4, NOW + 25]
    coming = iter(moments)
    signs = Signs("default", journal, Budget(2, clock=lambda: 0.0), lambda: next(coming))

    seen = []
    for _ in moments:
        signs.give()
        await journal.check_writable()
        seen.append((await journal.read(sites_now))["default"].seen_at)

    await journal.close()
    assert seen == [NOW, NOW, NOW, NOW + 25]
