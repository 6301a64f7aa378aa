"""The scorecard: a level, and what is missing for the next."""

from __future__ import annotations

from typing import Any

import pytest
from inboxbridge.testing import LEVELS, Mark, Rule, Scorecard
from rich.console import Console


def mark(name: str, level: Any, **given: Any) -> Mark:
    return Mark(Rule(name, level, "Because.", whole=check), **given)


def check(subject: object, samples: object) -> None:
    """Something is asked."""


def card(*marks: Mark) -> Scorecard:
    return Scorecard("Acme", marks)


def test_the_level_is_the_highest_of_which_all_is_kept() -> None:
    kept = [mark(level, level) for level in LEVELS]

    for index, level in enumerate(LEVELS):
        marks = [*kept, mark("x", level, missing="something")]

        assert card(*marks).level == (LEVELS[index - 1] if index else None)
        assert card(*kept).reaches(level)
        assert not card(*marks).reaches("gold")
    assert card(*kept).level == "gold"


def test_a_higher_level_needs_the_lower_ones_too() -> None:
    found = card(mark("b", "bronze", missing="x"), mark("s", "silver"), mark("g", "gold"))

    assert found.level is None
    assert [one.rule.name for one in found.missing("gold")] == ["b"]


def test_what_is_exempt_or_does_not_apply_is_not_missing() -> None:
    found = card(
        mark("b", "bronze", exempt="the source has none"), mark("s", "silver", applies=False),
    )  # fmt: skip

    assert found.level == "gold"
    assert "exempt: the source has none" in str(found)
    assert "does not apply" in str(found)


def test_it_prints_the_marks_and_what_the_next_level_asks_for() -> None:
    found = card(
        mark("ids", "bronze"),
        mark("order", "silver", missing="sort them"),
        mark("readme", "gold", missing="write it"),
    )

    text = str(found)

    assert "Acme: bronze" in text
    assert "For silver:" in text
    assert "- order: sort them (Because.)" in text
    assert "- readme" not in text
    assert text.index("✓") < text.index("✗")
    assert "\x1b" not in text


def test_rich_prints_it_too() -> None:
    console = Console(record=True, width=80)

    with console.capture() as captured:
        console.print(card(mark("ids", "bronze", missing="give them")))

    assert "Acme: no level yet" in captured.get()
    assert "For bronze:" in captured.get()


@pytest.mark.parametrize("level", LEVELS)
def test_an_empty_card_reaches_everything(level: Any) -> None:
    assert card().reaches(level)
