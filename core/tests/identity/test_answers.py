"""What an answer of Wix may change of what is known of people, and what it may not."""

from __future__ import annotations

import httpx
import pytest
from inboxbridge.identity import Found
from inboxbridge.journal import reads
from inboxbridge.wix import Forbidden, NotFound, Outage, Unreadable

from .conftest import NEW, OLD, PHONE, People

EMAIL = "dana@example.com"
NOT_FOUND = httpx.Response(
    404,
    json={
        "message": "Not found.",
        "details": {"applicationError": {"code": "X", "description": "Not found.", "data": {}}},
    },
)
PAGE = httpx.Response(404, content=b"<html><body>404 Not Found</body></html>")
GET = "GET /contacts/v4/contacts/"
OPEN = "POST /inbox/v2/conversations"


async def origins(people: People, *identities: str) -> dict[str, tuple[str | None, str]]:
    links = await people.journal.read(reads.linked_contacts, "default", list(identities))
    return {identity: link[:2] for identity, link in links.items()}


async def linked_by_hand(people: People) -> str:
    """Somebody whose email a person linked to the contact with the phone."""
    await people.resolve(phone="+14155550132", id="u-77")
    await people.link(f"email:{EMAIL}", PHONE)
    await people.directory.take_up_links()
    return f"email:{EMAIL}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PAGE, Outage),
        (httpx.Response(404), Outage),
        (httpx.Response(200), Unreadable),
        (httpx.Response(200, json={"contact": {"id": OLD}}), Unreadable),
        (httpx.Response(200, json={"contact": {"id": OLD}, "responseType": "REGULAR"}), Unreadable),
        (httpx.Response(403), Forbidden),
    ],
)
async def test_only_wixs_own_word_says_that_a_contact_is_gone_or_merged(
    dana: People, answer: httpx.Response, error: type[Exception]
) -> None:
    identity = await linked_by_hand(dana)
    conversation = await dana.directory.conversation(PHONE, "live")
    before = await origins(dana, identity, "phone:+14155550132", "id:shop:u-77")
    dana.wix.answers[GET] = answer

    with pytest.raises(error):
        await dana.directory.refresh(PHONE, "live")

    assert await origins(dana, *before) == before
    for _ in range(2):
        assert await dana.directory.conversation(PHONE, "live") == conversation
        found = await dana.resolve(email=EMAIL)
        assert isinstance(found, Found)
        assert found.contact_ids == (PHONE,)
        dana.restarted()


async def test_a_link_made_by_hand_outlives_even_wixs_word_that_the_contact_is_gone(
    dana: People,
) -> None:
    identity = await linked_by_hand(dana)
    dana.wix.answers[GET] = NOT_FOUND

    assert await dana.directory.refresh(PHONE, "live") is None

    assert await origins(dana, identity, "phone:+14155550132", "id:shop:u-77") == {
        identity: (PHONE, "manual")
    }
    for _ in range(2):
        assert await dana.resolve(email=EMAIL) == Found((PHONE,), "linked by hand")
        dana.restarted()
        await dana.directory.take_up_links()


async def test_a_link_made_by_hand_moves_with_a_merge_and_stays_one(dana: People) -> None:
    identity = await linked_by_hand(dana)
    await dana.control("merge", {"targetContactId": OLD, "sourceContactIds": [PHONE]})

    assert await dana.directory.refresh(PHONE, "live") == OLD

    assert await origins(dana, identity) == {identity: (OLD, "manual")}
    assert await dana.resolve(email=EMAIL) == Found((OLD,), "linked by hand")


async def test_a_remembered_conversation_that_is_gone_is_forgotten_in_the_journal_too(
    dana: People,
) -> None:
    old = await dana.directory.conversation(NEW, "live")
    other = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"
    dana.wix.answers[OPEN] = httpx.Response(200, json={"conversation": {"id": other}})
    before = sum((await dana.calls()).values())

    assert await dana.directory.refresh(NEW, "live", gone=old) == NEW
    assert await dana.directory.conversation(NEW, "live") == other
    assert sum((await dana.calls()).values()) == before + 1  # and the one on the detour

    # Whoever finds out later asks no more.
    assert await dana.directory.refresh(NEW, "live", gone=old) == NEW
    assert await dana.directory.conversation(NEW, "live") == other
    assert sum((await dana.calls()).values()) == before + 1
    dana.restarted()
    assert await dana.directory.conversation(NEW, "live") == other


async def test_a_conversation_that_only_the_journal_remembers_is_forgotten_as_well(
    dana: People,
) -> None:
    old = await dana.directory.conversation(NEW, "live")
    dana.restarted()
    other = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"
    dana.wix.answers[OPEN] = httpx.Response(200, json={"conversation": {"id": other}})

    await dana.directory.refresh(NEW, "live", gone=old)

    assert await dana.directory.conversation(NEW, "live") == other


async def test_a_contact_made_a_moment_ago_may_not_be_known_everywhere_yet(people: People) -> None:
    found = await people.resolve(email=EMAIL, id="u-77")
    assert isinstance(found, Found)
    (contact_id,) = found.contact_ids
    people.wix.answers = {OPEN: NOT_FOUND, GET: NOT_FOUND}

    for seconds in (0, 59):
        people.clock.seconds += seconds
        assert people.directory.is_new(contact_id)
        for ask in (people.directory.conversation, people.directory.refresh):
            with pytest.raises(NotFound) as caught:
                await ask(contact_id, "live")
            assert (caught.value.retriable, caught.value.scope) == (True, "contact")
    assert await people.resolve(id="u-77") == Found((contact_id,), "remembered link")

    people.wix.answers = {}
    conversation = await people.directory.conversation(contact_id, "live")
    assert conversation


async def test_a_contact_that_is_not_new_is_gone_at_once(people: People) -> None:
    found = await people.resolve(id="u-77")
    assert isinstance(found, Found)
    (contact_id,) = found.contact_ids
    people.clock.seconds += 61
    people.wix.answers = {OPEN: NOT_FOUND, GET: NOT_FOUND}

    assert not people.directory.is_new(contact_id)
    with pytest.raises(NotFound) as caught:
        await people.directory.conversation(contact_id, "live")
    assert not caught.value.retriable
    assert await people.directory.refresh(contact_id, "live") is None


async def test_a_conversation_first_had_a_moment_ago_is_new(dana: People) -> None:
    assert not dana.directory.is_new(NEW)
    await dana.directory.conversation(NEW, "live")
    assert dana.directory.is_new(NEW)
    dana.clock.seconds += 61
    assert not dana.directory.is_new(NEW)


async def test_a_contact_that_was_not_asked_for_becomes_nobodys(people: People) -> None:
    stranger = {"id": OLD, "info": {"emails": {"items": [{"email": "else@example.com"}]}}}
    query = "POST /contacts/v4/contacts/query"
    people.wix.answers[query] = httpx.Response(200, json={"contacts": [stranger]})

    with pytest.raises(Unreadable):
        await people.resolve(email=EMAIL)

    people.wix.answers.clear()
    found = await people.resolve(email=EMAIL)
    assert isinstance(found, Found)
    assert found.why == "created"
