"""Circuit breaker for a site: stop sending when several threads fail alike, then probe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

from inboxbridge.courier.retry import Retry
from inboxbridge.wix import CredentialsRefused, Forbidden, Throttled, Unauthorized, WixError

THREADS_TO_SUSPECT = 3
LONGEST_REST_SECONDS = 300.0

State = Literal["running", "stopped"]
Ask = Callable[[bool], Awaitable[None]]


class Health:
    """Decides from failures whether a whole site rests, and finds out when it may go on.

    A failure that concerns one message, conversation or contact is evidence about the site only
    when different threads fail alike, one after the other, with no good answer to any call between.
    Even then, and after a failure that concerns the whole site, a cheap read of something else is
    asked first: only if that fails too, the site stops. The same question is then asked after 1, 2,
    4 … seconds, at most 5 minutes apart. Where Wix refuses the credentials, one event may go along
    with each question, since a credential that may not read may still be allowed to send.

    Args:
        ask: The cheap read; with True it reads from the Inbox, with False contacts. Raises
            `WixError` if Wix does not answer it in its own form.
        answers: How many good answers Wix has given so far.
        retry: Says how long a 429 without a time lasts.
        pause: Starts no call of the site for so many seconds.
        tell: Told of each change of state, with the reason.
        wake: Called when events may go again.
        clock: A monotonic clock, in seconds.
        site: The site's name, for the log.
    """

    def __init__(
        self,
        ask: Ask,
        answers: Callable[[], int],
        retry: Retry,
        pause: Callable[[float], None],
        tell: Callable[[State, str | None], None],
        wake: Callable[[], None],
        clock: Callable[[], float],
        *,
        site: str = "",
    ) -> None:
        self._ask = ask
        self._answers = answers
        self._retry = retry
        self._pause = pause
        self._tell = tell
        self._wake = wake
        self._clock = clock
        self._alike = ""
        self._threads: set[str] = set()
        self._answers_then = 0
        self._counted_at = float("-inf")
        self._paused_until = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._questions = 0
        self._trial = False
        self._closed = False
        self._log = structlog.get_logger("inboxbridge").bind(site=site)
        self.stopped_because: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether events may go side by side."""
        return self.stopped_because is None

    def admits(self, running: int) -> bool:
        """Whether one more event may go while *running* others are under way."""
        return self.is_running or (self._trial and running == 0)

    def close(self) -> None:
        """Ask nothing more."""
        self._closed = True
        if self._asking is not None:
            self._asking.cancel()

    async def failed(self, thread: str, error: WixError, began_at: float) -> None:
        """A call for *thread* failed; stop the site if the evidence is that wide.

        Args:
            thread: Whose event it was.
            error: How it failed.
            began_at: When that event's turn began, by the clock.
        """
        self._trial = False
        if not self.is_running or not self._suspects(thread, error, began_at):
            return
        if isinstance(error, Throttled) and self._clock() < self._paused_until:
            return
        if self._asking is None:
            self._asking = asyncio.create_task(self._examine(error))
            self._asking.add_done_callback(self._examined)
        await asyncio.wait({self._asking})

    def _suspects(self, thread: str, error: WixError, began_at: float) -> bool:
        alike, answers = _kind(error), self._answers()
        if alike != self._alike or answers != self._answers_then:
            self._threads.clear()
            self._alike, self._answers_then = alike, answers
            self._counted_at = float("-inf")
        if began_at >= self._counted_at:
            # Failures at the same time have one cause, and count once.
            self._threads.add(thread)
            self._counted_at = self._clock()
        if error.scope == "site" or isinstance(error, Throttled):
            return True
        return len(self._threads) >= THREADS_TO_SUSPECT

    async def _examine(self, error: WixError) -> None:
        refused = await self._asked(of_inbox=error.scope == "contact")
        if refused is None:
            self._threads.clear()
        elif isinstance(refused, Throttled):
            self._rest(refused)
        elif _kind(refused) == _kind(error):
            self._stop(str(error))

    def _examined(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled() and task.exception() is not None:
            self._log.error("site_examination_failed", exc_info=task.exception())
        if not self.is_running and not self._closed:
            self._asking = asyncio.create_task(self._until_well())
            self._asking.add_done_callback(self._examined)

    async def _until_well(self) -> None:
        self._questions = 0
        while True:
            wait = min(2.0**self._questions, LONGEST_REST_SECONDS)
            await asyncio.sleep(wait)
            refused = await self._asked(of_inbox=self._questions % 2 == 1)
            self._questions += 1
            if not self.is_running:
                if refused is None:
                    self.succeeded()
                elif isinstance(refused, (Unauthorized, Forbidden)):
                    self._trial = True
                    self._wake()
            if self.is_running:
                return

    async def _asked(self, *, of_inbox: bool) -> WixError | None:
        try:
            await self._ask(of_inbox)
        except WixError as error:
            return error
        return None

    def _rest(self, error: Throttled) -> None:
        rest = self._retry.after_throttling(error.retry_after_seconds)
        self._paused_until = self._clock() + rest
        self._pause(rest)
        self._log.warning("site_throttled", rest_seconds=round(rest, 1))

    def _stop(self, reason: str) -> None:
        self.stopped_because = reason
        self._threads.clear()
        self._log.error("site_stopped", reason=reason)
        self._tell("stopped", reason)

    def succeeded(self) -> None:
        """An event was delivered, or the cheap read answered: the site goes on."""
        self._threads.clear()
        if self.is_running:
            return
        self.stopped_because = None
        self._trial = False
        self._closed = False
        self._log.info("site_running_again")
        self._tell("running", None)
        self._wake()


def _kind(error: WixError) -> str:
    """What makes two failures alike: who is to blame, not the very status."""
    if isinstance(error, Throttled):
        return "throttled"
    if isinstance(error, (Unauthorized, CredentialsRefused, Forbidden)):
        return "refused"
    return "unavailable" if error.retriable else "rejected"
