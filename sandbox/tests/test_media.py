"""Upload a file to the Media Manager, and show it."""

from __future__ import annotations

from typing import Any

from .conftest import Wix, code

UPLOAD = "/site-media/v1/files/generate-upload-url"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


async def announced(wix: Wix, **more: Any) -> str:
    answer = await wix.post(UPLOAD, {"mimeType": "image/jpeg", "fileName": "a.jpg", **more})
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["uploadUrl"]
    return url


async def put(wix: Wix, url: str, **headers: str) -> Any:
    sent = {"content-type": "image/jpeg", **headers}
    return await wix.client.put(f"{url}?filename=a.jpg", content=JPEG, headers=sent)


async def test_an_uploaded_picture_is_shown_at_its_address(wix: Wix) -> None:
    answer = await put(wix, await announced(wix))

    file = answer.json()["file"]
    shown = await wix.client.get(file["url"])
    assert (file["displayName"], file["operationStatus"]) == ("a.jpg", "READY")
    assert (shown.content, shown.headers["content-type"]) == (JPEG, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_an_upload_url_takes_one_file_and_no_credentials(wix: Wix) -> None:
    url = await announced(wix)

    assert (await put(wix, url, authorization="IST.key")).status_code == 400
    assert (await put(wix, url)).status_code == 200
    assert (await put(wix, url)).status_code == 403
    assert (await put(wix, url.replace("upload/", "upload/0"))).status_code == 403


async def test_what_is_no_picture_is_offered_as_a_download(wix: Wix) -> None:
    url = await announced(wix)
    answer = await put(wix, url, **{"content-type": "text/html"})

    shown = await wix.client.get(answer.json()["file"]["url"])

    assert shown.headers["content-disposition"] == "attachment"


async def test_uploading_needs_its_permission(wix: Wix) -> None:
    await wix.control("/permissions", {"permissions": ["Manage Inbox Messages"]})

    answer = await wix.post(UPLOAD, {"mimeType": "image/jpeg"})

    assert (answer.status_code, code(answer)) == (403, "PERMISSION_DENIED")


async def test_a_file_that_never_came_is_not_shown(wix: Wix) -> None:
    url = await announced(wix)

    assert (await wix.client.get(url.replace("upload/", ""))).status_code == 404
