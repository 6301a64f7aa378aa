"""What idle sites cost: python tests/bench/bench_idle_sites.py [SITES] [--postgres]

One `serve` process with many sites, one connection each, and no traffic: the time until it
listens, its memory, and how much of a core it takes. Then one delivery to the last site, to see
that it wakes.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import common

SETTLE_SECONDS = 5.0
MEASURED_SECONDS = 20.0


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sites", type=int, nargs="?", default=1000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--against", metavar="COMMIT", help="measure that commit as well")
    options = parser.parse_args()
    await measure("this tree", options.sites, None, postgres=options.postgres)
    if options.against:
        with common.checked_out(options.against) as tree:
            await measure(options.against, options.sites, tree, postgres=options.postgres)


async def measure(label: str, sites: int, tree: Path | None, *, postgres: bool) -> None:
    with (
        common.beside("standin.py") as wix_url,
        common.journal_url(postgres=postgres) as journal_url,
    ):
        began = time.perf_counter()
        with common.process_beside(
            "serving.py", "serve", journal_url, wix_url, str(sites), tree=tree
        ) as server:
            started = time.perf_counter() - began
            await asyncio.sleep(SETTLE_SECONDS)
            before, began = server.processor_seconds, time.perf_counter()
            await asyncio.sleep(MEASURED_SECONDS)
            spent = server.processor_seconds - before
            share = spent / (time.perf_counter() - began)
            print(f"{label}, {sites:,} idle sites: listens after {started:.1f} s")
            print(f"{'   memory':<58}{server.resident_mib:>10.0f} MiB")
            print(f"{'   of a core':<58}{share * 100:>10.1f} %")
            woken = await common.load(server.url, 1)
            woken.print("   a first delivery")


if __name__ == "__main__":
    common.run(main)
