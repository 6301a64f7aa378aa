"""Closed by default: passwords, sessions, tokens, and what every change must carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge import Event
from inboxbridge.journal import overview
from inboxbridge_console.access import (
    ATTEMPTS,
    ATTEMPTS_OF_ALL,
    ATTEMPTS_SECONDS,
    IDLE_SECONDS,
    MOST_SESSIONS,
    Access,
)
from starlette.routing import Route

from .conftest import BASE, PASSWORD, TOKEN, Visitor

MakeEvent = Callable[..., Event]


def addresses(app: Any, method: str) -> list[str]:
    """Every address of the console that takes a method, with something in its place holders."""
    found = []
    for route in app.routes:
        assert isinstance(route, Route)
        if method in (route.methods or ()):
            path = route.path.replace("{id}", "1").replace("{action}", "replay")
            found.append(path.replace("{name}", "shop"))
    return found


async def test_nobody_sees_a_page_without_logging_in(desk: Any) -> None:
    stranger = Visitor(desk.app)
    for path in addresses(desk.app, "GET"):
        if path in ("/login", "/healthz"):
            continue
        answer = await stranger.http.get(path, follow_redirects=False)
        assert answer.status_code in (303, 401), path
        assert answer.text == ""


async def test_no_change_is_made_without_the_sessions_own_token(
    desk: Any, dana: Visitor, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())
    paths = [path for path in addresses(desk.app, "POST") if path != "/login"]
    assert len(paths) > 8

    for path in paths:
        for form in ({}, {"csrf": "wrong"}, {"csrf": (await (await desk.visitor()).csrf())}):
            answer = await dana.http.post(path, data={"seen": "pending", **form})
            assert answer.status_code in (401, 403), path
    record = (await desk.program().get(f"/api/events/{event_id}")).json()
    assert record["state"] == "pending"


async def test_every_change_is_guarded_and_every_other_page_only_reads(desk: Any) -> None:
    for route in desk.app.routes:
        assert isinstance(route, Route)
        is_change = getattr(route.endpoint, "is_change", False)
        if route.path != "/login":
            assert is_change == ("POST" in (route.methods or ())), route.path


async def test_a_form_on_another_sites_page_is_refused(dana: Visitor) -> None:
    form = {"csrf": await dana.csrf(), "on": "1"}

    refused = await dana.http.post("/show", data=form, headers={"origin": "https://evil.example"})
    taken = await dana.http.post("/show", data=form, headers={"origin": BASE})

    assert refused.status_code == 403
    assert taken.status_code == 200


async def test_the_cookie_is_kept_from_scripts_and_forged_ones_are_nobody(desk: Any) -> None:
    stranger = Visitor(desk.app)
    answer = await stranger.http.post("/login", data={"password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie

    value = stranger.http.cookies["inboxbridge_console"]
    # Not the last letter: a few of its bits mean nothing.
    changed = f"{value[:-5]}{'a' if value[-5] != 'a' else 'b'}{value[-4:]}"
    for forged in ("", "x", changed, value.split(".")[0]):
        other = Visitor(desk.app)
        other.http.cookies.set("inboxbridge_console", forged)
        assert "Password" in (await other.get("/")).text


async def test_a_wrong_password_leads_nowhere_and_many_have_to_wait(desk: Any) -> None:
    stranger = Visitor(desk.app)
    for _ in range(ATTEMPTS):
        assert (await stranger.log_in("wrong")).status_code == 401
    waiting = await stranger.log_in(PASSWORD)
    assert waiting.status_code == 429
    assert "Try again in 5 minutes" in waiting.text
    assert (await stranger.http.get("/", follow_redirects=False)).status_code == 303


async def test_logging_in_leads_to_the_page_that_was_wanted_but_never_elsewhere(
    desk: Any,
) -> None:
    for wanted, leads_to in (
        ("/find?q=dana", "/find?q=dana"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
    ):
        stranger = Visitor(desk.app)
        answer = await stranger.http.post(
            "/login", data={"password": PASSWORD, "next": wanted}, follow_redirects=False
        )
        assert answer.headers["location"] == leads_to
    page = await Visitor(desk.app).get("/find?q=dana")
    assert 'name="next" value="/find?q=dana"' in page.text


async def test_logging_out_ends_the_session_for_good(desk: Any, dana: Visitor) -> None:
    value = dana.http.cookies["inboxbridge_console"]

    await dana.post("/logout")

    again = Visitor(desk.app)
    again.http.cookies.set("inboxbridge_console", value)
    assert "Password" in (await again.get("/")).text
    deeds = [deed.action for _, deed in await desk.journal.read(overview.deeds)]
    assert "log in" in deeds


async def test_every_answer_has_the_headers_that_browsers_heed(desk: Any, dana: Visitor) -> None:
    for path in ("/", "/nowhere", "/login", "/static/console.css", "/api/status"):
        answer = await dana.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        cached = path.startswith("/static/")
        assert (answer.headers.get("cache-control") == "no-store") is not cached


async def test_pages_have_no_script_and_no_style_of_their_own(dana: Visitor) -> None:
    for path in ("/", "/find", "/live", "/person"):
        text = (await dana.get(path)).text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<style" not in text
        assert text.count("<script") == text.count('<script src="/static/')
        assert "http://" not in text.replace("http://www.w3.org", "")


async def test_programs_come_in_by_the_token_and_else_hear_nothing(desk: Any) -> None:
    assert (await desk.program().get("/api/status")).json()["sites"][0]["name"] == "default"
    for path in ("/api/status", "/api/find", "/metrics", "/readyz"):
        for program in (desk.program("wrong"), desk.program(""), Visitor(desk.app).http):
            answer = await program.get(path, headers={"accept": "application/json"})
            assert (answer.status_code, answer.content) == (401, b"")


async def test_metrics_and_the_detail_of_readiness_are_on_this_side(desk: Any) -> None:
    program = desk.program()

    assert "inboxbridge_deliveries_total" in (await program.get("/metrics")).text
    assert (await program.get("/readyz")).json() == {
        "ready": True, "reason": None, "stopped_sites": [],
    }  # fmt: skip
    assert (await httpx.AsyncClient(
        transport=httpx.ASGITransport(desk.app), base_url=BASE
    ).get("/healthz")).text == "ok\n"  # fmt: skip


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seconds", [IDLE_SECONDS + 1, 12 * 3600 + 1])
def test_a_session_ends_when_it_is_idle_or_old(seconds: float) -> None:
    clock = Clock()
    access = Access(PASSWORD, None, session_seconds=12 * 3600, clock=clock)
    session = access.log_in(PASSWORD, "10.0.0.1")
    assert session is not None
    cookie = access.cookie_of(session)

    end = clock.now + seconds
    while seconds > 12 * 3600 and clock.now + 7200 < end:
        clock.now += 3600
        assert access.session_of(cookie) is not None
    clock.now = end

    assert access.session_of(cookie) is None


def test_waiting_ends_and_many_addresses_together_have_to_wait_too() -> None:
    clock = Clock()
    access = Access(PASSWORD, None, clock=clock)
    for number in range(ATTEMPTS_OF_ALL):
        access.log_in("wrong", f"10.0.0.{number}")

    assert access.log_in(PASSWORD, "10.9.9.9") is None
    clock.now += ATTEMPTS_SECONDS + 1
    assert access.log_in(PASSWORD, "10.9.9.9") is not None


def test_sessions_have_a_bound() -> None:
    clock = Clock()
    access = Access(PASSWORD, None, clock=clock)
    cookies = []
    for _ in range(MOST_SESSIONS + 1):
        clock.now += 1
        session = access.log_in(PASSWORD, "10.0.0.1")
        assert session is not None
        cookies.append(access.cookie_of(session))

    assert access.session_of(cookies[0]) is None
    assert access.session_of(cookies[-1]) is not None


def test_without_a_password_nobody_comes_in() -> None:
    access = Access(None, None)

    assert access.log_in("", "10.0.0.1") is None
    assert not access.is_token("")
    assert Access(PASSWORD, TOKEN).is_token(TOKEN)
