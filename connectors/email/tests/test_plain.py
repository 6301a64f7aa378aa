"""What is shown of a text: HTML as plain text, replies without what they quote."""

from __future__ import annotations

import pytest
from inboxbridge_email.plain import TOO_DEEP, html_text

WROTE = {
    "en": "On Fri, Nov 6, 2026 at 5:02 PM Salon <info@salon.example> wrote:",
    "en, two lines": "On Fri, Nov 6, 2026 at 5:02 PM Salon North\n<info@salon.example> wrote:",
    "de": "Am Fr., 6. Nov. 2026 um 17:02 Uhr schrieb Salon <info@salon.example>:",
    "fr": "Le ven. 6 nov. 2026 à 17:02, Salon <info@salon.example> a écrit :",
    "es": "El vie, 6 nov 2026 a las 17:02, Salon (<info@salon.example>) escribió:",
    "nl": "Op vr 6 nov. 2026 om 17:02 schreef Salon <info@salon.example>:",
    "unknown": "2026-11-06 17:02 Salon <info@salon.example>:",
}
OUTLOOK = {
    "en": "From: Salon\nSent: Friday\nTo: Dana\nSubject: Saturday\n\nShall I book it?",
    "de": "Von: Salon\nGesendet: Freitag\nAn: Dana\nBetreff: Samstag\n\nSoll ich buchen?",
    "old": "-----Original Message-----\nFrom: Salon\n\nShall I book it?",
}
ANSWERS = {"Subject": "Re: Saturday", "In_Reply_To": "<s-1@salon.example>"}


@pytest.mark.parametrize("wrote", WROTE.values(), ids=list(WROTE))
def test_a_reply_is_shown_without_what_it_quotes(read, wrote):
    event = read(f"Three is fine.\n\n{wrote}\n\n> Three?\n>\n> Or four?\n", **ANSWERS)

    assert event.text == "Re: Saturday\n\nThree is fine."


@pytest.mark.parametrize("quoted", OUTLOOK.values(), ids=list(OUTLOOK))
def test_a_reply_of_outlook_is_shown_without_what_it_quotes(read, quoted):
    event = read(f"Three is fine.\n\n{'_' * 32}\n{quoted}\n\nOn Monday:\n> x\ny\n", **ANSWERS)

    assert event.text == "Re: Saturday\n\nThree is fine."


def test_answers_between_quoted_lines_are_shown_with_them(read):
    body = f"See below.\n\n{WROTE['en']}\n> Which day?\nSaturday\n> Which hour?\nThree"

    assert read(body, **ANSWERS).text == f"Re: Saturday\n\n{body}"


def test_an_answer_below_the_quote_is_shown_with_it(read):
    body = f"{WROTE['en']}\n> Which day?\n\nSaturday"

    assert read(body, **ANSWERS).text == f"Re: Saturday\n\n{body}"


def test_a_signature_below_the_quote_is_no_answer(read):
    event = read(f"Three.\n\n{WROTE['en']}\n> Which day?\n\n-- \nDana", **ANSWERS)

    assert event.text == "Re: Saturday\n\nThree."


def test_a_mail_that_only_quotes_is_shown_whole(read):
    assert read("> Which day?\n> Saturday?", **ANSWERS).text.endswith("> Which day?\n> Saturday?")


@pytest.mark.parametrize("subject", ["Fwd: Saturday", "WG: Samstag", "FW: Re: Saturday"])
def test_a_forwarded_mail_is_shown_whole(read, subject):
    body = f"What do you think?\n\n{OUTLOOK['en']}"

    assert read(body, Subject=subject, References="<s-1@salon.example>").text.endswith(body)


def test_a_mail_that_is_no_reply_keeps_lines_that_look_like_a_quotes_beginning(read):
    body = "From: Austin\nTo: Denver\nDate: Saturday\nSubject: a piano"

    assert read(body, Subject="Moving").text == f"Moving\n\n{body}"


def test_a_signature_is_left_out_and_only_there(read):
    assert read("Three.\n\n-- \nDana Reyes\n+1 415").text == "A question\n\nThree."
    assert read("Three -- \nor four").text == "A question\n\nThree -- \nor four"
    assert read("-- \nDana").text == "A question\n\n-- \nDana"


def test_all_of_it_is_shown_if_the_settings_say_so(read):
    body = f"Three.\n\n{WROTE['en']}\n> Which day?\n\n-- \nDana"

    assert read(body, settings={"whole_text": True}, **ANSWERS).text == f"Re: Saturday\n\n{body}"


def test_a_quote_that_begins_far_down_stays(read):
    body = f"{'So it goes. ' * 3000}\n\n{WROTE['en']}\n\nShall I book it?"

    assert read(body, **ANSWERS).text.endswith("Shall I book it?")


@pytest.mark.parametrize(
    ("subject", "body", "text"),
    [
        ("Hello", "Hello", "Hello"),
        ("Hello", "Hello there", "Hello there"),
        (None, "Hello", "Hello"),
        ("Hello", "", "Hello"),
        ("  a \r\n b", "c", "a b\n\nc"),
        (None, " \n ", "(an email without text)"),
    ],
)
def test_the_subject_stands_above_the_text(read, subject, body, text):
    assert read(body, Subject=subject).text == text


HTML = {"Content_Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<style>p{}</style><script>x()</script><!-- y --><p>One</p>", "One"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ('<a href="https://salon.example">our page</a>', "[our page](https://salon.example)"),
        ("<table><tr><td>Name</td><td>Dana</td></tr></table>", "Name  Dana"),
        ('<p>One<img src="data:image/png;base64,AAAA"></p>', "One"),
        ("", ""),
        ("<!DOCTYPE html>", ""),
        ('<?xml version="1.0" encoding="utf-7"?><p>é</p>', "é"),
    ],
)
def test_html_is_read_as_plain_text(html, text):
    assert html_text(html) == text


def test_html_that_nests_deep_keeps_its_words():
    html = f"<p>above</p>{'<div>' * 2000}deep{'</div>' * 2000}<p>below</p>"

    assert html_text(html).split() == ["above", "deep", "below"]


def test_html_that_nests_too_deep_says_so():
    assert html_text(f"<p>above</p>{'<div>' * 20_000}deep") == f"above\n{TOO_DEEP}"


def test_html_that_is_too_long_says_so():
    assert html_text("x" * 300_005).endswith("x\n[cut here: 5 more characters of HTML]")


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote gmail_quote_container">old</div>',
        '<blockquote type="cite">old</blockquote>',
        '<div class="yahoo_quoted">old</div>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: x</div><div>old</div>',
    ],
)
def test_a_reply_in_html_is_shown_without_what_it_quotes(read, quote):
    event = read(f"<div>new</div>{quote}", **ANSWERS, **HTML)

    assert event.text == "Re: Saturday\n\nnew"


def test_html_that_only_quotes_is_shown_whole(read):
    event = read('<blockquote type="cite">old</blockquote>', **ANSWERS, **HTML)

    assert event.text == "Re: Saturday\n\nold"


def test_the_plain_text_comes_before_html(read):
    body = (
        "--b\nContent-Type: text/html\n\n<p>the HTML</p>\n"
        "--b\nContent-Type: text/plain\n\nthe text\n--b--"
    )

    event = read(body, Content_Type="multipart/alternative; boundary=b")

    assert event.text == "A question\n\nthe text"
