"""Untrusted text becomes plain, printable and bounded."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import clean_text
from inboxbridge.model.text import MAX_TEXT_CHARACTERS

moderately = settings(max_examples=200)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Is Saturday free?", "Is Saturday free?"),
        ("  Hi \n", "Hi"),
        ("a\r\nb\rc\n\nd\te", "a\nb\nc\n\nd\te"),
        ("a\x00b\x07c\x1b[31md\x7fe\x85f\x9fg", "abc[31mdefg"),
        ("lone \ud83d surrogate \ude00", "lone  surrogate"),
        ("😀👩‍👩‍👧‍👦🇺🇸👍🏽", "😀👩‍👩‍👧‍👦🇺🇸👍🏽"),
        ("שלום مرحبا こんにちは", "שלום مرحبا こんにちは"),
        ("", ""),
        ("\x00\ud800", ""),
    ],
)
def test_what_is_kept_of_a_text(given: str, kept: str) -> None:
    assert kept == clean_text(given)


def test_a_text_of_a_hundred_kilobytes_is_kept_whole() -> None:
    text = "Grüße " * 16_000 + "!"

    assert text == clean_text(text)


def test_a_longer_text_is_cut_and_says_so() -> None:
    text = "x" * (MAX_TEXT_CHARACTERS + 1)

    cut = clean_text(text)

    kept, _, note = cut.partition("\n")
    assert len(cut) <= MAX_TEXT_CHARACTERS
    assert text.startswith(kept)
    assert f"[cut here: {len(text) - len(kept)} more characters]" == note


@moderately
@given(text=st.text() | st.text(st.characters(categories=["Cc", "Cs", "Cf", "Zs", "Lu"])))
def test_cleaned_text_can_be_stored_and_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)

    cleaned.encode()
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in cleaned)
    assert cleaned == clean_text(cleaned)
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize("extra", [0, 1, 99, 100, 101, 50_000])
def test_cutting_again_changes_nothing(extra: int) -> None:
    for filler in ("x", "x ", "\n\nx", "😀"):
        cut = clean_text(filler * ((MAX_TEXT_CHARACTERS + extra) // len(filler) + 1))

        assert cut == clean_text(cut)
