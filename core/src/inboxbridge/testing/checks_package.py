"""Checks of the package around a connector: its samples as a set, its documents, its types."""

from __future__ import annotations

import sys
from pathlib import Path

from inboxbridge.errors import MalformedBody
from inboxbridge.model import BasicMessage, Event
from inboxbridge.testing.checks_reading import events_of
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import Subject, Unmet, message, parse

ENOUGH_SAMPLES = 3


def has_samples(subject: Subject, samples: list[Sample]) -> None:
    """There is a captured delivery that becomes at least one event."""
    if not any(events_of(subject, sample) for sample in samples):
        raise Unmet("no sample becomes an event: put a captured body into samples/")


def has_several_samples(subject: Subject, samples: list[Sample]) -> None:
    """There are three samples or more, of more than one kind of event."""
    if len(samples) < ENOUGH_SAMPLES:
        raise Unmet(f"there are {len(samples)} samples; have at least {ENOUGH_SAMPLES}")
    kinds = {_shape(events_of(subject, sample)) for sample in samples}
    if len(kinds) < 2:
        raise Unmet("all samples become the same kind of event: add one of another kind")


def _shape(events: list[Event]) -> frozenset[tuple[str, str, bool]]:
    return frozenset((e.kind, e.direction, bool(e.attachments)) for e in events)


def shows_what_is_ignored(subject: Subject, samples: list[Sample]) -> None:
    """A sample (or a body given as unknown=) is understood and gives nothing for the Inbox."""
    if not subject.unknown and all(events_of(subject, sample) for sample in samples):
        raise Unmet(
            "no sample is ignored: add one of a kind that the source sends and the Inbox does not "
            "need, or give the suite such bodies as unknown="
        )


def has_both_directions(subject: Subject, samples: list[Sample]) -> None:
    """What the business says at the source arrives too, not only what its customers say."""
    found = {event.direction for sample in samples for event in events_of(subject, sample)}
    for direction in ("inbound", "outbound"):
        if direction not in found:
            raise Unmet(
                f"no sample becomes an {direction} event. If the source never tells of those, "
                "exempt this rule and say so"
            )


def names_its_source(subject: Subject, samples: list[Sample]) -> None:
    """The connector has a label, and its BASIC messages a badge."""
    if not subject.cls.label.strip():
        raise Unmet(f'give {subject.name} a label, the source\'s name for people: label = "Acme"')
    for sample in samples:
        connection = subject.connection()
        for event in events_of(subject, sample):
            content, badge = message(connection, event)
            if isinstance(content, BasicMessage) and badge is None:
                raise Unmet(f"{sample.name}: its message has no badge; implement the hook badge")


def says_what_to_expect(subject: Subject, samples: list[Sample]) -> None:
    """Every sample has its ``NAME.expected.json``."""
    missing = [sample.name for sample in samples if sample.expected is None]
    if missing:
        stem = missing[0].rpartition(".")[0]
        raise Unmet(f"{missing[0]} has no {stem}.expected.json beside it ({len(missing)} in all)")


def has_edge_samples(subject: Subject, samples: list[Sample]) -> None:
    """There is a sample of a batch, or one named for the edge that it shows."""
    for sample in samples:
        if "edge" in sample.name or len(events_of(subject, sample)) > 1:
            return
    raise Unmet("add a sample of a batch, or one called edge-….json for the oddest body you know")


def refuses_in_words(subject: Subject, samples: list[Sample]) -> None:
    """A body that is not a delivery at all is refused with a text, not read as nothing."""
    connection = subject.connection()
    try:
        parse(connection, samples[0].request(b"\xff"))
    except MalformedBody as error:
        if len(str(error)) > 5:
            return
        raise Unmet("MalformedBody says nothing: name the field that is missing or wrong") from None
    raise Unmet("a body that is not even text is read as nothing: the delivery would be lost")


def is_typed(subject: Subject, samples: list[Sample]) -> None:
    """The package ships py.typed, so that its users' type checkers see its types."""
    folder = _package_folder(subject)
    if folder is None or not (folder / "py.typed").exists():
        raise Unmet(f"the package {subject.package} has no py.typed beside its __init__.py")


def documents_settings(subject: Subject, samples: list[Sample]) -> None:
    """Every setting is described: in its Field, or under Attributes in the docstring."""
    text = "\n".join(base.__doc__ or "" for base in subject.cls.Settings.__mro__)
    for name, field in subject.cls.Settings.model_fields.items():
        if not field.description and f"{name}:" not in text:
            raise Unmet(
                f"the setting {name} is described neither in its Field nor in the docstring"
            )


def cites_its_source(subject: Subject, samples: list[Sample]) -> None:
    """The class or its module says where the source documents its deliveries."""
    module = sys.modules[subject.cls.__module__]
    if "https://" not in f"{module.__doc__} {subject.cls.__doc__}":
        raise Unmet(
            f"give {subject.name} a docstring with the address of the source's documentation"
        )


def has_readme(subject: Subject, samples: list[Sample], folder: Path | None) -> None:
    """A README beside the samples names every setting."""
    readme = folder.parent / "README.md" if folder else None
    if readme is None or not readme.exists():
        raise Unmet("there is no README.md beside the folder of samples")
    text = readme.read_text(encoding="utf-8")
    for name in subject.cls.Settings.model_fields:
        if name not in text:
            raise Unmet(f"README.md does not name the setting {name}")


def _package_folder(subject: Subject) -> Path | None:
    module = sys.modules.get(subject.package)
    file = getattr(module, "__file__", None)
    return Path(file).parent if file else None
