"""The transport against a server that says exactly what it is told to, byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge.wix import ApiKey, Budget, ServerFault, WixClient
from inboxbridge.wix._body import MAX_ANSWER_BYTES
from inboxbridge.wix.exchange import Exchanged, Timeouts, by_name, exchange
from inboxbridge.wix.transport import Transport, proxy_for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Odd:  padded \r\nX-Odd: two\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Reads whole requests and hands each, with the connection, to a handler."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""
        self.open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def end(self) -> None:
        for writer in self.open.values():
            writer.transport.abort()
        await asyncio.gather(*self.open)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length")
                )
                self.requests.append(head + await reader.readexactly(length))
                await self.handler(self.requests[-1], writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/inbox/v2/messages?a=b%20c"
    try:
        yield server
    finally:
        listener.close()
        await server.end()


def says(*parts: bytes, then: str = "stay") -> Handler:
    """Answer every request with these bytes, a packet each."""

    async def handler(_: bytes, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        if then == "close":
            writer.close()
        elif then == "reset":
            hard = struct.pack("ii", 1, 0)  # no goodbye: a reset
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
            writer.transport.abort()

    return handler


@pytest.fixture
async def pool() -> AsyncIterator[Transport]:
    made = Transport()
    yield made
    await made.aclose()


async def call(
    wire: httpx.AsyncBaseTransport,
    url: str,
    content: bytes = b"{}",
    *,
    method: str = "POST",
    headers: Sequence[tuple[bytes, bytes]] = (),
    connect: float = 5.0,
    silence: float = 5.0,
) -> Exchanged:
    where = httpx.URL(url)
    every = [(b"Host", where.netloc), (b"Content-Length", b"%d" % len(content)), *headers]
    return await exchange(wire, method, where, every, content, Timeouts(connect, silence))


async def body_of(wire: httpx.AsyncBaseTransport, url: str, **more: Any) -> bytes:
    return (await call(wire, url, **more))[2]


async def test_a_request_goes_out_to_the_letter_and_the_answer_comes_back(
    pool: Transport,
) -> None:
    async with serving(says(OK)) as server:
        status, headers, answer = await call(pool, server.url, content=b'{"a":"b"}')

    assert (status, answer) == (200, b"ok")
    assert headers["x-odd"] == "padded, two"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /inbox/v2/messages?a=b%20c HTTP/1.1"
    assert {b"Content-Length: 9"} <= set(lines)
    assert lines[1].startswith(b"Host: 127.0.0.1:")
    assert body == b'{"a":"b"}'


async def test_a_connection_is_used_again(pool: Transport) -> None:
    async with serving(says(OK)) as server:
        for _ in range(5):
            assert await body_of(pool, server.url) == b"ok"

        assert server.connections == 1


@pytest.mark.parametrize("packet", [1, 7, 1000])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (
            CHUNKED + b"2\r\nok\r\n3;x=y\r\n!!!\r\n0\r\n\r\n",
            b"ok!!!",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
async def test_answers_of_every_framing_are_read_and_the_connection_kept(
    pool: Transport, answer: bytes, body: bytes, packet: int
) -> None:
    parts = [answer[at : at + packet] for at in range(0, len(answer), packet)]
    async with serving(says(*parts)) as server:
        for _ in range(2):
            _, headers, answer = await call(pool, server.url)
            assert answer == body
            assert "x" not in headers

        assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    ],
)
async def test_an_answer_that_ends_the_connection_is_whole_and_the_next_call_opens_another(
    pool: Transport, answer: bytes, body: bytes
) -> None:
    async with serving(says(answer, then="close")) as server:
        for _ in range(2):
            assert await body_of(pool, server.url) == body

        assert server.connections == 2


async def test_a_packed_answer_is_unpacked(pool: Transport) -> None:
    packed = gzip.compress(b'{"message":{}}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with serving(says(head + packed)) as server:
        assert await body_of(pool, server.url) == b'{"message":{}}'


async def test_an_answer_that_cannot_be_unpacked_is_a_decoding_error(
    pool: Transport,
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"
    async with serving(says(answer)) as server:
        with pytest.raises(httpx.DecodingError):
            await call(pool, server.url)


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (says(then="close"), httpx.RemoteProtocolError),
        (says(then="reset"), httpx.ReadError),
        (says(OK[:20], then="close"), httpx.RemoteProtocolError),
        (says(OK[:-1], then="close"), httpx.RemoteProtocolError),
        (says(OK[:-1], then="reset"), httpx.ReadError),
        (
            says(CHUNKED + b"2\r\nok\r\n", then="close"),
            httpx.RemoteProtocolError,
        ),
        (says(b"HTTP/1.1 200 OK\r\n\r\npart", then="reset"), httpx.ReadError),
        (says(b"HTTP/1.1 100 Continue\r\n\r\n", then="close"), httpx.RemoteProtocolError),
        (says(b"SSH-2.0-OpenSSH\r\n"), httpx.RemoteProtocolError),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), httpx.RemoteProtocolError),
    ],
)
async def test_a_connection_that_breaks_after_the_request_is_never_a_failure_to_connect(
    pool: Transport, handler: Handler, error: type[Exception]
) -> None:
    """The message may have arrived; `httpx.ConnectError` would say that it had not."""
    async with serving(handler) as server:
        with pytest.raises(error) as caught:
            await call(pool, server.url)

        assert not isinstance(caught.value, httpx.ConnectError | httpx.ConnectTimeout)
        assert len(server.requests) == 1

        server.handler = says(OK)
        assert await body_of(pool, server.url) == b"ok"
        assert server.connections == 2


async def test_nobody_listening_is_a_connect_error(pool: Transport) -> None:
    async with serving(says(OK)) as server:
        url = server.url

    with pytest.raises(httpx.ConnectError):
        await call(pool, url)


async def test_a_host_that_does_not_exist_is_a_connect_error(pool: Transport) -> None:
    for url in ("http://nowhere.invalid/", f"http://{'a' * 70}.invalid/"):
        with pytest.raises(httpx.ConnectError):
            await call(pool, url)


async def test_a_silent_server_is_a_read_timeout(pool: Transport) -> None:
    async with serving(says()) as server:
        with pytest.raises(httpx.ReadTimeout):
            await call(pool, server.url, silence=0.02)


async def test_the_read_timeout_counts_from_the_last_byte(pool: Transport) -> None:
    async def slowly(_: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.002)

    async with serving(slowly) as server:
        assert await body_of(pool, server.url, silence=0.1) == b"ok"

        server.handler = says(OK[:-1])
        with pytest.raises(httpx.ReadTimeout):
            await call(pool, server.url, silence=0.02)


async def test_a_server_that_never_comes_to_an_end_is_a_read_timeout(pool: Transport) -> None:
    async def dribbles(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.002)

    async with serving(dribbles) as server:
        with pytest.raises(httpx.ReadTimeout):
            await call(pool, server.url, connect=0.05, silence=0.05)


async def test_a_server_that_takes_nothing_is_a_write_timeout(pool: Transport) -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await gone.wait()
        writer.transport.abort()

    gone = asyncio.Event()
    listener = await asyncio.start_server(deaf, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    with pytest.raises(httpx.WriteTimeout):
        await call(pool, url, content=b"x" * 20_000_000, silence=0.05)
    gone.set()
    listener.close()


async def test_a_server_that_accepts_nobody_is_a_connect_timeout(
    pool: Transport,
) -> None:
    """It speaks no TLS and says nothing, so the handshake never ends."""
    async with serving(says()) as server:
        with pytest.raises(httpx.ConnectTimeout):
            await call(pool, server.url.replace("http://", "https://"), connect=0.05)


async def test_a_pool_that_is_used_up_makes_others_wait_and_then_time_out() -> None:
    goes_on = asyncio.Event()

    async def held(_: bytes, writer: asyncio.StreamWriter) -> None:
        await goes_on.wait()
        writer.write(OK)

    pool = Transport(httpx.Limits(max_connections=2, keepalive_expiry=4.0))
    async with serving(held) as server:
        busy = [asyncio.create_task(call(pool, server.url)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(httpx.PoolTimeout):
            await call(pool, server.url, silence=0.02)
        waits = asyncio.create_task(call(pool, server.url))
        goes_on.set()

        answers = await asyncio.gather(*busy, waits)

        assert [answer for _, _, answer in answers] == [b"ok"] * 3
        assert server.connections == 2
    await pool.aclose()


async def test_a_caller_that_gives_up_frees_its_place_and_its_connection_is_not_used_again() -> (
    None
):
    pool = Transport(httpx.Limits(max_connections=1, keepalive_expiry=4.0))
    async with serving(says()) as server:
        given_up = asyncio.create_task(call(pool, server.url))
        while not server.requests:
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        server.handler = says(OK)

        assert await body_of(pool, server.url) == b"ok"
        assert server.connections == 2
    await pool.aclose()


async def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    pool = Transport(httpx.Limits(max_connections=1, keepalive_expiry=0.001))
    async with serving(says(OK)) as server:
        for _ in range(2):
            await call(pool, server.url)
            await asyncio.sleep(0.01)  # longer than it may idle

        assert server.connections == 2
    await pool.aclose()


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(
    pool: Transport,
) -> None:
    async def close_soon(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    async with serving(close_soon) as server:
        for _ in range(3):
            assert await body_of(pool, server.url) == b"ok"
            await asyncio.sleep(0.02)  # in which the end of the connection arrives

        assert server.connections == 3


async def test_more_than_was_asked_for_never_becomes_another_calls_answer(
    pool: Transport,
) -> None:
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    async with serving(says(OK + second)) as server:
        assert await body_of(pool, server.url) == b"ok"
        server.handler = says(OK)
        assert await body_of(pool, server.url) == b"ok"

        assert server.connections == 2


async def test_what_comes_unasked_is_nobodys_answer_and_ends_the_connection(
    pool: Transport,
) -> None:
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
    async with serving(says(OK)) as server:
        await call(pool, server.url)
        (writer,) = server.open.values()
        writer.write(second)
        await writer.drain()
        await asyncio.sleep(0.02)  # in which it arrives
        assert await body_of(pool, server.url) == b"ok"

        assert server.connections == 2


async def test_an_endless_answer_is_cut_off(
    pool: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inboxbridge.wix._body.MAX_ANSWER_BYTES", 1000)
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 2000
    async with serving(says(endless)) as server:
        with pytest.raises(httpx.RemoteProtocolError, match="too long"):
            await call(pool, server.url)


@pytest.mark.parametrize("make", [lambda: Transport(), lambda: _network()])
async def test_little_that_unpacks_into_much_is_not_taken(
    make: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    """200 MB in 200 kB: what is held stays near the bound."""
    packer = zlib.compressobj(wbits=31)
    block = bytes(1024 * 1024)
    packed = b"".join([*(packer.compress(block) for _ in range(200)), packer.flush()])
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    wire = make()
    async with serving(says(head % len(packed) + packed)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(httpx.DecodingError, match="too long"):
                await call(wire, server.url)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        await wire.aclose()

    assert most < 4 * MAX_ANSWER_BYTES


@pytest.mark.parametrize("make", [lambda: Transport(), lambda: _network()])
async def test_headers_without_an_end_are_cut_off(
    make: Callable[[], httpx.AsyncBaseTransport],
) -> None:
    wire = make()

    async def goes_on(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for n in range(4 * MAX_ANSWER_BYTES // 1000):
            writer.write(b"X-Header-%d: %b\r\n" % (n, b"x" * 1000))
            await writer.drain()

    async with serving(goes_on) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await call(wire, server.url)
        await wire.aclose()


def _network() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport()


@pytest.mark.parametrize("value", [b"a\r\nX-Evil: yes", b"a\nb", b"a\rb"])
async def test_a_header_cannot_smuggle_another(pool: Transport, value: bytes) -> None:
    async with serving(says(OK)) as server:
        with pytest.raises(httpx.LocalProtocolError):
            await call(pool, server.url, headers=[(b"Authorization", value)])

        assert server.connections == 0


async def test_closing_ends_calls_under_way_and_idle_connections() -> None:
    pool = Transport()
    async with serving(says(OK)) as server:
        await call(pool, server.url)
        server.handler = says()
        under_way = asyncio.create_task(call(pool, server.url))
        while len(server.requests) < 2:
            await asyncio.sleep(0)

        await pool.aclose()

        with pytest.raises(httpx.TransportError):
            await under_way
        async with asyncio.timeout(5):
            await asyncio.gather(*server.open)  # each connection has ended


@pytest.mark.parametrize("how", ["closed", "cancelled", "too late"])
async def test_a_call_that_is_looking_up_its_host_ends_as_what_ended_it_says(
    pool: Transport, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    looking_up = asyncio.Event()

    async def never(*_: Any, **__: Any) -> Any:
        looking_up.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    connect = 0.02 if how == "too late" else 5.0
    under_way = asyncio.create_task(call(pool, "http://slow.example/", connect=connect))
    await looking_up.wait()
    if how == "closed":
        await pool.aclose()
    elif how == "cancelled":
        under_way.cancel()

    (ended,) = await asyncio.gather(under_way, return_exceptions=True)

    expected = {
        "closed": httpx.ConnectError,
        "cancelled": asyncio.CancelledError,
        "too late": httpx.ConnectTimeout,
    }
    assert type(ended) is expected[how]


@settings(max_examples=100, deadline=None)
@given(junk=st.binary(max_size=200), prefix=st.sampled_from([b"", b"HTTP/1.1 ", OK[:-4], OK]))
def test_any_bytes_are_an_answer_or_an_error_and_never_a_hang(junk: bytes, prefix: bytes) -> None:
    async def main() -> None:
        pool = Transport()
        async with serving(says(prefix + junk, then="close")) as server:
            (outcome,) = await asyncio.gather(call(pool, server.url), return_exceptions=True)
            expected = (tuple, httpx.RemoteProtocolError, httpx.DecodingError)
            assert isinstance(outcome, expected)
        await pool.aclose()

    asyncio.run(main())


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_https_is_spoken_to_a_server_that_is_trusted(certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    pool = Transport(ssl_context=trusting)
    async with serving(says(OK), server_context(certificate)) as server:
        for _ in range(2):
            assert await body_of(pool, server.url) == b"ok"
        assert server.connections == 1
        await pool.aclose()


async def test_a_server_that_is_not_trusted_is_sent_nothing(
    pool: Transport, certificate: Path
) -> None:
    async with serving(says(OK), server_context(certificate)) as server:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await call(pool, server.url)
        assert server.requests == []


# What aiohttp would do by itself


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("then", ["close", "reset"])
async def test_nothing_is_sent_again_after_a_connection_that_was_in_use_breaks(
    pool: Transport, method: str, then: str
) -> None:
    """A second Send Message would be a second message; any second call is out of the budget."""
    async with serving(says(OK)) as server:
        await call(pool, server.url)
        server.handler = says(then=then)

        with pytest.raises(httpx.RemoteProtocolError if then == "close" else httpx.ReadError):
            await call(pool, server.url, method=method)

        assert len(server.requests) == 2
        assert server.connections == 1


@pytest.mark.parametrize(("method", "content"), [("POST", b"{}"), ("POST", b""), ("GET", b"")])
async def test_the_head_of_a_request_is_the_callers_in_its_order_and_nothing_more(
    pool: Transport, method: str, content: bytes
) -> None:
    headers = [(b"X-B", b"2"), (b"x-a", b"1"), (b"X-B", b"3"), (b"Authorization", "é".encode())]
    async with serving(says(OK)) as server:
        await call(pool, server.url, content, method=method, headers=headers)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        f"{method} /inbox/v2/messages?a=b%20c HTTP/1.1".encode(),
        b"Host: " + httpx.URL(server.url).netloc,
        b"Content-Length: %d" % len(content),
        *(b"%b: %b" % header for header in headers),
    ]
    assert body == content


@pytest.mark.parametrize(
    "target", ["/a%2Fb/%7e/~;x=1?q=a+b%20c&d=%C3%A9&q=", "//a//b", "/%41?%41", "/a?b?c/d:@!$'()*,"]
)
async def test_the_target_goes_out_byte_for_byte(pool: Transport, target: str) -> None:
    async with serving(says(OK)) as server:
        url = httpx.URL(server.url).copy_with(raw_path=target.encode())
        await call(pool, str(url))

    assert server.requests[0].split(b" ")[1] == target.encode()


async def test_a_target_that_would_be_changed_is_not_sent(pool: Transport) -> None:
    async with serving(says(OK)) as server:
        url = httpx.URL(server.url).copy_with(raw_path=b"/a?")
        with pytest.raises(httpx.LocalProtocolError):
            await pool.handle_async_request(httpx.Request("GET", url))

        assert server.connections == 0


async def test_no_redirect_is_followed_and_no_cookie_kept(pool: Transport) -> None:
    async with serving(says(OK)) as elsewhere:
        answer = (
            f"HTTP/1.1 307 Elsewhere\r\nLocation: {elsewhere.url}\r\n"
            "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
        )
        async with serving(says(answer.encode())) as server:
            for _ in range(2):
                # By name: aiohttp keeps no cookie of an address in numbers.
                named = server.url.replace("127.0.0.1", "localhost")
                status, headers, _ = await call(
                    pool, named, headers=[(b"Authorization", b"secret")]
                )
                assert (status, headers["location"]) == (307, elsewhere.url)

    assert elsewhere.connections == 0
    assert b"cookie" not in server.requests[1].lower()


async def test_credentials_in_an_address_are_not_sent(pool: Transport) -> None:
    async with serving(says(OK)) as server:
        await call(pool, server.url.replace("://", "://user:password@"))

    assert b"uthorization" not in server.requests[0]


def test_each_event_loop_gets_connections_of_its_own() -> None:
    pool = Transport()

    async def main() -> None:
        async with serving(says(OK)) as server:
            for _ in range(2):
                assert await body_of(pool, server.url) == b"ok"
            assert server.connections == 1

    for _ in range(2):
        asyncio.run(main())
    asyncio.run(pool.aclose())


def test_on_uvloop_too_nothing_is_taken_for_a_whole_answer_to_somebody_else() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        pool = Transport()
        async with serving(says(OK + OK.replace(b"ok", b"no"))) as server:
            assert await body_of(pool, server.url) == b"ok"
            server.handler = says(b"HTTP/1.1 200 OK\r\n\r\npart", then="reset")
            with pytest.raises(httpx.ReadError):
                await call(pool, server.url)
            server.handler = says(OK)
            assert await body_of(pool, server.url) == b"ok"
            *_, writer = server.open.values()
            writer.write(OK.replace(b"ok", b"no"))
            await asyncio.sleep(0.02)  # in which it arrives
            assert await body_of(pool, server.url) == b"ok"
            assert server.connections == 4
        await pool.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


# Proxies


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)
    return monkeypatch


BASE = httpx.URL("https://www.wixapis.com")


def test_without_a_proxy_in_the_environment_there_is_none(no_proxies: pytest.MonkeyPatch) -> None:
    assert proxy_for(BASE) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(no_proxies: pytest.MonkeyPatch, name: str) -> None:
    no_proxies.setenv(name, "proxy.example:3128")

    assert proxy_for(BASE) == "http://proxy.example:3128"


@pytest.mark.parametrize("exempt", ["*", "wixapis.com", "www.wixapis.com"])
def test_a_host_exempt_from_the_proxy_is_reached_directly(
    no_proxies: pytest.MonkeyPatch, exempt: str
) -> None:
    no_proxies.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    no_proxies.setenv("NO_PROXY", exempt)

    assert proxy_for(BASE) is None


def test_a_proxy_of_another_scheme_is_not_used(no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setenv("HTTP_PROXY", "http://proxy.example:3128")

    assert proxy_for(BASE) is None


async def test_the_transport_asks_no_environment(no_proxies: pytest.MonkeyPatch) -> None:
    no_proxies.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    pool = Transport()
    async with serving(says(OK)) as server:
        assert await body_of(pool, server.url) == b"ok"
    await pool.aclose()


async def test_a_client_goes_through_the_proxy_of_the_environment(
    no_proxies: pytest.MonkeyPatch,
) -> None:
    async with serving(says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")) as proxy:
        no_proxies.setenv("HTTP_PROXY", proxy.url.partition("/inbox")[0])
        wix = WixClient(ApiKey("k", "s"), base_url="http://wix.invalid:8080", budget=Budget(0))
        with pytest.raises(ServerFault):
            await wix.find_contacts("email", ["someone@example.com"])
        await wix.aclose()

    assert proxy.requests[0].startswith(b"POST http://wix.invalid:8080/")


@asynccontextmanager
async def tunneling(to: str, answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that answers CONNECT so, and where it says 200 carries bytes to and fro."""
    heads: list[bytes] = []
    tasks: set[asyncio.Task[Any]] = set()
    port = httpx.URL(to).port

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if b" 200 " in answer:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(carry(reader, target_writer), carry(target_reader, writer))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://user:p%40ss@127.0.0.1:{listener.sockets[0].getsockname()[1]}", heads
    finally:
        listener.close()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_https_goes_through_a_tunnel_that_is_asked_for_with_the_proxys_credentials_only(
    certificate: Path,
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with (
        serving(says(OK), server_context(certificate)) as server,
        tunneling(server.url, b"HTTP/1.1 200 OK\r\n\r\n") as (proxy, heads),
    ):
        pool = Transport(ssl_context=trusting, proxy=proxy)
        for _ in range(2):
            assert await body_of(pool, server.url, headers=[(b"Authorization", b"of-wix")]) == b"ok"
        await pool.aclose()

    assert len(heads) == server.connections == 1
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in heads[0]
    assert b"of-wix" not in heads[0]
    assert b"Authorization: of-wix" in server.requests[0]
    assert b"Proxy-" not in server.requests[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", httpx.ProxyError),
        (b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", httpx.ProxyError),
        (b"", httpx.RemoteProtocolError),
    ],
)
async def test_a_proxy_that_opens_no_tunnel_is_named(answer: bytes, error: type[Exception]) -> None:
    async with tunneling("https://127.0.0.1:1", answer) as (proxy, _):
        pool = Transport(proxy=proxy)
        with pytest.raises(error):
            await call(pool, "https://www.wixapis.com/inbox")
        await pool.aclose()


async def test_a_proxy_that_is_not_there_is_a_connect_error(certificate: Path) -> None:
    async with tunneling("https://127.0.0.1:1", b"") as (proxy, _):
        pass
    pool = Transport(proxy=proxy)
    with pytest.raises(httpx.ConnectError):
        await call(pool, "https://www.wixapis.com/inbox")
    await pool.aclose()


HEADER_BYTES = st.binary(max_size=12)


@given(st.lists(st.tuples(HEADER_BYTES, HEADER_BYTES), max_size=4))
def test_an_answers_headers_are_those_that_httpx_reads(raw: list[tuple[bytes, bytes]]) -> None:
    twice = raw + [(name.upper(), value) for name, value in raw[:1]]

    assert by_name(twice) == dict(httpx.Headers(twice).items())


async def test_over_httpx_the_answer_is_the_same(pool: Transport) -> None:
    async with serving(says(OK)) as server, httpx.AsyncClient(transport=pool) as client:
        answer = await client.post(server.url, content=b"{}")

    assert (answer.status_code, answer.content) == (200, b"ok")
    assert answer.headers["x-odd"] == "padded, two"
