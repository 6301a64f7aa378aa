"""The contract as a class of tests, for a connector's own test suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from inboxbridge.connector import Connector, Providers
from inboxbridge.testing.gate import Gate
from inboxbridge.testing.rules import Level, Rule, rules
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.scorecard import checked_exemptions, find_samples, judge
from inboxbridge.testing.subject import Sign, Subject, Unmet, fuzz_of_each


def contract_suite(
    connector: type[Connector[Any]] | Providers,
    *,
    settings: Mapping[str, Any],
    samples: Path | str | Sequence[Sample] = "samples",
    provider: str | None = None,
    only: str | None = None,
    sign: Sign | None = None,
    unknown: Sequence[bytes] = (),
    exempt: Mapping[str, str] | None = None,
    minimum: Level = "bronze",
    fuzz: int | None = None,
) -> type:
    """Return a class of pytest tests that check a connector against the contract.

    One line in a test module is enough::

        TestAcme = contract_suite(Acme, settings={"secret": "s3cret-of-acme"}, samples=SAMPLES)

    Args:
        connector: The connector class, or the `inboxbridge.Providers` object of the entry point.
        settings: What the connection's table in connectors.toml would hold. Use invented secrets
            of eight characters or more: shorter ones are not looked for in printed texts.
        samples: The folder of captured deliveries, see `inboxbridge.testing.load_samples`.
        provider: Which of the providers to test; its default one if None.
        only: A pattern for the samples' names. With a provider the default is ``PROVIDER-*``,
            where there are such samples.
        sign: Takes a request and Unix seconds and returns the request as the source signs it. Only
            for schemes whose private key the settings do not hold.
        unknown: Bodies of kinds that the source sends and the connector ignores.
        exempt: Rule name to the reason why it is not asked of this connector.
        minimum: The level of the scorecard that must be reached.
        fuzz: How many bodies to break by chance of each sample, beside those in which one value is
            missing or of another type. By default 60, and fewer where there are many samples:
            about 240 in all, but no less than 10 of each.

    Raises:
        ValueError: The settings do not fit, there are no samples, one cannot be loaded, an
            exemption names no rule or gives no reason, or *fuzz* is less than 1.
    """
    found = find_samples(samples, provider=provider, only=only)
    if not found:
        raise ValueError(
            f"no samples found in {samples}: put a captured body there, as NAME.json or NAME.form"
        )
    asked = rules(Path(samples) if isinstance(samples, Path | str) else None)
    reasons = checked_exemptions(exempt, asked)
    subject = Subject(
        connector,
        provider=provider,
        settings=settings,
        sign=sign,
        unknown=tuple(unknown),
        fuzz=fuzz_of_each(len(found)) if fuzz is None else fuzz,
    )

    gate = Gate(subject, found, read=not {"parses", "becomes_messages"} & reasons.keys())

    def test_can_be_set_up(self: object) -> None:
        __tracebackhide__ = True
        gate.run("test_can_be_set_up", lambda: None)

    def judged() -> None:
        __tracebackhide__ = True
        card = judge(subject, found, [rule for rule in asked if not rule.tested], reasons)
        if not card.reaches(minimum):
            raise Unmet(f"{card.connector} does not reach {minimum}:\n{card}")

    def test_scorecard(self: object) -> None:
        __tracebackhide__ = True
        gate.run("test_scorecard", judged)

    test_can_be_set_up.__doc__ = f"{subject.name} can be set up: its hooks and settings are right."
    test_scorecard.__doc__ = f"Beside the other tests, all is there that {minimum} asks for."

    def pytest_generate_tests(self: object, metafunc: pytest.Metafunc) -> None:
        if "sample" in metafunc.fixturenames:
            chosen = found
            if metafunc.function.__name__ == "test_is_as_expected":
                chosen = [sample for sample in found if sample.expected]
            metafunc.parametrize("sample", chosen, ids=[sample.name for sample in chosen])

    tests: dict[str, Any] = {
        "__doc__": f"The contract, for {subject.name}.",
        "pytest_generate_tests": pytest_generate_tests,
        "test_can_be_set_up": test_can_be_set_up,
    }
    for rule in asked:
        if rule.tested and rule.name not in reasons and _applies(rule, subject, found):
            tests[f"test_{rule.name}"] = _test_of(rule, subject, found, gate)
    tests["test_scorecard"] = test_scorecard
    return type(f"Test{subject.name}Contract", (), tests)


def _applies(rule: Rule, subject: Subject, samples: list[Sample]) -> bool:
    """Whether there is anything to test; a connector that cannot be made fails in its tests."""
    if rule.name == "is_as_expected":
        return any(sample.expected for sample in samples)
    try:
        return rule.applies(subject)
    except Unmet:
        return True


def _test_of(rule: Rule, subject: Subject, samples: list[Sample], gate: Gate) -> Any:
    name, each, whole = f"test_{rule.name}", rule.each, rule.whole
    if each is not None:

        def test_each(self: object, sample: Sample) -> None:
            __tracebackhide__ = True
            gate.run(name, lambda: each(subject, sample), sample)

        test: Any = test_each
    else:
        assert whole is not None

        def test_whole(self: object) -> None:
            __tracebackhide__ = True
            gate.run(name, lambda: whole(subject, samples))

        test = test_whole
    test.__name__ = name
    test.__doc__ = f"{rule.what} {rule.why}"
    return test
