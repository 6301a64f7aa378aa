"""How fast deliveries are taken in: python tests/bench/bench_gateway.py [DELIVERIES] [--postgres]

Signed deliveries (HMAC-SHA256) over 64 connections to the gateway, and to a bare ASGI endpoint on
the same server, by the same client. Beside them what the disk allows: INSERTs with a commit for
each 64.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import common

CONNECTIONS = 64
ROUNDS = 2
_TABLE = "CREATE TABLE raw (id INTEGER PRIMARY KEY, source TEXT UNIQUE, body TEXT, raw BYTEA)"


async def taken_in(kind: str, label: str, count: int, *arguments: str) -> tuple[common.Load, float]:
    """Return the better of two rounds, and processor milliseconds for each delivery."""
    with common.process_beside("serving.py", kind, *arguments) as server:
        await common.load(server.url, min(count, 2000), connections=CONNECTIONS)
        found = []
        for number in range(ROUNDS):
            before = server.processor_seconds
            start = 10_000_000 * (number + 1)
            told = await common.load(server.url, count, connections=CONNECTIONS, start=start)
            assert not told.unanswered
            found.append((told, (server.processor_seconds - before) / count * 1000))
        best = max(found, key=lambda one: one[0].rate)
        best[0].print(f"{label}, {CONNECTIONS} connections")
        if kind != "bare":
            alone = await common.load(server.url, 300, connections=1, start=1_000_000)
            alone.print(f"{label}, one connection")
        return best


def inserts(label: str, count: int, write: Callable[[list[tuple[Any, ...]]], None]) -> float:
    """Insert as much as a delivery holds, one transaction for each 64; returns rows a second."""
    body = "x" * 200
    began = time.perf_counter()
    for start in range(0, count, CONNECTIONS):
        numbers = range(start, min(start + CONNECTIONS, count))
        write([(f"shop/order-{number}", body, body.encode()) for number in numbers])
    rate = count / (time.perf_counter() - began)
    print(f"{label:<58}{rate:>10,.0f} /s")
    return rate


def raw_sqlite(url: str, count: int) -> float:
    path = url.removeprefix("sqlite:///") + ".raw"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_TABLE)

        def write(rows: list[tuple[Any, ...]]) -> None:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO raw (source, body, raw) VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")

        rate = inserts("raw SQLite INSERTs, a commit for each 64", count, write)
    os.unlink(path)
    return rate


def raw_postgres(url: str, count: int) -> float:
    import psycopg

    with psycopg.connect(url) as database, database.cursor() as cursor:
        cursor.execute(_TABLE.replace("INTEGER", "BIGSERIAL"))
        database.commit()

        def write(rows: list[tuple[Any, ...]]) -> None:
            cursor.executemany("INSERT INTO raw (source, body, raw) VALUES (%s, %s, %s)", rows)
            database.commit()

        return inserts("raw PostgreSQL INSERTs, a commit for each 64", count, write)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deliveries", type=int, nargs="?", default=20_000)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    count = chosen.deliveries
    bare, bare_cpu = await taken_in("bare", "bare endpoint", count)
    with common.journal_url(postgres=chosen.postgres) as url:
        raw = (raw_postgres if chosen.postgres else raw_sqlite)(url, count)
        where = "PostgreSQL" if chosen.postgres else "SQLite"
        ours, cpu = await taken_in(
            "gateway", f"gateway on {where}", count, url, "http://127.0.0.1:9", "1"
        )
    common.ratio("gateway against the bare endpoint", ours.rate / bare.rate)
    common.ratio("gateway against raw INSERTs", ours.rate / raw)
    common.ratio("processor time of a delivery, bare endpoint", bare_cpu, "ms")
    common.ratio("processor time of a delivery, gateway", cpu, "ms")


if __name__ == "__main__":
    common.run(main)
