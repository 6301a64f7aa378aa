"""Reading control requests and answering them."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from inboxbridge_sandbox.shapes import Reading, Shape
from inboxbridge_sandbox.world import Sandbox

Json = dict[str, Any]


class ControlError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def as_response(status: int, content: Any) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


def sandbox_of(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


async def json_body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ControlError(400, "The body must be JSON.") from None


async def object_body(request: Request, shape: Shape) -> Json:
    reading = Reading()
    content = shape.read(await json_body(request), "", reading)
    reading.finish("request")
    if reading.unknown:
        raise ControlError(400, "Unknown keys: " + ", ".join(reading.unknown_keys()) + ".")
    return content  # type: ignore[no-any-return]
