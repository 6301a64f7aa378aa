"""How good a connector is: bronze, silver or gold, and what is missing for more."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from inboxbridge.connector import Connector, Providers
from inboxbridge.testing.rules import LEVELS, Level, Rule, rules
from inboxbridge.testing.samples import Sample, load_samples
from inboxbridge.testing.subject import Sign, Subject, Unmet, fuzz_of_each


@dataclass(frozen=True)
class Mark:
    """How a connector does by one rule.

    Attributes:
        rule: The rule.
        missing: What is missing and what to do; None where the rule is kept.
        exempt: Why the rule is not asked of this connector; None where it is.
        applies: Whether the rule has a meaning for this connector.
    """

    rule: Rule
    missing: str | None = None
    exempt: str | None = None
    applies: bool = True

    @property
    def ok(self) -> bool:
        """Whether the rule stands in nobody's way."""
        return self.missing is None


@dataclass(frozen=True)
class Scorecard:
    """A connector's marks. Print it with rich, or as text with ``str``.

    Attributes:
        connector: The connector's class name, with its provider if it has one.
        marks: One for each rule, in the order of the levels.
    """

    connector: str
    marks: tuple[Mark, ...]

    @property
    def level(self) -> Level | None:
        """The highest level of which every rule, and every rule below, is kept; None for none."""
        reached = None
        for level in LEVELS:
            if self.missing(level):
                break
            reached = level
        return reached

    def missing(self, level: Level) -> list[Mark]:
        """Return the marks that stand between the connector and *level*."""
        asked = LEVELS[: LEVELS.index(level) + 1]
        return [mark for mark in self.marks if mark.rule.level in asked and not mark.ok]

    def reaches(self, level: Level) -> bool:
        """Whether every rule up to *level* is kept."""
        return not self.missing(level)

    def __rich__(self) -> RenderableType:
        title = f"{self.connector}: {self.level or 'no level yet'}"
        table = Table("", "level", "rule", "what", title=title, box=box.SIMPLE_HEAD)
        for mark in self.marks:
            table.add_row(_sign(mark), mark.rule.level, mark.rule.name, _what(mark))
        upper = [level for level in LEVELS if self.missing(level)]
        if not upper:
            return table
        todo = self.missing(upper[0])
        lines = [f"For {upper[0]}:"]
        lines += [f"- {mark.rule.name}: {mark.missing} ({mark.rule.why})" for mark in todo]
        return Group(table, Text("\n".join(lines)))

    def __str__(self) -> str:
        console = Console(width=110, record=True, file=io.StringIO(), color_system=None)
        console.print(self)
        return console.export_text()


def _sign(mark: Mark) -> Text:
    if not mark.ok:
        return Text("✗", style="red")
    return Text("–", style="dim") if mark.exempt or not mark.applies else Text("✓", style="green")


def _what(mark: Mark) -> Text:
    if mark.missing:
        return Text(mark.missing, style="red")
    if mark.exempt:
        return Text(f"exempt: {mark.exempt}", style="dim")
    return Text(mark.rule.what) if mark.applies else Text("does not apply", style="dim")


def scorecard(
    connector: type[Connector[Any]] | Providers,
    settings: Mapping[str, Any],
    samples: Path | str | Sequence[Sample],
    *,
    provider: str | None = None,
    only: str | None = None,
    sign: Sign | None = None,
    unknown: Sequence[bytes] = (),
    exempt: Mapping[str, str] | None = None,
    fuzz: int | None = None,
) -> Scorecard:
    """Return how *connector* does by every rule.

    The arguments are those of `inboxbridge.testing.contract_suite`.

    Raises:
        ValueError: The settings do not fit, an exemption names no rule or gives no reason, a sample
            cannot be loaded, or *fuzz* is less than 1.
    """
    folder = Path(samples) if isinstance(samples, Path | str) else None
    asked = rules(folder)
    found = find_samples(samples, provider=provider, only=only)
    reasons = checked_exemptions(exempt, asked)
    subject = Subject(
        connector,
        provider=provider,
        settings=settings,
        sign=sign,
        unknown=tuple(unknown),
        fuzz=fuzz_of_each(len(found)) if fuzz is None else fuzz,
    )
    return judge(subject, found, asked, reasons)


def judge(
    subject: Subject, samples: list[Sample], asked: list[Rule], exempt: Mapping[str, str]
) -> Scorecard:
    """Return how *subject* does by the rules *asked*."""
    marks = tuple(_mark(rule, subject, samples, exempt.get(rule.name)) for rule in asked)
    name = f"{subject.name} ({subject.provider})" if subject.provider else subject.name
    return Scorecard(name, marks)


def find_samples(
    samples: Path | str | Sequence[Sample], *, provider: str | None, only: str | None
) -> list[Sample]:
    """Return the samples meant: of a provider those called after it, where there are any."""
    if not isinstance(samples, Path | str):
        return list(samples)
    if only is not None or provider is None:
        return load_samples(samples, only or "*")
    return load_samples(samples, f"{provider}-*") or load_samples(samples)


def checked_exemptions(exempt: Mapping[str, str] | None, asked: list[Rule]) -> dict[str, str]:
    """Return the exemptions. Raises ValueError for one of no rule, or without a reason."""
    names = [rule.name for rule in asked]
    for name, reason in (exempt or {}).items():
        if name not in names:
            raise ValueError(f"exempt names no rule: {name!r}. The rules are {', '.join(names)}")
        if not reason.strip():
            raise ValueError(f"exempt[{name!r}] gives no reason")
    return dict(exempt or {})


def _mark(rule: Rule, subject: Subject, samples: list[Sample], exempt: str | None) -> Mark:
    if exempt is not None:
        return Mark(rule, exempt=exempt)
    try:
        if not rule.applies(subject):
            return Mark(rule, applies=False)
        if not samples and rule.name != "has_samples":
            return Mark(rule, missing="there are no samples to check it with")
        rule.check(subject, samples)
    except Unmet as unmet:
        return Mark(rule, missing=str(unmet))
    return Mark(rule)
