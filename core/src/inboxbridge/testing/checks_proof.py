"""Checks of proof: signatures, secrets and settings."""

from __future__ import annotations

import string
from typing import Any

from pydantic import SecretStr, ValidationError

from inboxbridge.errors import MalformedBody
from inboxbridge.hookspecs import API_VERSION
from inboxbridge.model import Headers, WebhookRequest
from inboxbridge.signing import (
    Ed25519Signature,
    HmacSignature,
    SharedToken,
    StandardWebhooks,
    TimestampedHmac,
)
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import NOW, Subject, Unmet, message, parse

_DAY_SECONDS = 86_400
_SHORTEST_FINDABLE = 8
_NOTHINGS: tuple[Any, ...] = ("", [])


def is_accepted_when_signed(subject: Subject, sample: Sample) -> None:
    """A delivery signed as the source signs it is accepted, signed with any instance."""
    reason = subject.scheme.verify(subject.signed(sample.request()), NOW)
    if reason:
        raise Unmet(f"{sample.name}, correctly signed, is refused: {reason}")


def is_refused_unsigned(subject: Subject, sample: Sample) -> None:
    """A delivery without a signature is refused."""
    if subject.scheme.verify(subject.unsigned(sample), NOW) is None:
        raise Unmet(f"{sample.name} is accepted without a signature")


def is_refused_when_forged(subject: Subject, sample: Sample) -> None:
    """A delivery with a changed signature or a changed body is refused."""
    plain, signed = sample.request(), subject.signed(sample.request())
    for name in subject.signature_headers:
        headers = [(n, _forged(v) if n == name else v) for n, v in signed.headers.pairs()]
        forged = WebhookRequest(url=sample.url, headers=Headers(headers), body=signed.body)
        if subject.scheme.verify(forged, NOW) is None:
            raise Unmet(f"{sample.name} is accepted with another value in the header {name}")
    if subject.covers_body:
        changed = WebhookRequest(url=sample.url, headers=signed.headers, body=signed.body + b"1")
        if subject.scheme.verify(changed, NOW) is None:
            raise Unmet(f"{sample.name} is accepted with another body than the signed one")
    other = other_settings(subject)
    if other is not None:
        foreign = subject.connection(other).signature
        if subject.scheme.verify(subject.signed(plain, scheme=foreign), NOW) is None:
            raise Unmet(f"{sample.name} is accepted when it is signed with other secrets")


def has_time_window(subject: Subject) -> bool:
    """Whether the declared scheme signs a timestamp."""
    return all(
        isinstance(scheme, TimestampedHmac | StandardWebhooks | Ed25519Signature)
        or (isinstance(scheme, HmacSignature) and scheme.timestamp_header is not None)
        for scheme in subject.schemes
    )


def is_refused_when_stale(subject: Subject, sample: Sample) -> None:
    """A delivery recorded a day ago, or signed for tomorrow, is refused."""
    for seconds, when in (
        (-_DAY_SECONDS, "signed a day ago"),
        (_DAY_SECONDS, "signed for tomorrow"),
    ):
        signed = subject.signed(sample.request(), now=NOW + seconds)
        if subject.scheme.verify(signed, NOW) is None:
            raise Unmet(f"{sample.name} is accepted though it was {when}: narrow the time window")


def can_rotate(subject: Subject) -> bool:
    """Whether the kit can rotate the secrets: the connector has some, and signs with them."""
    return bool(subject.secrets) and subject.verifies and subject.signs_itself


def rotates(subject: Subject, sample: Sample) -> None:
    """While a secret is rotated, deliveries signed with the old and the new one are accepted."""
    if not subject.rotatable:
        raise Unmet(
            "no setting may hold several secrets. Type the signing secret as Secrets, so that a "
            "list of them is accepted while it is being changed at the source"
        )
    old, new = subject.settings, other_settings(subject)
    if new is None:
        raise Unmet("the settings accept no second secret")
    both = {
        name: [*_as_list(new[name]), *_as_list(old[name])] if name in subject.rotatable else value
        for name, value in old.items()
    }
    rotating = subject.connection(both).signature
    for settings, which in ((old, "old"), (new, "new")):
        scheme = subject.connection({**old, **_only(settings, subject.rotatable)}).signature
        reason = rotating.verify(subject.signed(sample.request(), scheme=scheme), NOW)
        if reason:
            raise Unmet(
                f"{sample.name}, signed with the {which} of two live secrets, is refused: {reason}"
            )


def other_settings(subject: Subject) -> dict[str, Any] | None:
    """Return the settings with every secret replaced by another of the same form."""
    if not subject.secrets or not subject.signs_itself:
        return None
    secrets = set(subject.secrets)
    other = {name: _exchanged(value, secrets) for name, value in subject.settings.items()}
    return None if other == subject.settings else other


def _exchanged(value: Any, secrets: set[str]) -> Any:
    if isinstance(value, SecretStr):
        return _exchanged(value.get_secret_value(), secrets)
    if isinstance(value, list | tuple):
        return [_exchanged(item, secrets) for item in value]
    return _altered(value) if isinstance(value, str) and value in secrets else value


def _forged(value: str) -> str:
    return value[:-8] + _altered(value[-8:])


def _altered(text: str) -> str:
    """Another text of the same form: letters and digits moved on by one, prefixes kept."""
    head, mark, tail = text.rpartition("_")
    if not tail.strip("="):
        head, mark, tail = "", "", text
    moved = tail.translate(_MOVED)
    return f"{head}{mark}{moved}" if moved != tail else f"{text}1"


_ALPHABETS = (string.ascii_lowercase[:6], string.ascii_lowercase[6:], string.ascii_uppercase,
              string.digits)  # fmt: skip
_MOVED = str.maketrans(
    "".join(_ALPHABETS), "".join(alphabet[1:] + alphabet[0] for alphabet in _ALPHABETS)
)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _only(settings: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: settings[name] for name in names if name in settings}


def hides_secrets(subject: Subject, samples: list[Sample]) -> None:
    """No secret shows when the connector is printed, refuses something or stores a delivery."""
    for where, text in _printed(subject, samples):
        for secret in subject.secrets:
            if len(secret) >= _SHORTEST_FINDABLE and secret in text:
                raise Unmet(f"a secret shows in {where}: type it as Secret or Secrets")


def _printed(subject: Subject, samples: list[Sample]) -> list[tuple[str, str]]:
    connection = subject.connection()
    connector, settings = connection.connector, connection.connector.settings
    found = [
        ("the connector's repr", f"{connector!r} {connector!s}"),
        ("the settings' repr", f"{settings!r} {settings!s} {settings.model_dump_json()}"),
        ("the signature's repr", f"{connection.signature!r} {connection.signature!s}"),
    ]
    for name in [*subject.settings, "surprise"]:
        wrong = {**subject.settings, name: {"of": ["the wrong type"]}}
        found.append((f"the error about the setting {name}", _refusal(subject, wrong)))
        kept = {key: value for key, value in subject.settings.items() if key != name}
        found.append((f"the error without the setting {name}", _refusal(subject, kept)))
    for sample in samples:
        signed = subject.signed(sample.request()) if subject.verifies else sample.request()
        found.append(("why a delivery is refused", str(subject.scheme.verify(signed, 0))))
        try:
            events = parse(connection, signed)
        except MalformedBody as error:
            found.append(("a MalformedBody", str(error)))
            continue
        for event in events:
            found.append((f"an event of {sample.name}", event.model_dump_json()))
            found.append((f"a message of {sample.name}", str(message(connection, event))))
        if any(isinstance(s, SharedToken) and s.body_field for s in subject.schemes):
            kept_body = connection.redacted(signed).body.decode("utf-8", "replace")
            found.append(("the stored body (implement redact)", kept_body))
    return found


def _refusal(subject: Subject, settings: dict[str, Any]) -> str:
    try:
        subject.cls.Settings.model_validate(settings)
    except ValidationError as error:
        return str(error)
    return ""


def refuses_unknown_settings(subject: Subject, samples: list[Sample]) -> None:
    """A misspelt setting is refused, and so is an empty secret."""
    try:
        subject.cls.Settings.model_validate({**subject.settings, "a_misspelt_setting": 1})
    except ValidationError:
        pass
    else:
        raise Unmet("Settings takes keys that it does not know: derive it from ConnectorSettings")
    for name in subject.rotatable:
        for nothing in _NOTHINGS:
            try:
                subject.cls.Settings.model_validate({**subject.settings, name: nothing})
            except ValidationError:
                continue
            raise Unmet(f"the setting {name} may be empty: type it as Secrets")


def has_supported_api_version(subject: Subject, samples: list[Sample]) -> None:
    """The connector was written for a version of the contract that this core speaks."""
    if not 1 <= subject.cls.api_version <= API_VERSION:
        raise Unmet(
            f"{subject.name}.api_version is {subject.cls.api_version}; this core speaks "
            f"1 to {API_VERSION}"
        )


def declares_proof(subject: Subject, samples: list[Sample]) -> None:
    """The source's signature is declared and verified."""
    if not subject.verifies:
        raise Unmet(
            "NoSignature: whoever knows the URL can write into the Inbox. Declare the source's "
            "signature; if it has none, exempt this rule and say so"
        )
    for sample in samples:
        is_accepted_when_signed(subject, sample)
        is_refused_unsigned(subject, sample)
        is_refused_when_forged(subject, sample)
