"""Run connector hooks in a worker thread with a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from inboxbridge.errors import HookFailed, HookTimeout
from inboxbridge.plugins.loop import HookLoop

T = TypeVar("T")

LIMIT_SECONDS = 5.0
"""How long one call of a hook may take."""

MAX_HANGING = 3
"""How many calls of one connection may hang before further ones are refused at once."""

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class HookRunner:
    """Runs one connection's hooks, one at a time, outside the event loop.

    A call that takes longer than the limit fails with `HookTimeout`; its thread is left behind
    (Python cannot stop it) and the calls behind it go on in a new one.

    Args:
        name: The connection, for error texts.
        limit_seconds: How long one call may take.
        inline: Call in the event loop itself, with no limit: for simulations.

    Attributes:
        loop: Where `enrich`, the one hook that is awaited, runs.
    """

    def __init__(
        self, name: str, *, limit_seconds: float = LIMIT_SECONDS, inline: bool = False
    ) -> None:
        self.name = name
        self.limit_seconds = limit_seconds
        self.loop = HookLoop(name, inline=inline)
        self._inline = inline
        self._worker: _Worker | None = None
        self._gathered: list[_Job] = []
        self._hanging: list[_Worker] = []
        self._watch: asyncio.TimerHandle | None = None

    async def call(self, hook: Callable[[], T]) -> T:
        """Return what *hook* returns, or raise what it raises.

        Raises:
            HookTimeout: It took longer than the limit, or too many earlier calls still hang.
        """
        if self._inline:
            return hook()
        loop = asyncio.get_running_loop()
        self._hanging = [worker for worker in self._hanging if worker.thread.is_alive()]
        if len(self._hanging) >= MAX_HANGING:
            raise HookTimeout(
                f"connection {self.name!r}: {MAX_HANGING} earlier calls of its connector still "
                "hang; fix the connector and restart"
            )
        if self._worker is None:
            self._worker = _Worker(loop, f"hooks-{self.name}")
        future: asyncio.Future[T] = loop.create_future()
        if not self._gathered:
            loop.call_soon(self._hand_over)
        self._gathered.append((hook, future))
        if self._watch is None:
            self._watch = loop.call_later(self.limit_seconds / 4, self._check, loop)
        try:
            return await future
        finally:
            # An exception holds this frame, which would hold the exception: with it all that the
            # hook was given would wait for the garbage collector.
            del future

    def call_now(self, hook: Callable[[], T]) -> T:
        """Return what *hook* returns or raise what it raises, waiting in the calling thread.

        For the start, before anything else could be kept waiting.

        Raises:
            HookTimeout: It took longer than the limit.
        """
        if self._inline:
            return hook()
        outcome: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put((hook(), None))
            except BaseException as error:
                outcome.put((None, error))

        threading.Thread(target=run, name=f"making-{self.name}", daemon=True).start()
        try:
            result, error = outcome.get(timeout=self.limit_seconds)
        except queue.Empty:
            raise self._timeout() from None
        if error is not None:
            raise error
        return cast(T, result)

    def close(self) -> None:
        """Let the thread end once it is idle, and the loop's at once."""
        self.loop.close()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._worker is not None:
            self._hand_over()
            self._worker.stop()
            self._worker = None

    def _hand_over(self) -> None:
        # Together, because two threads that wake each other for every call slow each other down.
        gathered, self._gathered = self._gathered, []
        if gathered and self._worker is not None:
            self._worker.put(gathered)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        worker = self._worker
        if worker is None or not (worker.unsettled or self._gathered):
            return
        job, since = worker.current
        if job is not None and time.monotonic() - since > self.limit_seconds:
            self._worker = _Worker(loop, f"hooks-{self.name}")
            worker.abandon(self._worker)
            self._hanging.append(worker)
            if not job[1].done():
                job[1].set_exception(self._timeout())
        self._watch = loop.call_later(self.limit_seconds / 4, self._check, loop)

    def _timeout(self) -> HookTimeout:
        return HookTimeout(
            f"connection {self.name!r}: a hook of its connector took over "
            f"{self.limit_seconds:g} s and was cut off"
        )


class _Worker:
    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self._loop = loop
        self._batches: queue.SimpleQueue[deque[_Job] | None] = queue.SimpleQueue()
        self._batch: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._done: list[tuple[asyncio.Future[Any], Any, bool]] = []
        self._abandoned = False
        self.unsettled = 0
        self.current: tuple[_Job | None, float] = (None, 0.0)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def put(self, jobs: Iterable[_Job]) -> None:
        batch = deque(jobs)
        self.unsettled += len(batch)
        self._batches.put(batch)

    def stop(self) -> None:
        self._batches.put(None)

    def abandon(self, successor: _Worker) -> None:
        self._abandoned = True
        left: list[_Job] = []
        while (job := _next(self._batch)) is not None:
            left.append(job)
        with contextlib.suppress(queue.Empty):
            while (batch := self._batches.get_nowait()) is not None:
                left.extend(batch)
        successor.put(left)
        # It may have come back in this very moment and wait for more.
        self._batches.put(None)

    def _run(self) -> None:
        while not self._abandoned:
            batch = self._batches.get()
            if batch is None:
                return
            self._batch = batch
            while (job := _next(batch)) is not None:
                self.current = (job, time.monotonic())
                hook, future = job
                try:
                    result, succeeded = hook(), True
                except BaseException as error:
                    result, succeeded = error, False
                self._hand_back(future, result, succeeded)
            self.current = (None, 0.0)

    def _hand_back(self, future: asyncio.Future[Any], result: Any, succeeded: bool) -> None:
        # One wake-up of the loop takes everything that is done by then.
        with self._lock:
            wake = not self._done
            self._done.append((future, result, succeeded))
        if wake:
            with contextlib.suppress(RuntimeError):  # the loop may be closed
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        self.unsettled -= len(done)
        for future, value, succeeded in done:
            if future.done():
                continue
            if succeeded:
                future.set_result(value)
            elif isinstance(value, Exception) and not isinstance(value, StopIteration):
                future.set_exception(value)
            else:
                future.set_exception(HookFailed(f"a hook raised {type(value).__name__}"))


def _next(batch: deque[_Job]) -> _Job | None:
    """Take a job that nobody else has taken: a worker and whoever abandons it may both try."""
    try:
        return batch.popleft()
    except IndexError:
        return None
