"""The Inbox page: what it shows, what it never runs, and how it looks to a browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from inboxbridge_sandbox import create_app
from inboxbridge_sandbox.page_parts import safe_link, safe_picture

from .conftest import APP, CONTACT, OTHER_CONTACT, SITE, Wix, contact, message

SCRIPT = "<script>document.title = 'taken over'</script>"
ICON = "data:image/svg+xml;base64,PHN2Zy8+"


class Elements(HTMLParser):
    """All elements with their attributes, and the text with its enclosing class names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    def classes(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.found if name in (attrs.get("class") or "").split()]

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.found if tag == name]


async def look(wix: Wix, **params: str) -> Elements:
    answer = await wix.client.get("/", params=params)
    assert answer.status_code == 200
    return Elements(answer.text)


@pytest.fixture
async def conversation(wix: Wix) -> str:
    await wix.seed_dana()
    return await wix.conversation()


async def test_an_empty_inbox_says_so(wix: Wix) -> None:
    page = await look(wix)

    assert "No conversations yet." in page.texts
    assert "http://sandbox" in page.texts


async def test_bubbles_stand_on_the_side_of_their_direction(wix: Wix, conversation: str) -> None:
    await wix.send(conversation, "From Dana")
    await wix.send(conversation, "From us", direction="BUSINESS_TO_PARTICIPANT")

    page = await look(wix)

    assert len(page.classes("inbound")) == len(page.classes("outbound")) == 1
    assert {"From Dana", "From us"} <= set(page.texts)
    assert {"main", "nav", "aside", "header"} <= {tag for tag, _ in page.found}


async def test_each_item_is_a_bubble_of_its_own(wix: Wix, conversation: str) -> None:
    items = [
        {"text": "Look"},
        {"image": {"url": ICON, "filename": "room.jpg"}},
        {"file": {"url": "https://x/invoice.pdf", "filename": "invoice.pdf"}},
        {"file": {"url": "https://x/v.mp3", "mimeType": "audio/mpeg"}},
        {"file": {"url": "https://x/a%20b.ogg"}},
    ]
    await wix.send(conversation, content={"basic": {"items": items}})

    page = await look(wix)

    assert len(page.classes("bubble")) == 5
    assert [each["alt"] for each in page.tags("img") if each["src"] == ICON] == ["room.jpg"]
    assert [each["href"] for each in page.classes("file")] == ["https://x/invoice.pdf"]
    assert [each["src"] for each in page.tags("audio")] == [
        "https://x/v.mp3",
        "https://x/a%20b.ogg",
    ]


async def test_a_badge_shows_its_icon_and_text(wix: Wix, conversation: str) -> None:
    await wix.send(conversation, badges=[{"text": "Facebook", "iconUrl": ICON}])

    page = await look(wix)

    assert page.texts.count("Facebook") == 1
    assert "F" in page.texts
    assert ICON in [each["src"] for each in page.tags("img")]


async def test_an_activity_is_a_line_in_between_with_its_link(wix: Wix, conversation: str) -> None:
    minimal = {"text": "Booked Spa", "iconUrl": ICON, "url": "https://bookings.example.net/1"}
    await wix.send(conversation, content={"minimal": minimal})

    page = await look(wix)

    assert len(page.classes("activity")) == 1
    assert page.classes("bubble") == []
    assert "https://bookings.example.net/1" in [each.get("href") for each in page.tags("a")]


async def test_forms_and_templates_are_cards(wix: Wix, conversation: str) -> None:
    form = {"title": "Phone call", "fields": [{"name": "Duration", "value": "0:42"}]}
    button = {"label": "Open", "launchUrl": "https://example.com/x"}
    bad = {"label": "Bad", "launchUrl": "javascript:alert(1)"}
    template = {"title": "Rate us", "textLines": ["How was it?"], "buttons": [button, bad]}
    await wix.send(conversation, content={"form": form})
    await wix.send(conversation, content={"template": template})

    page = await look(wix)

    assert len(page.classes("card")) == 2
    assert {"Phone call", "Duration", "0:42", "Rate us", "How was it?", "Open"} <= set(page.texts)
    assert "https://example.com/x" in [each.get("href") for each in page.tags("a")]


async def test_what_only_the_team_sees_is_marked(wix: Wix, conversation: str) -> None:
    await wix.send(conversation, visibility="BUSINESS")
    assert "Only your team sees this" in (await look(wix)).texts


async def test_what_both_see_is_not_marked(wix: Wix, conversation: str) -> None:
    await wix.send(conversation, visibility="BUSINESS_AND_PARTICIPANT")
    assert "Only your team sees this" not in (await look(wix)).texts


async def test_days_are_separated(wix: Wix, conversation: str) -> None:
    for _ in range(3):
        await wix.send(conversation)
        wix.clock.pass_(86_400)
    wix.clock.pass_(-86_400)

    texts = (await look(wix)).texts

    assert [each for each in texts if each in ("Today", "Yesterday")][-2:] == ["Yesterday", "Today"]
    assert any("2026" in each for each in texts)


async def test_every_time_is_readable_by_machines(wix: Wix, conversation: str) -> None:
    kept = await wix.send(conversation)

    times = {each["datetime"] for each in (await look(wix)).tags("time")}

    assert times == {kept["createdDate"]}


async def test_the_newest_conversation_is_first_and_open(wix: Wix, conversation: str) -> None:
    await wix.seed(contact(OTHER_CONTACT, "Noa", "Levin"))
    await wix.send(await wix.conversation(OTHER_CONTACT), "Older")
    wix.clock.pass_(1)
    await wix.send(conversation, "Newer")

    page = await look(wix)

    names = [each for each in page.texts if each in ("Dana Reyes", "Noa Levin")]
    assert names == ["Dana Reyes", "Noa Levin", "Dana Reyes"]
    [current] = [each for each in page.tags("a") if each.get("aria-current")]
    assert conversation in (current["href"] or "")


async def test_a_conversation_is_opened_by_its_id(wix: Wix, conversation: str) -> None:
    await wix.seed(contact(OTHER_CONTACT, "Noa", "Levin"))
    other = await wix.conversation(OTHER_CONTACT)
    await wix.send(other, "Hello from Noa")
    wix.clock.pass_(1)
    await wix.send(conversation, "Hello from Dana")

    page = await look(wix, conversation=other)

    [thread] = [attrs for _, attrs in page.found if attrs.get("id") == "thread"]
    assert thread["data-conversation"] == other
    assert page.tags("body")[0]["class"] == "reading"


async def test_opening_a_conversation_reads_it(wix: Wix, conversation: str) -> None:
    await wix.send(conversation)
    await wix.send(conversation)

    before = await look(wix)
    opened = await look(wix, conversation=conversation)
    after = await look(wix)

    assert [each["aria-label"] for each in before.classes("count")] == ["2 unread"]
    assert opened.classes("count") == after.classes("count") == []


async def test_a_page_that_refreshes_out_of_sight_reads_nothing(
    wix: Wix, conversation: str
) -> None:
    await wix.send(conversation)
    path = f"/?conversation={conversation}"

    hidden = await wix.client.get(path, headers={"x-inbox-looking-at": ""})
    seen = await wix.client.get(path, headers={"x-inbox-looking-at": conversation})

    assert len(Elements(hidden.text).classes("count")) == 1
    assert Elements(seen.text).classes("count") == []


async def test_a_page_that_has_not_changed_is_304(wix: Wix, conversation: str) -> None:
    await wix.send(conversation)
    first = await wix.client.get("/")
    same = await wix.client.get("/", headers={"if-none-match": first.headers["etag"]})
    await wix.send(conversation)
    changed = await wix.client.get("/", headers={"if-none-match": first.headers["etag"]})

    assert (same.status_code, same.text) == (304, "")
    assert changed.status_code == 200


async def test_several_sites_can_be_chosen_from(wix: Wix, conversation: str) -> None:
    await wix.send(conversation, "On the first")
    wix.headers["wix-site-id"] = "second"
    await wix.send(await wix.conversation(), "On the second")

    newest = await look(wix)
    first = await look(wix, site=SITE)
    unknown = await look(wix, site="third", conversation=APP)

    assert [each["value"] for each in newest.tags("option")] == [SITE, "second"]
    assert "On the second" in newest.texts
    assert "On the first" in first.texts
    assert "On the second" in unknown.texts


async def test_one_site_needs_no_choice(wix: Wix, conversation: str) -> None:
    assert (await look(wix)).tags("select") == []


async def test_long_lists_and_threads_are_cut(
    wix: Wix, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inboxbridge_sandbox.page_view.SHOWN_MESSAGES", 3)
    monkeypatch.setattr("inboxbridge_sandbox.page_view.LISTED_CONVERSATIONS", 1)
    await wix.seed(contact(OTHER_CONTACT))
    await wix.conversation(OTHER_CONTACT)
    for _ in range(5):
        await wix.send(conversation)

    page = await look(wix)

    assert len(page.classes("bubble")) == 3
    assert "2 earlier messages are not shown" in page.texts
    assert "and 1 older conversations" in page.texts


HOSTILE: list[dict[str, Any]] = [
    {"content": {"basic": {"items": [{"text": SCRIPT}]}}},
    {"content": {"previewText": SCRIPT, "minimal": {"text": SCRIPT, "url": "javascript:alert(1)"}}},
    {"content": {"minimal": {"text": "x", "iconUrl": '"><script>alert(1)</script>'}}},
    {"badges": [{"text": "<b>x</b>", "iconUrl": "javascript:alert(1)"}]},
    {"content": {"basic": {"items": [{"image": {"url": "javascript:alert(1)"}}]}}},
    {"content": {"basic": {"items": [{"image": {"url": "data:text/html,<script>x</script>"}}]}}},
    {"content": {"basic": {"items": [{"file": {"url": "data:text/html,x", "filename": SCRIPT}}]}}},
    {"content": {"form": {"title": SCRIPT, "fields": [{"name": SCRIPT, "value": SCRIPT}]}}},
    {"content": {"basic": {"items": [{"file": {"url": "http://[broken"}}]}}},
]


@pytest.mark.parametrize("more", HOSTILE, ids=lambda value: ascii(value)[:60])
async def test_nothing_a_message_says_becomes_markup(
    wix: Wix, conversation: str, more: dict[str, Any]
) -> None:
    await wix.send(conversation, **more)

    page = await look(wix, conversation=conversation)

    assert [each.get("src") for each in page.tags("script")] == ["/_static/inbox.js"]
    links = [each.get("href") or "" for each in page.tags("a")]
    assert not [each for each in links if each.startswith(("javascript:", "data:"))]
    pictures = [each.get("src") or "" for each in page.tags("img")]
    assert not [each for each in pictures if not each.startswith(("http", "data:image/"))]
    assert page.tags("b") == []


async def test_a_hostile_name_is_only_text(wix: Wix) -> None:
    await wix.seed(contact(CONTACT, SCRIPT, '" onload="x'))
    await wix.send(await wix.conversation())

    page = await look(wix)

    assert len(page.tags("script")) == 1
    assert not [attrs for _, attrs in page.found if "onload" in attrs]


async def test_the_page_may_run_nothing_but_its_own_script(wix: Wix) -> None:
    policy = (await wix.client.get("/")).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("url", "link", "picture"),
    [
        ("https://x/y", True, True),
        ("mailto:a@example.com", True, False),
        ("tel:+14155550132", True, False),
        ("data:image/png;base64,AA", False, True),
        ("data:text/html,x", False, False),
        ("JavaScript:alert(1)", False, False),
        (" javascript:alert(1)", False, False),
        ("//evil.example.com/x", False, False),
        ("http://[broken", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_only_harmless_addresses_are_used(url: str | None, link: bool, picture: bool) -> None:
    assert (safe_link(url) is not None, safe_picture(url) is not None) == (link, picture)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
    "--dump-dom",
]


@pytest.fixture
def served() -> Iterator[tuple[str, Callable[..., None]]]:
    """A sandbox on loopback, and a way to call it."""
    import httpx

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        headers = {"authorization": "IST.key", "wix-site-id": SITE}
        with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:

            def post(path: str, body: Any) -> Any:
                answer = client.post(path, json=body)
                assert answer.status_code == 200, answer.text
                return answer.json()

            try:
                yield address, post
            finally:
                server.should_exit = True
                thread.join()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a headless Chromium")
def test_a_browser_shows_the_thread_and_runs_nothing_from_it(
    served: tuple[str, Callable[..., Any]], tmp_path: Path
) -> None:
    address, post = served
    post("/_sandbox/contacts", [contact(CONTACT, email="dana@example.com")])
    body = {"participantId": {"contactId": CONTACT}}
    place = post("/inbox/v2/conversations", body)["conversation"]["id"]
    gone = "http://127.0.0.1:1/gone.png"
    badge = {"text": "Facebook", "iconUrl": gone}
    shown = {"text": "SMS", "iconUrl": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}
    for more in (
        {"badges": [badge]},
        {"direction": "BUSINESS_TO_PARTICIPANT", "badges": [shown]},
        {"content": {"minimal": {"text": "Booked Spa Treatment"}}},
    ):
        post("/inbox/v2/messages", message(place, "Hello there", **more))
    post("/inbox/v2/messages", message(place, SCRIPT))

    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}", address]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout

    page = Elements(dom)
    assert len(page.classes("inbound")) == 2
    assert len(page.classes("outbound")) == 1
    assert len(page.classes("activity")) == 1
    assert {"Booked Spa Treatment", "Facebook", "Live"} <= set(page.texts)
    assert "taken over" not in dom.split("<body")[0]
    assert "&lt;script&gt;document.title" in dom
    assert gone not in dom


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Yes: see https://shop.example.com/gift.", ["https://shop.example.com/gift"]),
        ("(http://a.example/x?y=1&z=2) and https://b.example", 2),
        ("javascript:alert(1) and ftp://x.example", []),
        ('https://a.example/"onload="x', ["https://a.example/"]),
        ("<a href='https://a.example'>", ["https://a.example"]),
    ],
)
async def test_addresses_in_a_text_are_links_and_the_rest_is_text(
    wix: Wix, conversation: str, text: str, links: Any
) -> None:
    await wix.send(conversation, content={"basic": {"items": [{"text": text}]}})

    answer = await wix.client.get("/", params={"conversation": conversation})
    page = Elements(answer.text)

    bubble = answer.text.partition('<p class="bubble">')[2].partition("</p>")[0]
    found = [each.get("href") for each in Elements(bubble).tags("a")]
    assert len(found) == links if isinstance(links, int) else found == links
    assert all(each.get("rel") == "noopener noreferrer" for each in Elements(bubble).tags("a"))
    assert "".join(Elements(bubble).texts).replace(" ", "") == text.replace(" ", "")
    assert len(page.tags("script")) == 1


async def test_that_only_the_team_sees_it_is_said_once_at_the_top(
    wix: Wix, conversation: str
) -> None:
    for _ in range(3):
        await wix.send(conversation, visibility="BUSINESS")
    with_note = await look(wix)
    await wix.client.post("/_sandbox/reset")
    await wix.seed_dana()
    await wix.send(await wix.conversation(), visibility="BUSINESS_AND_PARTICIPANT")
    without = await look(wix)

    assert len(with_note.classes("note")) == 1
    assert len(without.classes("note")) == 0


async def test_conversations_are_found_by_name_address_and_what_was_said(wix: Wix) -> None:
    await wix.seed(
        contact(CONTACT, "Dana", "Reyes", email="dana@example.com"),
        contact(OTHER_CONTACT, "Noa", "Levin", email="noa@example.com"),
    )
    for person, text in ((CONTACT, "Do you do gel nails?"), (OTHER_CONTACT, "My order is late")):
        place = await wix.conversation(person)
        await wix.send(place, content={"basic": {"items": [{"text": text}]}})

    found = {}
    for words in ("", "levin", "DANA@", "nails gel", "order nails", "<script>"):
        page = await look(wix, q=words)
        found[words] = len(page.classes("row"))
        links = [each.get("href") or "" for each in page.classes("row")]
        assert all(("q=" in link) == bool(words) for link in links)

    assert found == {"": 2, "levin": 1, "DANA@": 1, "nails gel": 1, "order nails": 0, "<script>": 0}
    assert any(
        "Nothing is found for “order nails”" in one
        for one in (await look(wix, q="order nails")).texts
    )
