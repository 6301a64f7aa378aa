"""Files are downloaded within limits, and from where they may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from inboxbridge import Download
from inboxbridge.courier.download import FetchLater, NotFetched, download, is_public

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(100)
TOKEN = {"Authorization": "Bearer the-token"}


def anywhere(_: str) -> bool:
    return True


class Source:
    """A server with files, and what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        app = web.Application()
        app.router.add_get("/{name:.*}", self.answer)
        self.server = TestServer(app)
        self.elsewhere = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.headers.get("Authorization", ""))
        name = request.match_info["name"]
        if name.isdigit():
            return web.Response(status=int(name))
        if name == "photo":
            return web.Response(body=JPEG, content_type="application/octet-stream")
        if name == "moved":
            raise web.HTTPFound("/photo")
        if name == "moved-elsewhere":
            raise web.HTTPFound(self.elsewhere)
        if name == "round":
            raise web.HTTPFound("/round")
        if name == "endless":
            answer = web.StreamResponse()
            await answer.prepare(request)
            for _ in range(100):
                await answer.write(bytes(1000))
            return answer
        if name == "large":
            return web.Response(body=bytes(5000))
        if name == "silent":
            await asyncio.sleep(30)
        return web.Response(body=b"", content_type="image/png")

    def at(self, path: str) -> str:
        return str(self.server.make_url(path))


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    made = Source()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
async def other() -> AsyncIterator[Source]:
    made = Source()
    await made.server.start_server()
    yield made
    await made.server.close()


async def test_a_file_comes_with_its_type_by_its_content(source: Source) -> None:
    what = Download(url=source.at("/photo"), headers=TOKEN)

    file = await download(what, is_allowed=anywhere)

    assert (file.content, file.mime_type) == (JPEG, "image/jpeg")
    assert source.asked == [TOKEN["Authorization"]]


async def test_credentials_go_along_a_redirect_of_the_same_host(source: Source) -> None:
    await download(Download(url=source.at("/moved"), headers=TOKEN), is_allowed=anywhere)

    assert source.asked == [TOKEN["Authorization"]] * 2


async def test_credentials_do_not_go_along_a_redirect_to_another_host(
    source: Source, other: Source
) -> None:
    source.elsewhere = other.at("/photo")

    file = await download(
        Download(url=source.at("/moved-elsewhere"), headers=TOKEN), is_allowed=anywhere
    )

    assert file.content == JPEG
    assert other.asked == [""]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_a_private_address_is_not_connected_to(source: Source, host: str) -> None:
    url = f"http://{host}:{source.server.port}/photo"

    with pytest.raises(NotFetched, match="not an address of the public internet"):
        await download(Download(url=url))

    assert source.asked == []


async def test_a_redirect_to_a_private_address_is_not_followed(
    source: Source, other: Source
) -> None:
    source.elsewhere = f"http://localhost:{other.server.port}/photo"

    with pytest.raises(NotFetched, match="not an address of the public internet"):
        await download(Download(url=source.at("/moved-elsewhere")), is_allowed=_FirstOnly())

    assert other.asked == []


class _FirstOnly:
    """Allows the first connection, as to a public host that then points inside."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, address: str) -> bool:
        self.asked += 1
        return self.asked == 1


@pytest.mark.parametrize("path", ["/large", "/endless"])
async def test_a_file_that_is_too_large_is_not_fetched(source: Source, path: str) -> None:
    with pytest.raises(NotFetched, match="larger than"):
        await download(Download(url=source.at(path)), max_bytes=4000, is_allowed=anywhere)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_what_is_gone_or_refused_is_not_asked_for_again(source: Source, status: int) -> None:
    with pytest.raises(NotFetched, match=f"answered {status}"):
        await download(Download(url=source.at(f"/{status}")), is_allowed=anywhere)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_may_come_later_is_asked_for_again(source: Source, status: int) -> None:
    with pytest.raises(FetchLater, match=f"answered {status}"):
        await download(Download(url=source.at(f"/{status}")), is_allowed=anywhere)


async def test_a_server_that_says_nothing_is_given_up_in_time(source: Source) -> None:
    with pytest.raises(FetchLater, match=r"within 0\.2 seconds"):
        await download(Download(url=source.at("/silent")), seconds=0.2, is_allowed=anywhere)


async def test_an_endless_redirect_ends(source: Source) -> None:
    with pytest.raises(NotFetched, match="redirects too often"):
        await download(Download(url=source.at("/round")), is_allowed=anywhere)


async def test_nobody_there_may_come_later(source: Source) -> None:
    url = source.at("/photo")
    await source.server.close()

    with pytest.raises(FetchLater, match="could not be reached"):
        await download(Download(url=url), is_allowed=anywhere)


@pytest.mark.parametrize("url", ["ftp://files.example.com/a", "file:///etc/passwd", "photo", "//"])
async def test_only_addresses_of_the_web_are_fetched(url: str) -> None:
    with pytest.raises(NotFetched, match="not one of the web"):
        await download(Download(url=url))


async def test_credentials_never_go_unencrypted() -> None:
    with pytest.raises(NotFetched, match="not https"):
        await download(Download(url="http://files.example.com/a", headers=TOKEN))


async def test_an_empty_file_is_none(source: Source) -> None:
    with pytest.raises(NotFetched, match="empty"):
        await download(Download(url=source.at("/empty")), is_allowed=anywhere)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.0.0.1", False),
        ("172.16.9.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:0a00:0001::", False),
        ("::ffff:93.184.215.14", True),
    ],
)
def test_what_is_a_public_address(address: str, public: bool) -> None:
    assert is_public(address) is public
