"""What the pages work with: the configuration, the journal, and who asks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import parse_qsl

import anyio.to_thread
from inboxbridge.config import Config
from inboxbridge.journal import Journal, overview
from inboxbridge.journal.overview import Deed
from inboxbridge.journal.reader import JournalReader
from inboxbridge.operate.contacts import Open, open_client
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inboxbridge_console.access import Access, Session, is_csrf
from inboxbridge_console.rendering import render

P = ParamSpec("P")
T = TypeVar("T")

READERS = 3
"""So many queries run side by side, beside those of the gateway and the courier."""

LARGEST_FORM = 64 * 1024
LOST_FORM = (
    "This form does not belong to your session, perhaps because you logged in again since. "
    "Go back, load the page anew and repeat it."
)


class Desk:
    """The one object that all pages share.

    Args:
        config: The configuration.
        journal: The open journal.
        access: Who may come in.
        open_client: Makes a client for a site, for candidates among Wix's contacts.
        now: Unix seconds.
    """

    def __init__(
        self,
        config: Config,
        journal: Journal,
        access: Access,
        *,
        open_client: Open = open_client,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.journal = journal
        self.access = access
        self.open_client = open_client
        self.now = now
        self.reader = JournalReader(journal.engine)
        self._limiter = anyio.CapacityLimiter(READERS)

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one read of the journal in a thread. Raises `JournalUnavailable`."""
        return await self.work(partial(self.reader, query, *args, **kwargs))

    async def work(self, function: Callable[[], T]) -> T:
        """Run a function that reads the journal in a thread."""
        return await anyio.to_thread.run_sync(function, limiter=self._limiter)

    async def set_down(
        self, who: str, action: str, subject: str, detail: str | None = None
    ) -> None:
        """Write into the audit who did what."""
        deed = Deed(self.now(), who, action, subject, detail)
        await self.journal.write(overview.record_deeds, deed)

    def shows(self, request: Request) -> bool:
        """Whether people's words are shown to whoever asks."""
        return self.access.shows(request.state.session)


def desk_of(request: Request) -> Desk:
    """The desk of the application that a request came to."""
    desk: Desk = request.app.state.desk
    return desk


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page, with what stands on all of them."""
    session: Session | None = request.state.session
    notices = []
    if session is not None:
        notices, session.notices = session.notices, []
    return render(
        template,
        status=status,
        path=request.url.path,
        here=_here(request),
        session=session,
        shows=desk_of(request).shows(request),
        notices=notices,
        **values,
    )


def notice(request: Request, text: str, kind: str = "done") -> None:
    """Have the next page say something."""
    session: Session | None = request.state.session
    if session is not None:
        session.notices.append((kind, text))


Form = Mapping[str, str]
Change = Callable[[Request, Form], Awaitable[Response]]


def change(handler: Change) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a change: it is made only for a form of this session."""

    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        session: Session | None = request.state.session
        if session is None or not is_csrf(session, form.get("csrf", "")):
            raise HTTPException(403, LOST_FORM)
        return await handler(request, form)

    endpoint.is_change = True  # type: ignore[attr-defined]
    return endpoint


class Values(dict[str, str]):
    """A form's fields; of one that was sent several times the last, and all in `all`."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for key, value in self.pairs if key == name]


async def read_form(request: Request) -> Values:
    """Return the fields of a form. Raises `HTTPException` for one that is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413, "The form is too large.")
    text = body.decode("utf-8", errors="replace")
    return Values(parse_qsl(text, keep_blank_values=True, max_num_fields=500))


def who(request: Request) -> str:
    """Who asks, for the audit."""
    session: Session | None = request.state.session
    if session is not None:
        return session.who
    return f"program ({request.client.host if request.client else 'unknown'})"


def back(where: str, fallback: str = "/") -> RedirectResponse:
    """Go to a page of ours; what is none leads to *fallback*."""
    is_ours = where.startswith("/") and not where.startswith(("//", "/\\"))
    is_plain = all(one.isprintable() for one in where) and "\\" not in where
    return RedirectResponse(where if is_ours and is_plain else fallback, 303)


def _here(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"
