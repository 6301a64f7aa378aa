"""What HTML bodies become."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge_chat._html import read_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("no markup\nat all", "no markup\nat all"),
        ("<p>Hello</p>", "Hello"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<p>One<br>Two<br/>Three</p>", "One\nTwo\nThree"),
        ("<p>a</p><p class='no-margin'></p><p><br></p><p>b</p>", "a\n\nb"),
        ("<p>so\n  <b>very</b> <i>bo</i>ld</p>", "so very bold"),
        ("<ul><li>cut</li><li><p>colour</p></li></ul><p>ok?</p>", "- cut\n- colour\n\nok?"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n  - b\n2. c"),
        ("<li>stray</li>", "- stray"),
        ("<pre>if x:\n    y\n\n\nz</pre>end", "if x:\n    y\n\nz\n\nend"),
        ("<table><tr><td>Mon</td><td>9-5</td></tr><tr><td>Tue</td></tr></table>", "Mon 9-5\nTue"),
        ("Tom &amp; Ana &lt;3 &euro;5 &#233; &#x1F600;", "Tom & Ana <3 €5 é \U0001f600"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("a<script>alert('<p>x</p>')</script>b<style>p{}</style><title>t</title>c", "abc"),
        ("a<!-- <p>hidden</p> -->b<!DOCTYPE html><![if mso]><?xml x?>c", "abc"),
        ("a<!-- never closed", "a<!-- never closed"),
        ("<p>cut off <b", "cut off <b"),
        ("</p></ul></ol></a>x", "x"),
    ],
)
def test_markup_becomes_lines(html: str, text: str) -> None:
    assert read_html(html).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<a href="https://salon.example/p?a=1&amp;b=2">our prices</a>, ok?',
            "our prices (https://salon.example/p?a=1&b=2), ok?",
        ),
        ('<a href="https://salon.example/">salon.example</a>', "salon.example"),
        (
            '<a href="https://salon.example"><b>https://</b>salon.example</a>',
            "https://salon.example",
        ),
        ('<a href="mailto:dana@example.com">write</a>', "write (dana@example.com)"),
        ('<a href="mailto:dana@example.com">dana@example.com</a>', "dana@example.com"),
        ('<a href="tel:+14155550132">call</a>', "call (+14155550132)"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<a href="/relative">here</a>', "here"),
        ("<a>nowhere</a>", "nowhere"),
        ('<a href="https://a.example/x">one<a href="https://a.example/y">two', None),
        ('<a href="https://a.example/file"></a>', "https://a.example/file"),
        ('<iframe src="https://video.example/1"></iframe>see', "https://video.example/1\nsee"),
    ],
)
def test_links_show_where_they_lead(html: str, text: str | None) -> None:
    expected = text or "one (https://a.example/x)two (https://a.example/y)"

    assert read_html(html).text == expected


def test_pictures_are_set_apart_each_once() -> None:
    picture = '<img src="https://i.example/a.png?x=1&amp;y=2" alt="a">'
    found = read_html(f'<p>like {picture} this</p>{picture}<img src="http://i.example/b.png"/>')

    assert found.text == "like this"
    assert found.images == ("https://i.example/a.png?x=1&y=2", "http://i.example/b.png")


def test_a_picture_that_links_to_itself_is_no_text() -> None:
    found = read_html('<a href="https://i.example/a.png"><img src="https://i.example/a.png"></a>')

    assert found == ("", ("https://i.example/a.png",))


def test_a_picture_that_cannot_be_fetched_is_named() -> None:
    found = read_html('<img src="data:image/png;base64,AA" alt="our  logo"><img src="cid:1">')

    assert found == ("[our logo][picture]", ())


def test_a_number_too_long_to_decode_loses_no_words() -> None:
    text = read_html(f"<p>before</p>&#{'9' * 5000};<p>after</p>").text

    assert "before" in text
    assert "after" in text


@pytest.mark.parametrize("piece", ["<a ", "<a b='", '<a b="', "<a =", "<p", "<!--", "<script></"])
def test_unfinished_markup_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """html.parser alone searches each unfinished tag to the end: 20 s for 40,000 characters."""
    began = time.process_time()
    read_html(piece * (40_000 // len(piece)))

    assert time.process_time() - began < 1.0


def test_deep_lists_are_indented_no_further_than_can_be_read() -> None:
    assert len(read_html("<ul><li>x" * 2000).text) < 2000 * 25


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            [
                *("<p>", "</p>", "<a href='https://a.example'>", "</a>", "<ul>", "</ul>", "<li>"),
                *("<ol>", "</ol>", "<br>", "<img src=x>", "<pre>", "</pre>", "<b", "<", ">", "&"),
                *("&#x", "<!--", "-->", "<![CDATA[", "]]>", "'", '"', " ", "\n", "word", "\ud800"),
            ]
        )
        | st.text(max_size=5),
        max_size=30,
    )
)
def test_any_text_is_read(pieces: list[str]) -> None:
    found = read_html("".join(pieces))

    assert isinstance(found.text, str)


@given(words=st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=20))
def test_no_word_is_lost_and_none_is_added(words: list[str]) -> None:
    html = "".join(f"<p>{word}<br>{word}</p>" for word in words)

    assert read_html(html).text.split() == [word for word in words for _ in range(2)]
