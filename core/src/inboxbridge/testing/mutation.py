"""Fuzz bodies: samples with something broken, and no body at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from inboxbridge.testing.samples import Sample

Path = tuple[str | int, ...]

junk_text = st.text(max_size=20) | st.sampled_from(
    [
        "",
        " ",
        "0",
        "null",
        "\x00",
        "\ud800",
        "😀",
        "-1",
        "1e400",
        "2026-13-40",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "https://",
        "@",
        "a@b",
        "+",
        "é" * 600,
    ]
)
junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.just(10**400)
    | junk_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "text", "data"]) | junk_text, inner, max_size=3
        )
    ),
    max_leaves=5,
)


@st.composite
def broken(draw: st.DrawFn, sample: Sample) -> bytes:
    """Draw a body that is the sample's with something broken in it, or anything at all.

    A hypothesis strategy: ``@given(body=broken(sample))``.

    Args:
        draw: Given by hypothesis.
        sample: What to break.
    """
    how = draw(
        st.sampled_from(["nodes", "nodes", "nodes", "nodes", "cut", "flip", "bytes", "json"])
    )
    if how == "bytes":
        return draw(st.binary(max_size=60))
    if how == "json":
        return _dumped(draw(_fields(sample) if sample.is_form else junk))
    if how == "cut":
        return sample.body[: draw(st.integers(0, len(sample.body)))]
    if how == "flip" and sample.body:
        at = draw(st.integers(0, len(sample.body) - 1))
        return sample.body[:at] + draw(st.binary(min_size=1, max_size=3)) + sample.body[at + 1 :]
    return _broken_form(draw, sample) if sample.is_form else _broken_json(draw, sample)


def misfits(sample: Sample) -> Iterator[bytes]:
    """Yield the sample's body with each of its values in turn missing, or of every other type."""
    if sample.is_form:
        pairs = parse_qsl(sample.body.decode(), keep_blank_values=True)
        for at, (name, _) in enumerate(pairs):
            for others in ([], *([(name, value)] for value in _OTHER_TEXTS)):
                yield urlencode([*pairs[:at], *others, *pairs[at + 1 :]]).encode()
        return
    body = json.loads(sample.body)
    for path in paths(body):
        yield json.dumps(without(body, path)).encode()
        for other in _OF_EVERY_TYPE:
            yield json.dumps(replaced(body, path, other)).encode()


_OTHER_TEXTS = ("", "x", "-1")
_OF_EVERY_TYPE: tuple[Any, ...] = (None, True, 7, 0.5, "x", ["x"], {"x": "x"})


def _broken_json(draw: st.DrawFn, sample: Sample) -> bytes:
    value = json.loads(sample.body)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        value = replaced(value, path, draw(junk)) if draw(st.booleans()) else without(value, path)
    return _dumped(value)


def _dumped(value: Any) -> bytes:
    """The value as JSON, an endless number written as one that is too large for a float."""
    return json.dumps(value).replace("Infinity", "1e999").encode()


def _fields(sample: Sample) -> st.SearchStrategy[dict[str, Any]]:
    """A form's fields as a JSON object of anything."""
    names = [name for name, _ in parse_qsl(sample.body.decode(), keep_blank_values=True)]
    return st.dictionaries(st.sampled_from(names or ["id"]), junk | junk_text, max_size=8)


def _broken_form(draw: st.DrawFn, sample: Sample) -> bytes:
    pairs = parse_qsl(sample.body.decode(), keep_blank_values=True)
    for _ in range(draw(st.integers(1, 3))):
        if not pairs:
            break
        at = draw(st.integers(0, len(pairs) - 1))
        name = pairs[at][0]
        value = draw(junk_text).encode("utf-8", "replace").decode()
        how = draw(st.sampled_from(["replace", "remove", "repeat", "rename"]))
        pairs[at : at + 1] = {
            "replace": [(name, value)],
            "remove": [],
            "repeat": [pairs[at], (name, value)],
            "rename": [(value, pairs[at][1])],
        }[how]
    return urlencode(pairs).encode()


def paths(value: Any, at: Path = ()) -> list[Path]:
    """Return the way to every node of a JSON value, its root first."""
    found: list[Path] = [at]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths(item, (*at, index))
    return found


def at_path(value: Any, path: Path) -> Any:
    """Return the node of a JSON value that *path* leads to."""
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return a copy of a JSON value with the node at *path* replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def without(value: Any, path: Path) -> Any:
    """Return a copy of a JSON value without the node at *path*; without its root it is null."""
    if not path:
        return None
    holder = at_path(value, path[:-1]).copy()
    del holder[path[-1]]
    return replaced(value, path[:-1], holder)
