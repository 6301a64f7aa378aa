"""Control over how the sandbox behaves: faults, permissions, webhooks; and its counts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from inboxbridge_sandbox.auth import ANY_CREDENTIAL
from inboxbridge_sandbox.control_request import ControlError, json_body, object_body, sandbox_of
from inboxbridge_sandbox.endpoints import ENDPOINTS
from inboxbridge_sandbox.shapes import Flag, ListOf, Number, Object, Text
from inboxbridge_sandbox.webhooks import Target

Json = dict[str, Any]

_PERMISSIONS = Object({"credential": Text(), "permissions": ListOf(Text())})
_TARGET = Object(
    {
        "url": Text(),
        "appId": Text(),
        "site": Text(),
        "slugs": ListOf(Text()),
        "duplicates": Number(whole=True, most=100),
        "reorder": Flag(),
    },
    need=("url", "appId"),
)


async def reset(request: Request) -> Json:
    """Forget everything, faults, rules and webhook targets included."""
    sandbox_of(request).reset()
    return {}


async def stats(request: Request) -> Json:
    """Calls by endpoint, answers by status, unknown keys by path, warnings, faults that hit, and
    the most calls any site made within 60 s.
    """
    sandbox = sandbox_of(request)
    peaks = {site.id: site.rate.peak for site in sandbox.sites.values()}
    return {**sandbox.stats.as_json(), "faults": sandbox.dice.drawn, "peak_per_minute": peaks}


async def get_faults(request: Request) -> Json:
    return sandbox_of(request).faults.as_json()


async def set_faults(request: Request) -> Json:
    """Change some of the faults, the others stay; answers with all of them."""
    changes = await json_body(request)
    if not isinstance(changes, dict):
        raise ControlError(400, "The body must be an object of fault settings.")
    sandbox = sandbox_of(request)
    sandbox.faults.update(changes)
    if "seed" in changes:
        sandbox.dice.reseed()
    return sandbox.faults.as_json()


async def get_rules(request: Request) -> Json:
    """The rules as they were given, each with its `hits`: how many calls got it."""
    return {"rules": sandbox_of(request).rules.as_json()}


async def set_rules(request: Request) -> Json:
    """A JSON array of rules, in place of those there are; an empty one removes them. All of them
    are taken, or none. See [rules](#rules).
    """
    sandbox = sandbox_of(request)
    sandbox.rules.replace(await json_body(request), [each.name for each in ENDPOINTS])
    return {"rules": sandbox.rules.as_json()}


async def set_permissions(request: Request) -> Json:
    """`{"credential": API key or app id, "permissions": [...]}`; without a credential everyone is
    meant, without permissions all of them are granted.
    """
    body = await object_body(request, _PERMISSIONS)
    credential = body.get("credential", ANY_CREDENTIAL)
    sandbox_of(request).credentials.grant(credential, body.get("permissions"))
    return {}


async def expire_tokens(request: Request) -> Json:
    return {"expired": sandbox_of(request).credentials.expire_tokens()}


async def get_webhooks(request: Request) -> Json:
    """Targets, how many sends wait, and the last attempts."""
    webhooks = sandbox_of(request).webhooks
    targets = [{"url": each.url, "app_id": each.app_id} for each in webhooks.targets]
    return {"targets": targets, "pending": webhooks.pending, "attempts": list(webhooks.log)}


async def add_webhook(request: Request) -> Json:
    """`{"url", "app_id", "site"?, "slugs"?, "duplicates"?, "reorder"?}`; loopback only."""
    body = await object_body(request, _TARGET)
    slugs = body.get("slugs")
    target = Target(
        url=body["url"],
        app_id=body["appId"],
        site_id=body.get("site"),
        slugs=None if slugs is None else frozenset(slugs),
        duplicates=body.get("duplicates", 0),
        reorder=body.get("reorder", False),
    )
    sandbox_of(request).webhooks.add_target(target)
    return {"public_key": sandbox_of(request).webhooks.public_key}


async def deliver_webhooks(request: Request) -> Json:
    """Send at once what waits, also what is not due yet."""
    return {"attempts": await sandbox_of(request).webhooks.deliver_due(everything=True)}


async def public_key(request: Request) -> Response:
    return PlainTextResponse(sandbox_of(request).webhooks.public_key)
