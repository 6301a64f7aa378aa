"""One mistake, one failure: what else it breaks is skipped, with where to look."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inboxbridge.testing.checks_reading import becomes_messages
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import Subject, Unmet


class Gate:
    """Lets a test of a suite run unless something that came before keeps it from meaning anything.

    Whichever test meets a mistake first fails, and says it whole; the others are skipped and name
    it. So a run with a mistake in it is never green, whatever part of the suite was chosen.

    Args:
        subject: The connector under test.
        samples: Its samples.
        read: Whether all of these must become messages; not where that is exempt.
    """

    def __init__(self, subject: Subject, samples: list[Sample], *, read: bool = True) -> None:
        self._subject = subject
        self._samples = samples if read else []
        self._names = sorted((one.name for one in samples), key=len, reverse=True)
        self._found: dict[str, str | None] = {}
        self._told: dict[str, str] = {}

    def run(self, test: str, check: Callable[[], None], sample: Sample | None = None) -> None:
        """Run *check* as the test called *test*, about *sample* or about the whole connector.

        Raises:
            Unmet: There is a mistake that no test has failed of yet.
        """
        __tracebackhide__ = True
        name = f"{test}[{sample.name}]" if sample else test
        fault = self._set_up() or (self._reading(sample) if sample in self._samples else None)
        if fault is None:
            try:
                check()
            except Unmet as unmet:
                fault = str(unmet)
                self._skip_if_explained(sample)
        if fault is not None:
            self._fail_once(name, fault)

    def _skip_if_explained(self, sample: Sample | None) -> None:
        """A rule about all samples fails too where one cannot be read; that one is told of."""
        __tracebackhide__ = True
        if sample is None:
            for one in self._samples:
                found = self._reading(one)
                if found is not None and (told := self._told.get(self._key(found))):
                    pytest.skip(f"first correct what {told} says")

    def _fail_once(self, name: str, fault: str) -> None:
        __tracebackhide__ = True
        key = self._key(fault)
        first = self._told.setdefault(key, name)
        if first != name:
            pytest.skip(f"first correct what {first} says")
        raise Unmet(fault)

    def _set_up(self) -> str | None:
        def made() -> None:
            self._subject.connection()

        return self._once("", made)

    def _reading(self, sample: Sample | None) -> str | None:
        if sample is None:
            return None
        return self._once(sample.name, lambda: becomes_messages(self._subject, sample))

    def _once(self, key: str, check: Callable[[], None]) -> str | None:
        if key not in self._found:
            try:
                check()
            except Unmet as unmet:
                self._found[key] = str(unmet)
            else:
                self._found[key] = None
        return self._found[key]

    def _key(self, fault: str) -> str:
        """A fault without the sample at which it shows."""
        for name in self._names:
            fault = fault.replace(name, "")
        return fault
