"""Batch look-ups: those that wait at the same time share one call to Wix."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from inboxbridge.wix import (
    ContactMatch,
    Forbidden,
    Throttled,
    Unanswered,
    Unauthorized,
    Unreachable,
    WixError,
)
from inboxbridge.wix.budget import Lane
from inboxbridge.wix.flights import cut_short

MAX_TOGETHER = 100
MAX_UNDER_WAY = 4
"""Calls of one lane at the same time, and single look-ups after a shared one failed."""

USUAL_SECONDS = 0.5
"""A call that takes longer than Wix usually does is not waited for by those who come later."""

_NOT_OF_ONE_VALUE = (Unauthorized, Throttled, Unreachable)


class Finder(Protocol):
    """What is asked of a Wix client."""

    def __call__(
        self, by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane
    ) -> Awaitable[dict[str, list[ContactMatch]]]: ...


@dataclass(slots=True, eq=False)
class _Question:
    """A value that is asked for, and where its answer goes."""

    value: str
    lane: Lane
    answer: asyncio.Future[list[ContactMatch]]


class Lookup:
    """Finds contacts by one kind of value, in as few calls as can be.

    Values asked for while a call is under way (or in the same turn of the event loop) share the
    next one, up to 100; the same value asked for twice is looked up once. A call that takes long
    holds nobody up: up to four of each lane are under way then. A live look-up does not wait for
    one of the backlog, which may stand in line for a long time.

    A shared call that fails is asked again value by value, so that only who caused it fails. Where
    the first four fail as well, the cause is not a value, and the rest is not asked.

    Args:
        find: Such as ``client.find_contacts``.
        by: The kind of value.
    """

    def __init__(self, find: Finder, by: Literal["email", "phone"]) -> None:
        self._find = find
        self._by = by
        self._waiting: dict[str, _Question] = {}
        self._under_way: dict[Lane, dict[asyncio.Task[None], float]] = {"live": {}, "backlog": {}}
        self._running: dict[Lane, asyncio.Task[None]] = {}

    async def __call__(self, value: str, lane: Lane) -> list[ContactMatch]:
        """Return the contacts with *value*, newest first. Raises `WixError`."""
        question = self._waiting.get(value)
        if question is None:
            answer = asyncio.get_running_loop().create_future()
            question = self._waiting[value] = _Question(value, lane, answer)
        elif lane == "live":
            question.lane = lane
        if lane not in self._running:
            self._running[lane] = asyncio.create_task(self._run(lane))
        return await asyncio.shield(question.answer)

    async def _run(self, lane: Lane) -> None:
        """Start calls as long as anything of *lane* waits."""
        try:
            await asyncio.sleep(0)  # let everything of this turn gather
            while any(question.lane == lane for question in self._waiting.values()):
                if self._may_start(lane):
                    self._start(lane)
                else:
                    await asyncio.wait(
                        self._under_way[lane],
                        timeout=self._patience(lane),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                await asyncio.sleep(0)
        finally:
            del self._running[lane]
            left = [question for question in self._waiting.values() if question.lane == lane]
            for question in left:
                del self._waiting[question.value]
            _fail(left, cut_short("contact"))

    def _may_start(self, lane: Lane) -> bool:
        under_way = self._under_way[lane]
        return not under_way or (len(under_way) < MAX_UNDER_WAY and self._patience(lane) == 0)

    def _patience(self, lane: Lane) -> float | None:
        """For how long the newest call may still be a usual one; None where no more can start."""
        under_way = self._under_way[lane]
        if len(under_way) >= MAX_UNDER_WAY:
            return None
        now = asyncio.get_running_loop().time()
        return max(0.0, max(under_way.values(), default=now) + USUAL_SECONDS - now)

    def _start(self, lane: Lane) -> None:
        # A live call is filled up with the backlog's, which costs nothing; never the other way.
        mine = [question for question in self._waiting.values() if question.lane == lane]
        others = [question for question in self._waiting.values() if question.lane != lane]
        questions = (mine + others if lane == "live" else mine)[:MAX_TOGETHER]
        for question in questions:
            del self._waiting[question.value]
        call = asyncio.create_task(self._ask(questions, lane))
        self._under_way[lane][call] = asyncio.get_running_loop().time()
        call.add_done_callback(lambda done: self._ended(lane, done))

    def _ended(self, lane: Lane, call: asyncio.Task[None]) -> None:
        del self._under_way[lane][call]
        if not call.cancelled():
            call.exception()  # those who asked have been told

    async def _ask(self, questions: list[_Question], lane: Lane) -> None:
        """See that each of *questions* is answered, or fails."""
        try:
            values = [question.value for question in questions]
            contacts = await self._find(self._by, values, lane=lane)
            for question in questions:
                _answer(question, contacts.get(question.value, []))
        except WixError as error:
            if len(questions) > 1 and not isinstance(error, _NOT_OF_ONE_VALUE):
                await self._one_by_one(questions, lane, error)
            else:
                _fail(questions, error)
        except Exception as error:
            _fail(questions, error)
        finally:
            _fail(questions, cut_short("contact"))  # of those that are still open: a cancellation

    async def _one_by_one(self, questions: list[_Question], lane: Lane, shared: WixError) -> None:
        left = deque(questions)
        failed: list[WixError] = []
        answered = False

        async def ask_the_next() -> None:
            nonlocal answered
            while left and (answered or len(failed) < MAX_UNDER_WAY):
                question = left.popleft()
                try:
                    contacts = await self._find(self._by, [question.value], lane=lane)
                except WixError as error:
                    failed.append(error)
                    _fail([question], error)
                else:
                    answered = True
                    _answer(question, contacts.get(question.value, []))

        async with asyncio.TaskGroup() as asking:
            for _ in range(min(MAX_UNDER_WAY, len(questions))):
                asking.create_task(ask_the_next())
        _fail(left, _unasked(shared))


def _unasked(shared: WixError) -> WixError:
    """What to tell those who were not asked one by one: never that their own value is wrong."""
    if shared.retriable or isinstance(shared, Forbidden):
        return shared
    return Unanswered(
        f"Not looked up: several failed together, and the first of them one by one. {shared}",
        effect="none",
        scope=shared.scope,
    )


def _answer(question: _Question, contacts: list[ContactMatch]) -> None:
    if not question.answer.done():
        question.answer.set_result(contacts)


def _fail(questions: Iterable[_Question], error: Exception) -> None:
    for question in questions:
        if not question.answer.done():
            question.answer.set_exception(error)
            question.answer.exception()  # those who asked may be gone; nobody need be told then
