"""The Media Manager of a site, as far as files are uploaded to it and shown.

Source: https://dev.wix.com/docs/velo/apis/wix-media-v2/files/upload-api
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from inboxbridge_sandbox.shapes import Flag, ListOf, Map, Number, Object, Text

if TYPE_CHECKING:
    from inboxbridge_sandbox.world import Sandbox

Json = dict[str, Any]

UPLOAD_REQUEST: Final = Object(
    {
        "mimeType": Text(),
        "fileName": Text(),
        "sizeInBytes": Text(),
        "parentFolderId": Text(),
        "filePath": Text(),
        "private": Flag(),
        "labels": ListOf(Text()),
        "externalInfo": Map(),
        "height": Number(whole=True),
        "width": Number(whole=True),
    },
    need=("mimeType",),
)


@dataclass(slots=True)
class Upload:
    """A file that was announced, and what came of it.

    Attributes:
        name: What it is called.
        mime_type: What it was announced as.
        content: None until it has come.
    """

    name: str
    mime_type: str
    content: bytes | None = None


def announce(sandbox: Sandbox, asked: Json, base_url: str) -> Json:
    """Answer Generate File Upload Url."""
    token = secrets.token_hex(16)
    name = asked.get("fileName") or "file"
    sandbox.uploads[token] = Upload(name, asked["mimeType"])
    return {"uploadUrl": f"{base_url}/_media/upload/{token}"}


async def _upload(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    upload = sandbox.uploads.get(request.path_params["token"])
    if upload is None or upload.content is not None:
        return JSONResponse({"message": "This upload URL is not valid."}, 403)
    if "authorization" in request.headers:
        return JSONResponse({"message": "No Authorization belongs here."}, 400)
    upload.content = await request.body()
    upload.mime_type = request.headers.get("content-type", upload.mime_type)
    file_id = request.path_params["token"]
    file = {
        "id": file_id,
        "displayName": request.query_params.get("filename", upload.name),
        "url": f"{request.base_url}_media/{file_id}",
        "sizeInBytes": str(len(upload.content)),
        "private": False,
        "mediaType": upload.mime_type.partition("/")[0].upper(),
        "operationStatus": "READY",
        "state": "OK",
    }
    return JSONResponse({"file": file})


async def _show(request: Request) -> Response:
    sandbox: Sandbox = request.app.state.sandbox
    upload = sandbox.uploads.get(request.path_params["token"])
    if upload is None or upload.content is None:
        return Response("There is no such file.\n", 404, media_type="text/plain")
    is_picture = upload.mime_type in ("image/gif", "image/jpeg", "image/png", "image/webp")
    headers = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
    if not is_picture:
        headers["content-disposition"] = "attachment"
    return Response(upload.content, media_type=upload.mime_type, headers=headers)


def media_routes() -> Mount:
    """The routes below ``/_media``, which stand for Wix's upload host and its pictures."""
    return Mount(
        "/_media",
        routes=[
            Route("/upload/{token}", _upload, methods=["PUT"]),
            Route("/{token}", _show, methods=["GET"]),
        ],
    )
