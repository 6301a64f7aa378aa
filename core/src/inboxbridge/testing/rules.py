"""The rules of the scorecard: what is asked of a connector, at which level, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from inboxbridge.testing import checks_package as package
from inboxbridge.testing import checks_proof as proof
from inboxbridge.testing import checks_reading as reading
from inboxbridge.testing import checks_said as said
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import Subject

Level = Literal["bronze", "silver", "gold"]
LEVELS: tuple[Level, ...] = ("bronze", "silver", "gold")

EachCheck = Callable[[Subject, Sample], None]
WholeCheck = Callable[[Subject, list[Sample]], None]


def always(subject: Subject) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """One thing that is asked of a connector.

    Attributes:
        name: How it is called in exemptions, and as a test after ``test_``.
        level: The lowest level that asks for it.
        why: What goes wrong where it is not kept.
        each: The check, for rules that hold for every sample on its own.
        whole: The check, for rules about the connector or all its samples together.
        applies: Whether the rule has a meaning for a connector.
        tested: Whether it is a test of the suite, not only a line of the scorecard.
    """

    name: str
    level: Level
    why: str
    each: EachCheck | None = None
    whole: WholeCheck | None = None
    applies: Callable[[Subject], bool] = always
    tested: bool = True

    @property
    def what(self) -> str:
        """What is asked, in a sentence: the first line of the check's docstring."""
        check = self.each or self.whole
        check = check.func if isinstance(check, partial) else check
        return (check.__doc__ or "").strip().partition("\n")[0]

    def check(self, subject: Subject, samples: list[Sample]) -> None:
        """Check all samples. Raises `Unmet` at the first that does not keep the rule."""
        if self.whole is not None:
            self.whole(subject, samples)
        if self.each is not None:
            for sample in samples:
                self.each(subject, sample)


def _verifies(subject: Subject) -> bool:
    return subject.verifies


def _has_window(subject: Subject) -> bool:
    return subject.verifies and proof.has_time_window(subject)


def rules(folder: Path | None = None) -> list[Rule]:
    """Return the rules in the order of their levels, for samples that are in *folder*."""
    return [
        Rule(
            "has_samples", "bronze",
            "Without a real body nobody can see what the connector is for, or fix it.",
            whole=package.has_samples,
        ),
        Rule(
            "parses", "bronze",
            "A delivery that cannot be read lies unread until a person replays it.",
            each=reading.parses,
        ),
        Rule(
            "becomes_messages", "bronze",
            "An event that cannot become a message ends as a dead letter.",
            each=reading.becomes_messages,
        ),
        Rule(
            "ids_are_stable", "bronze",
            "Sources repeat deliveries; with a new id the customer's message shows twice.",
            each=reading.ids_are_stable,
        ),
        Rule(
            "ids_are_distinct", "bronze",
            "The second event of an id is taken for a repetition and dropped.",
            each=reading.ids_are_distinct,
        ),
        Rule(
            "is_garbage_safe", "bronze",
            "Sources change their format without notice; only MalformedBody keeps the delivery.",
            each=reading.is_garbage_safe,
        ),
        Rule(
            "other_hooks_are_garbage_safe", "bronze",
            "An unhandled error answers the source with a 5xx, and it may unsubscribe us.",
            each=reading.other_hooks_are_garbage_safe,
        ),
        Rule(
            "declares_proof", "bronze",
            "Without proof anyone may write into the Inbox in a customer's name.",
            whole=proof.declares_proof, tested=False,
        ),
        Rule(
            "is_accepted_when_signed", "bronze",
            "A genuine delivery that is refused is lost with most sources.",
            each=proof.is_accepted_when_signed, applies=_verifies,
        ),
        Rule(
            "is_refused_unsigned", "bronze",
            "Without proof anyone may write into the Inbox in a customer's name.",
            each=proof.is_refused_unsigned, applies=_verifies,
        ),
        Rule(
            "is_refused_when_forged", "bronze",
            "A proof that does not depend on body and secret proves nothing.",
            each=proof.is_refused_when_forged, applies=_verifies,
        ),
        Rule(
            "hides_secrets", "bronze",
            "What is printed ends in logs, and logs are read by many.",
            whole=proof.hides_secrets,
        ),
        Rule(
            "refuses_unknown_settings", "bronze",
            "A misspelt setting that is silently ignored costs its owner a day.",
            whole=proof.refuses_unknown_settings,
        ),
        Rule(
            "has_supported_api_version", "bronze",
            "The core refuses to load a connector of another version.",
            whole=proof.has_supported_api_version,
        ),
        Rule(
            "is_as_expected", "silver",
            "What was once looked at by eye stays as it was.",
            each=reading.is_as_expected,
        ),
        Rule(
            "survives_json", "silver",
            "Events wait on disk; what is lost there is lost in the Inbox.",
            each=reading.survives_json,
        ),
        Rule(
            "is_pure", "silver",
            "A replay or a retry must give the same message, or it shows twice.",
            each=reading.is_pure,
        ),
        Rule(
            "keeps_order", "silver",
            "A conversation read in another order is another conversation.",
            each=reading.keeps_order,
        ),
        Rule(
            "people_are_not_mixed", "silver",
            "One customer's words in another's conversation is the worst that can happen.",
            each=said.people_are_not_mixed,
        ),
        Rule(
            "parts_are_independent", "gold",
            "A batch holds what many people said; one odd item must not hold them all back.",
            each=reading.parts_are_independent,
        ),
        Rule(
            "keeps_what_was_said", "gold",
            "What a customer said and nobody sees is lost, however well it is stored.",
            each=said.keeps_what_was_said,
        ),
        Rule(
            "ignores_unknown", "silver",
            "Sources add kinds of events; each would become noise or an unread delivery.",
            whole=reading.ignores_unknown,
        ),
        Rule(
            "takes_long_texts", "silver",
            "People paste whole documents into chats.",
            each=reading.takes_long_texts,
        ),
        Rule(
            "is_refused_when_stale", "silver",
            "A recorded delivery could be sent again at any time.",
            each=proof.is_refused_when_stale, applies=_has_window,
        ),
        Rule(
            "rotates", "silver",
            "With one secret at a time every rotation loses deliveries.",
            each=proof.rotates, applies=proof.can_rotate,
        ),
        Rule(
            "has_several_samples", "silver",
            "One sample shows the easy case only.",
            whole=package.has_several_samples, tested=False,
        ),
        Rule(
            "shows_what_is_ignored", "silver",
            "Readers must see that a kind was left out on purpose.",
            whole=package.shows_what_is_ignored, tested=False,
        ),
        Rule(
            "has_both_directions", "silver",
            "A conversation with the business's half missing misleads who reads it.",
            whole=package.has_both_directions, tested=False,
        ),
        Rule(
            "names_its_source", "silver",
            "The owner must see where a message came from to answer there.",
            whole=package.names_its_source, tested=False,
        ),
        Rule(
            "refuses_in_words", "silver",
            "The text of MalformedBody is all that its reader has to go by.",
            whole=package.refuses_in_words, tested=False,
        ),
        Rule(
            "says_what_to_expect", "gold",
            "Expected files are the documentation that cannot go stale.",
            whole=package.says_what_to_expect, tested=False,
        ),
        Rule(
            "has_edge_samples", "gold",
            "Most faults are found at the edges.",
            whole=package.has_edge_samples, tested=False,
        ),
        Rule(
            "is_typed", "gold",
            "Users' type checkers see the connector's types only then.",
            whole=package.is_typed, tested=False,
        ),
        Rule(
            "documents_settings", "gold",
            "Who sets the connector up knows the source, not its code.",
            whole=package.documents_settings, tested=False,
        ),
        Rule(
            "cites_its_source", "gold",
            "Who fixes the connector needs the page that it was written from.",
            whole=package.cites_its_source, tested=False,
        ),
        Rule(
            "has_readme", "gold",
            "The README is the first thing that a user of the package sees.",
            whole=partial(package.has_readme, folder=folder), tested=False,
        ),
    ]  # fmt: skip
