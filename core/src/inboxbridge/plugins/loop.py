"""Run a connector's `enrich` in an event loop and a thread of its own, with a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import httpx

from inboxbridge.errors import ConnectorError, HookTimeout

T = TypeVar("T")

LIMIT_SECONDS = 30.0
"""How long one `enrich` may take."""

CALL_SECONDS = 10.0
"""How long one call to the network may take in it."""

GRACE_SECONDS = 1.0
"""How long one that was cut off has to end before its thread is given up."""

MAX_HANGING = 3
"""How many threads of one connection may hang before further calls are refused at once."""

Hook = Callable[[httpx.AsyncClient], Awaitable[T]]


class HookEnded(ConnectorError):
    """A hook raised what would end a task or the process. Its try has failed, no more."""


class HookLoop:
    """Runs one connection's asynchronous hook beside our own event loop, many calls at a time.

    A call that blocks keeps the other calls of its connection waiting until it is cut off; its
    thread is then left behind (Python cannot stop it) and later calls have a new one.

    Args:
        name: The connection, for error texts.
        limit_seconds: How long one call may take; None for `LIMIT_SECONDS`.
        grace_seconds: How long a call has to end once it was cut off.
        inline: Await in the calling event loop, with no limit: for simulations.
    """

    def __init__(
        self,
        name: str,
        *,
        limit_seconds: float | None = None,
        grace_seconds: float = GRACE_SECONDS,
        inline: bool = False,
    ) -> None:
        self.name = name
        self.limit_seconds = LIMIT_SECONDS if limit_seconds is None else limit_seconds
        self.grace_seconds = grace_seconds
        self._inline = inline
        self._thread: _LoopThread | None = None
        self._hanging: list[_LoopThread] = []

    async def call(self, hook: Hook[T]) -> T:
        """Return what *hook* returns, given an HTTP client of that loop, or raise what it raises.

        Raises:
            HookTimeout: It took longer than the limit, or too many earlier calls still hang.
            HookEnded: It raised something that is no `Exception`, such as `CancelledError`.
        """
        if self._inline:
            async with httpx.AsyncClient(timeout=CALL_SECONDS) as http:
                return cast(T, _result(self.name, *await _outcome(hook, http)))
        self._hanging = [one for one in self._hanging if one.is_alive()]
        if len(self._hanging) >= MAX_HANGING:
            raise HookTimeout(
                f"connection {self.name!r}: {MAX_HANGING} earlier calls of its connector's enrich "
                "still hang; correct the connector and restart"
            )
        if self._thread is None or not self._thread.is_alive():
            self._thread = _LoopThread(f"enrich-{self.name}")
        thread = self._thread
        job = _Job(thread, hook)
        answered = asyncio.wrap_future(job.answer)
        try:
            await asyncio.wait({answered}, timeout=self.limit_seconds)
            if answered.done():
                return cast(T, _result(self.name, *answered.result()))
        finally:
            if not answered.done():
                job.answer.cancel()
                loop = asyncio.get_running_loop()
                loop.call_later(self.grace_seconds, self._give_up, job)
        raise HookTimeout(
            f"connection {self.name!r}: its connector's enrich took over "
            f"{self.limit_seconds:g} s and was cut off"
        )

    def close(self) -> None:
        """Let the thread end; what is still under way in it is cut off."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _give_up(self, job: _Job) -> None:
        if job.ended.is_set():
            return
        if self._thread is job.thread:
            self._thread = None
            self._hanging.append(job.thread)
        # Should it come back, it ends.
        job.thread.stop()


class _LoopThread(threading.Thread):
    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.loop = asyncio.new_event_loop()
        self._told_to_end = asyncio.Event()
        self._http: httpx.AsyncClient | None = None
        self.start()

    @property
    def http(self) -> httpx.AsyncClient:
        """The client of this loop; a client's connections belong to one."""
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=CALL_SECONDS)
        return self._http

    def run(self) -> None:
        """Run the loop until it is told to end."""
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._until_told())

    async def _until_told(self) -> None:
        await self._told_to_end.wait()
        if self._http is not None:
            await self._http.aclose()

    def stop(self) -> None:
        """End once what is under way in the loop lets it."""
        with contextlib.suppress(RuntimeError):  # the loop may be closed
            self.loop.call_soon_threadsafe(self._told_to_end.set)


class _Job:
    def __init__(self, thread: _LoopThread, hook: Hook[Any]) -> None:
        self.thread = thread
        self.ended = threading.Event()
        self._hook = hook
        self.answer = asyncio.run_coroutine_threadsafe(self._run(), thread.loop)

    async def _run(self) -> tuple[Any, BaseException | None]:
        try:
            return await _outcome(self._hook, self.thread.http)
        finally:
            self.ended.set()


async def _outcome(hook: Hook[T], http: httpx.AsyncClient) -> tuple[T | None, BaseException | None]:
    # Here, because a loop that sees SystemExit or KeyboardInterrupt in a task ends.
    try:
        return await hook(http), None
    except BaseException as error:
        return None, error


def _result(name: str, value: T | None, error: BaseException | None) -> T | None:
    if error is None:
        return value
    if isinstance(error, Exception):
        raise error
    raise HookEnded(
        f"connection {name!r}: its connector's enrich raised {type(error).__name__}"
    ) from error
