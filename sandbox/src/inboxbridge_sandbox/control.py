"""`/_sandbox`: what tests and demonstrations do behind Wix's back.

No fault ever hits these paths, and no credential is asked for. Refusals are `400` (or `404`) with
`{"error": text}`. A `?site=ID` narrows a call to one site; without it all sites are meant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_sandbox import control_data as data
from inboxbridge_sandbox import control_settings as settings
from inboxbridge_sandbox.auth import UnknownPermissionError
from inboxbridge_sandbox.control_request import ControlError, as_response
from inboxbridge_sandbox.errors import WixError
from inboxbridge_sandbox.faults import FaultSettingError
from inboxbridge_sandbox.rules import RuleError
from inboxbridge_sandbox.webhooks import TargetRefusedError

Handler = Callable[[Request], Awaitable[Any]]


def control_routes() -> list[Route]:
    """The routes below `/_sandbox`."""
    return [
        _route("POST", "/reset", settings.reset),
        _route("POST", "/contacts", data.seed_contacts),
        _route("GET", "/contacts", data.list_contacts),
        _route("DELETE", "/contacts/{contact_id}", data.delete_contact),
        _route("GET", "/conversations", data.list_conversations),
        _route("DELETE", "/conversations/{conversation_id}", data.delete_conversation),
        _route("POST", "/conversations/{conversation_id}/replace", data.replace_conversation),
        _route("GET", "/messages", data.list_messages),
        _route("POST", "/visitor-messages", data.visitor_message),
        _route("POST", "/merge", data.merge),
        _route("GET", "/stats", settings.stats),
        _route("GET", "/faults", settings.get_faults),
        _route("POST", "/faults", settings.set_faults),
        _route("GET", "/rules", settings.get_rules),
        _route("POST", "/rules", settings.set_rules),
        _route("POST", "/permissions", settings.set_permissions),
        _route("POST", "/tokens/expire", settings.expire_tokens),
        _route("GET", "/webhooks", settings.get_webhooks),
        _route("POST", "/webhooks", settings.add_webhook),
        _route("POST", "/webhooks/deliver", settings.deliver_webhooks),
        Route("/webhooks/public-key", settings.public_key),
    ]


_REFUSED = (FaultSettingError, RuleError, TargetRefusedError, UnknownPermissionError)


def _route(verb: str, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return as_response(200, await handler(request))
        except _REFUSED as error:
            return as_response(400, {"error": str(error)})
        except ControlError as error:
            return as_response(error.status, {"error": str(error)})
        except WixError as error:
            return as_response(error.status, {"error": error.body["message"]})

    return Route(path, endpoint, methods=[verb])
