"""Decisions about many events, made in the background with progress and a stop."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

MOST_JOBS = 50


@dataclass
class Job:
    """A decision about many events.

    Attributes:
        id: Its name in addresses.
        label: What is done.
        total: How many events.
        done: How many are dealt with.
        changed: How many of them were changed.
        left: What could not be done, a line each.
        is_stopping: Whether somebody wants it to end.
        is_finished: Whether it has ended.
        problem: Why it ended before its time, where that is so.
    """

    label: str
    total: int
    id: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    done: int = 0
    changed: int = 0
    left: list[str] = field(default_factory=list)
    is_stopping: bool = False
    is_finished: bool = False
    problem: str = ""

    def progress(self, done: int) -> bool:
        """Take down how many are dealt with. Returns whether to go on."""
        self.done = done
        return not self.is_stopping


class Jobs:
    """The jobs of this process; the last of them are remembered."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, job_id: str) -> Job | None:
        """A job by its name."""
        return self._jobs.get(job_id)

    def start(self, job: Job, work: Callable[[Job], Awaitable[None]]) -> None:
        """Begin a job."""
        self._jobs[job.id] = job
        while len(self._jobs) > MOST_JOBS:
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop all jobs after what they are at."""
        for job in self._jobs.values():
            job.is_stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def _run(self, job: Job, work: Callable[[Job], Awaitable[None]]) -> None:
        try:
            await work(job)
        except Exception as error:
            job.problem = f"It ended with an error ({type(error).__name__}); see the log."
            structlog.get_logger("inboxbridge").error("console_job_failed", exc_info=error)
        finally:
            job.is_finished = True
