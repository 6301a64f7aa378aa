import asyncio

import httpx
from inboxbridge import Attachment, Connector, Download, hookimpl

API = "https://api.parcel.example.com"


class Parcel(Connector):
    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        bearer = {"Authorization": "Bearer the-token-of-the-settings"}
        found = await http.get(f"{API}/photos/{attachment.source}", headers=bearer)
        if found.status_code == 404:
            return None  # it has expired
        found.raise_for_status()
        return Download(url=found.json()["url"], headers=bearer)


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"url": f"{API}/files/7.jpg"})


async def asked() -> Download | None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        photo = Attachment(kind="image", source="7")
        return await Parcel(Parcel.Settings()).fetch_attachment(photo, http)


download = asyncio.run(asked())
assert download is not None
assert download.url == f"{API}/files/7.jpg"
