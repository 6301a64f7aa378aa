"""Read and decompress the body of an answer, up to a size."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Mapping
from typing import Final

import httpx

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
"""The longest answer that is read, both as it comes and unpacked. A page of a hundred messages of
the greatest length that Wix takes is 2 MB."""

_EITHER_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32


async def whole(parts: AsyncIterable[bytes]) -> bytes:
    """Return *parts* in one. Raises `httpx.RemoteProtocolError` for what is too long."""
    taken, size = [], 0
    async for part in parts:
        taken.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise httpx.RemoteProtocolError("the answer is too long")
    return b"".join(taken)


def unpacked(headers: Mapping[str, str], body: bytes, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """Return *body* without its ``Content-Encoding``. We ask for none, so two are enough.

    Raises `httpx.DecodingError` for another one, for what is not whole, and for what is too long.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError("the answer is packed in a way that was not asked for")
    try:
        return _inflated(body, _EITHER_GZIP_OR_ZLIB, limit)
    except zlib.error:
        if encoding != "deflate":
            raise httpx.DecodingError("the answer is packed wrongly") from None
    try:
        return _inflated(body, -zlib.MAX_WBITS, limit)  # without zlib's header, as some servers do
    except zlib.error:
        raise httpx.DecodingError("the answer is packed wrongly") from None


def _inflated(body: bytes, kind: int, limit: int) -> bytes:
    found: list[bytes] = []
    left = limit + 1
    while body:
        inflater = zlib.decompressobj(kind)
        part = inflater.decompress(body, left)
        found.append(part)
        left -= len(part)
        if left <= 0:
            raise httpx.DecodingError("the answer is too long")
        if not inflater.eof:
            raise httpx.DecodingError("the answer is not whole")
        if inflater.unused_data == body:
            break
        body = inflater.unused_data
    return b"".join(found)
