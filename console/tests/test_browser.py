"""A person at a real browser: "Dana texted at nine, and nothing came"."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import SandboxServer
from inboxbridge.config import Config, config_from
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import serving
from inboxbridge.runtime import running
from inboxbridge_console import create_app
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="needs Debian's chromium and chromium-driver"
    ),
]

PASSWORD = "nine o'clock"
TEXT = "Is Saturday at nine free? <script>document.title = 'taken over'</script>"
WIDTHS = (390, 1280, 1920)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Installation:
    """A gateway, a courier, a console and a sandbox, in a thread of their own."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = SandboxServer()
        self.sandbox.seed(
            {
                "id": "c0000000-0000-4000-8000-000000000001",
                "info": {
                    "name": {"first": "Dana", "last": "Reyes"},
                    "emails": {"items": [{"email": "dana@work.example", "primary": True}]},
                },
            }
        )
        site = {
            "site_id": "5a10a000-0000-4000-8000-000000000001",
            "api_key": "key",
            "base_url": self.sandbox.url,
        }
        sms = {"plugin": "webhook", "label": "SMS", "signature": "none", "unmatched": "park"}
        self.config = config_from(
            {
                "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
                "sites": {"salon": site},
                "connectors": {"sms": sms, "shop": {"plugin": "webhook", "secret": "shop-secret"}},
            }
        )
        self.gateway = self.console = ""
        self._ready, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(self.config)))
        self._thread.start()
        assert self._ready.wait(30)

    async def _run(self, config: Config) -> None:
        async with running(config) as runtime:
            app = create_app(config, runtime.journal, password=PASSWORD, token=None)
            with listen("127.0.0.1", 0) as bound:
                async with serving(app, bound) as url:
                    self.gateway, self.console = str(runtime.url), url
                    self._ready.set()
                    await asyncio.to_thread(self._end.wait)
                    await app.close()

    def text(self, key: str, text: str) -> None:
        """Dana sends a text."""
        body = {"id": key, "phone": "+14155550132", "name": "Dana Reyes", "text": text}
        httpx.post(f"{self.gateway}/hooks/sms", json=body).raise_for_status()

    def close(self) -> None:
        self._end.set()
        self._thread.join(20)
        self.sandbox.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.close()


@pytest.fixture
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER or ""))
    made.implicitly_wait(5)
    look(made, 1280, "light")
    yield made
    made.quit()


def look(browser: Any, width: int, theme: str) -> None:
    """Look at pages at a width, in a theme."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    scheme = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def log_in(browser: Any, installation: Installation) -> None:
    browser.get(installation.console)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    click(browser, "Log in")


def button(browser: Any, text: str) -> Any:
    """The button or link with this text, ignoring … at its end."""
    quoted = f"starts-with(normalize-space(), {text!r})"
    return browser.find_element(By.XPATH, f"//button[{quoted}] | //main//a[{quoted}]")


def follow(browser: Any, element: Any) -> None:
    """Click, and wait for the page that it leads to."""
    before = browser.find_element(By.TAG_NAME, "html")
    element.click()
    WebDriverWait(browser, 20, poll_frequency=0.02).until(staleness_of(before))


def click(browser: Any, text: str) -> None:
    """Press the button or follow the link with this text, to another page."""
    follow(browser, button(browser, text))


def main_text(browser: Any) -> str:
    return str(browser.find_element(By.TAG_NAME, "main").text)


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def reload_until(browser: Any, text: str) -> None:
    def shows() -> bool:
        browser.refresh()
        return text in main_text(browser)

    until(shows, text)


def test_danas_text_is_found_linked_and_seen_in_the_inbox(
    installation: Installation, browser: Any
) -> None:
    installation.text("t1", TEXT)
    log_in(browser, installation)
    reload_until(browser, "1 event by sms")

    browser.find_element(By.ID, "q").send_keys("(415) 555-0132")
    click(browser, "Find")
    assert "D••• R•••" in main_text(browser)
    assert "Saturday" not in main_text(browser)
    follow(browser, browser.find_element(By.CSS_SELECTOR, "td.id a"))

    click(browser, "Link to contact")
    assert "found by name" in main_text(browser)
    assert "1 parked event of theirs is delivered at once" in main_text(browser)
    click(browser, "Link")
    assert "1 event goes to this contact" in main_text(browser)

    reload_until(browser, "In the Inbox\n")
    until(lambda: installation.sandbox.texts() == [TEXT], "the message in the Inbox")

    follow(browser, browser.find_element(By.CSS_SELECTOR, "form.words button"))
    assert TEXT in main_text(browser)
    assert browser.title.startswith("Event 1")

    click(browser, "Send once more")
    assert "it will appear there twice" in main_text(browser)
    click(browser, "Send once more")
    until(lambda: installation.sandbox.texts() == [TEXT, TEXT], "the message twice")
    assert violations(browser) == []


def violations(browser: Any) -> list[str]:
    """What the browser refused to load or run."""
    return [
        line["message"] for line in browser.get_log("browser") if "favicon" not in line["message"]
    ]


def test_new_events_show_by_themselves_and_can_be_paused(
    installation: Installation, browser: Any
) -> None:
    log_in(browser, installation)
    browser.get(f"{installation.console}/live")
    until(lambda: main_text(browser).startswith("Live\nLive"), "the page to listen")

    installation.text("t1", TEXT)
    until(lambda: "D••• R•••" in main_text(browser), "the new event")

    button(browser, "Pause").click()
    installation.text("t2", "And Sunday?")
    until(lambda: "Paused, 1 new" in main_text(browser), "the count")
    assert len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1
    button(browser, "Go on").click()
    assert len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == 2
    assert violations(browser) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_its_window_and_passes_axe(
    installation: Installation, browser: Any, theme: str
) -> None:
    """No page is wider than its window, and axe-core finds nothing against WCAG AA."""
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    installation.text("t1", TEXT + " verylongword" * 30)
    body = b'{"id": 1}'
    httpx.post(f"{installation.gateway}/hooks/shop", content=body)
    log_in(browser, installation)
    reload_until(browser, "1 event by sms")
    paths = (
        "/", "/find?q=dana", "/find?q=nobody", "/events/1", "/events/1/link", "/events/1/replay",
        "/many?q=dana", "/live", "/connections", "/connections/shop", "/audit", "/nowhere",
        "/person?identity=%2B14155550132",
    )  # fmt: skip
    wrong: list[str] = []
    for width in WIDTHS:
        look(browser, width, theme)
        for path in paths:
            browser.get(installation.console + path)
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            if wide > width:
                wrong.append(f"{path} at {width}: {wide} wide")
            if width == 1920:
                continue
            browser.execute_script(axe)
            found = browser.execute_async_script(
                "const done = arguments[1];"
                "axe.run(document, {runOnly: {type: 'tag', values: arguments[0]}}).then(done);",
                TAGS,
            )
            wrong += [
                f"{path} at {width}: {one['id']}: {one['nodes'][0]['html'][:120]}"
                for one in found["violations"]
            ]
    assert wrong == []


def test_all_can_be_done_without_scripts(installation: Installation, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    installation.text("t1", TEXT)
    log_in(browser, installation)
    reload_until(browser, "1 event by sms")

    browser.find_element(By.ID, "q").send_keys("dana")
    click(browser, "Find")
    follow(browser, browser.find_element(By.CSS_SELECTOR, "td.id a"))
    click(browser, "Give up")
    click(browser, "Give up")

    assert "is given up" in main_text(browser)


def test_the_first_key_leads_to_the_content(installation: Installation, browser: Any) -> None:
    log_in(browser, installation)
    browser.get(f"{installation.console}/audit")

    ActionChains(browser).send_keys(Keys.TAB).perform()

    assert browser.switch_to.active_element.text == "Skip to content"
