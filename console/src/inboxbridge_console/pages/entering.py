"""Log in and out, and show or hide people's words."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from inboxbridge_console.access import ATTEMPTS_SECONDS, COOKIE, Session
from inboxbridge_console.desk import Form, back, change, desk_of, notice, read_form, who
from inboxbridge_console.rendering import render


async def ask(request: Request) -> Response:
    """The form."""
    if request.state.session is not None:
        return back(request.query_params.get("next", "/"))
    return _form(request.query_params.get("next", ""))


async def log_in(request: Request) -> Response:
    """Check the password."""
    access = desk_of(request).access
    form = await read_form(request)
    address = request.client.host if request.client else "unknown"
    wanted = form.get("next", "")
    if access.must_wait(address):
        minutes = round(ATTEMPTS_SECONDS / 60)
        return _form(wanted, f"Too many wrong passwords. Try again in {minutes} minutes.", 429)
    session = access.log_in(form.get("password", ""), address)
    if session is None:
        return _form(wanted, "This is not the password.", 401)
    await desk_of(request).set_down(session.who, "log in", "console")
    answer = back(wanted or "/")
    answer.set_cookie(
        COOKIE,
        access.cookie_of(session),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


async def log_out(request: Request, form: Form) -> Response:
    """End the session."""
    session: Session = request.state.session
    desk_of(request).access.log_out(session)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


async def show(request: Request, form: Form) -> Response:
    """Show people's words for a while, or hide them."""
    desk, session = desk_of(request), request.state.session
    on = form.get("on") == "1"
    desk.access.show(session, on=on)
    if on:
        await desk.set_down(who(request), "show words", form.get("next", "/").partition("?")[0])
        notice(request, "Names and texts are shown for 15 minutes. This was written down.")
    return back(form.get("next", "/"))


async def health(request: Request) -> Response:
    """Whether the process runs."""
    return PlainTextResponse("ok\n")


def _form(wanted: str, problem: str = "", status: int = 200) -> Response:
    return render("login.html", status=status, wanted=wanted, problem=problem)


ROUTES = [
    Route("/login", ask, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", change(log_out), methods=["POST"]),
    Route("/show", change(show), methods=["POST"]),
    Route("/healthz", health),
]
