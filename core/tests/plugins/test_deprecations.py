"""A connector that uses what is going away hears the old spelling, the new one, and until when."""

from __future__ import annotations

import warnings
from typing import ClassVar

import pytest
from inboxbridge import Connector, ConnectorSettings, NoSignature, hookimpl
from inboxbridge.plugins.deprecations import DEPRECATED, Deprecation, warn_of
from structlog.testing import capture_logs


class Aging(Connector[ConnectorSettings]):
    Settings: ClassVar = ConnectorSettings

    @hookimpl
    def signature(self):
        return NoSignature()

    @hookimpl
    def parse_event(self, request):
        return []


GOING = {
    "signature": Deprecation(instead="proof", since="1.4", removed_in="2.0"),
    "parse_event(request)": Deprecation(instead="delivery", since="1.5", removed_in="2.0"),
}


def test_a_deprecated_hook_and_argument_are_named_with_their_successor_and_last_release() -> None:
    with pytest.warns(DeprecationWarning, match="removed in 2.0") as caught, capture_logs() as logs:
        said = warn_of(Aging, ["signature", "parse_event"], "connector 'aging'", GOING)

    assert said == [
        "connector 'aging' uses signature, deprecated since 1.4 and removed in 2.0: use proof",
        "connector 'aging' uses parse_event(request), deprecated since 1.5 and removed in 2.0: "
        "use delivery",
    ]
    assert [str(one.message) for one in caught] == said
    assert [line["reason"] for line in logs] == said


def test_a_connector_that_uses_nothing_deprecated_hears_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            warn_of(Aging, ["parse_event"], "connector 'aging'", {"badge": GOING["signature"]})
            == []
        )


def test_nothing_of_the_first_version_of_the_contract_is_deprecated() -> None:
    assert DEPRECATED == {}
