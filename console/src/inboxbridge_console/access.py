"""Who may come in: logins, sessions, and what every change must carry."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from itsdangerous import BadSignature, Signer

COOKIE = "inboxbridge_console"
SHOW_SECONDS = 15 * 60.0
"""How long people's words stay shown after somebody pressed Show."""

IDLE_SECONDS = 2 * 3600.0
"""A session that was not used for so long has ended."""

MOST_SESSIONS = 500
ATTEMPTS, ATTEMPTS_SECONDS = 5, 300.0
"""So many wrong passwords from one address within that time, then it has to wait."""

ATTEMPTS_OF_ALL = 50
"""So many from all addresses together within the same time."""


@dataclass
class Session:
    """A person who has logged in.

    Attributes:
        id: Secret; the cookie carries it, signed.
        csrf: What every form of this session must carry.
        address: Where the person came from.
        began_at: When, by the clock.
        seen_at: When the session was used last, by the clock.
        shows_until: Until when people's words are shown, by the clock.
        notices: What the next page is to say, each a kind and a text.
    """

    id: str
    csrf: str
    address: str
    began_at: float
    seen_at: float
    shows_until: float = 0.0
    notices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def who(self) -> str:
        """Who that is, for the audit."""
        return f"console ({self.address}, session {self.csrf[:6]})"


class Access:
    """Checks passwords and tokens, and keeps sessions in memory: a restart ends them all.

    Args:
        password: What people log in with; None lets nobody in.
        token: What programs send; None lets none in.
        session_seconds: How long a session lasts at most.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        password: str | None,
        token: str | None,
        *,
        session_seconds: float = 12 * 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._password = password
        self._token = token
        self._session_seconds = session_seconds
        self.clock = clock
        self._signer = Signer(secrets.token_bytes(32), salt="inboxbridge console session")
        self._sessions: dict[str, Session] = {}
        self._wrong: dict[str, deque[float]] = {}

    def is_token(self, offered: str) -> bool:
        """Whether a program's token is the right one."""
        return _same(offered, self._token)

    def must_wait(self, address: str) -> bool:
        """Whether there were too many wrong passwords of late."""
        since = self.clock() - ATTEMPTS_SECONDS
        for known in list(self._wrong):
            times = self._wrong[known]
            while times and times[0] <= since:
                times.popleft()
            if not times:
                del self._wrong[known]
        of_all = sum(len(times) for times in self._wrong.values())
        return len(self._wrong.get(address, ())) >= ATTEMPTS or of_all >= ATTEMPTS_OF_ALL

    def log_in(self, password: str, address: str) -> Session | None:
        """Begin a session, or return None where the password is wrong or it is not the time."""
        if self.must_wait(address):
            return None
        if not _same(password, self._password):
            self._wrong.setdefault(address, deque()).append(self.clock())
            return None
        self._wrong.pop(address, None)
        now = self.clock()
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), address, now, now)
        while len(self._sessions) >= MOST_SESSIONS:
            oldest = min(self._sessions.values(), key=lambda one: one.seen_at)
            del self._sessions[oldest.id]
        self._sessions[session.id] = session
        return session

    def cookie_of(self, session: Session) -> str:
        """The cookie's value for a session."""
        return self._signer.sign(session.id).decode()

    def session_of(self, cookie: str | None) -> Session | None:
        """The session that a cookie stands for, or None if there is none or it has ended."""
        if not cookie:
            return None
        try:
            session = self._sessions.get(self._signer.unsign(cookie).decode())
        except (BadSignature, UnicodeDecodeError):
            return None
        if session is None:
            return None
        now = self.clock()
        ended = now - session.began_at >= self._session_seconds
        if ended or now - session.seen_at >= IDLE_SECONDS:
            self.log_out(session)
            return None
        session.seen_at = now
        return session

    def log_out(self, session: Session) -> None:
        """End a session."""
        self._sessions.pop(session.id, None)

    def shows(self, session: Session | None) -> bool:
        """Whether people's words are shown now."""
        return session is not None and self.clock() < session.shows_until

    def show(self, session: Session, *, on: bool) -> None:
        """Show people's words for a while, or hide them."""
        session.shows_until = self.clock() + SHOW_SECONDS if on else 0.0


def is_csrf(session: Session, offered: str) -> bool:
    """Whether a form comes from a page of this session."""
    return _same(offered, session.csrf)


def _same(offered: str, expected: str | None) -> bool:
    if not expected:
        return False
    return hmac.compare_digest(offered.encode(errors="replace"), expected.encode())
