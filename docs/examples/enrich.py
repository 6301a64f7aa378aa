import asyncio

import httpx
from inboxbridge import Connector, Event, Person, hookimpl


class Parcel(Connector):
    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        found = await http.get(f"https://api.parcel.example.com/notes/{event.data['note']}")
        found.raise_for_status()
        note = found.json()
        person = Person(email=note["email"])
        return event.model_copy(update={"person": person, "text": note["text"]})


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"email": "dana@example.com", "text": "Leave it outside"})


async def fetched() -> Event:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        return await Parcel(Parcel.Settings()).enrich(Event(id="n-1", data={"note": "1"}), http)


assert asyncio.run(fetched()).text == "Leave it outside"
