"""Keep files in the site's Media Manager.

Source: https://dev.wix.com/docs/velo/apis/wix-media-v2/files/upload-api
"""

from __future__ import annotations

from urllib.parse import quote

from inboxbridge.wix.budget import Lane
from inboxbridge.wix.calls import Calls
from inboxbridge.wix.forms import Uploaded, UploadUrl
from inboxbridge.wix.operations import GENERATE_UPLOAD_URL, UPLOAD_FILE, UPLOAD_URL_PATH
from inboxbridge.wix.outgoing import KeptFile


async def keep_file(
    calls: Calls, content: bytes, filename: str, mime_type: str, lane: Lane
) -> KeptFile:
    """Ask for an address to upload to, then upload; see `WixClient.keep_file`."""
    asked = {"mimeType": mime_type, "fileName": filename, "sizeInBytes": str(len(content))}
    answer = await calls.post(GENERATE_UPLOAD_URL, UPLOAD_URL_PATH, asked, lane=lane)
    url = answer.read(UploadUrl).upload_url
    address = f"{url}{'&' if '?' in url else '?'}filename={quote(filename, safe='')}"
    try:
        taken = await calls.put(UPLOAD_FILE, address, content, mime_type)
    except ValueError:
        raise answer.unreadable("with an address that a file must not be sent to") from None
    file = taken.read(Uploaded).file
    return KeptFile(file.url, file.picture.width, file.picture.height)
