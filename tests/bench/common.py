"""What the benchmarks share: processes beside them, configurations, how a ratio is printed."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@contextlib.contextmanager
def beside(script: str, *arguments: str) -> Iterator[str]:
    """Run a script of this folder in a process of its own; yields its URL."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        process = subprocess.Popen([sys.executable, str(HERE / script), str(port_file), *arguments])
        try:
            while not (port_file.exists() and port_file.read_text()):
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port_file.read_text()}"
        finally:
            process.terminate()
            process.wait()


@contextlib.asynccontextmanager
async def measured(label: str, count: int) -> AsyncIterator[dict[str, float]]:
    """Measure a block that does *count* things; prints rate and processor time for each."""
    result: dict[str, float] = {}
    wall, processor = time.perf_counter(), time.process_time()
    yield result
    result["seconds"] = time.perf_counter() - wall
    result["rate"] = count / result["seconds"]
    result["cpu_ms"] = (time.process_time() - processor) / count * 1000
    print(f"{label:<58}{result['rate']:>10,.0f} /s{result['cpu_ms']:>9.3f} ms processor each")


def ratio(label: str, value: float, what: str = "×") -> None:
    """Print one comparison."""
    print(f"{label:<58}{value:>10.2f} {what}")


def memory_mib() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tables(journal_url: str, wix_url: str, **site: Any) -> dict[str, Any]:
    """A configuration with one generic connection, no limit on calls."""
    return {
        "journal": {"url": journal_url},
        "sites": {
            "default": {
                "site_id": "5a10a000-0000-4000-8000-000000000001",
                "api_key": "bench",
                "base_url": wix_url,
                "calls_per_minute": 0,
                **site,
            }
        },
        "connectors": {"shop": {"plugin": "webhook", "signature": "none"}},
    }


def run(main: Any) -> None:
    """Run a benchmark on the loop that `inboxbridge serve` uses."""
    try:
        import uvloop

        uvloop.run(main())
    except ModuleNotFoundError:
        asyncio.run(main())
