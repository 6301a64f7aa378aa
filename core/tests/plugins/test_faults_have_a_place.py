"""What is wrong with a connection is said with file, line, table, key and the nearest spelling."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import (
    Connector,
    ConnectorSettings,
    NoSignature,
    Secret,
    Secrets,
    Signature,
    hookimpl,
)
from inboxbridge.config import load_config
from inboxbridge.plugins import GROUP, connect_all, installed
from pydantic import field_validator

VALUE = "a-secret-nobody-may-see"


class ParcelSettings(ConnectorSettings):
    secret: Secrets
    tracking: bool = True
    pin: Secret | None = None

    @field_validator("pin", mode="before")
    @classmethod
    def _even(cls, value: Any) -> Any:
        raise ValueError(f"must be even, not {value}")


class Parcel(Connector[ParcelSettings]):
    Settings = ParcelSettings

    @hookimpl
    def signature(self) -> Signature:
        if self.settings.tracking:
            return NoSignature()
        raise ValueError(f"cannot sign with {self.settings.secret[0].get_secret_value()}")

    @hookimpl
    def parse_event(self, request: Any) -> list[Any]:
        return []


AVAILABLE = [
    EntryPoint("parcel", f"{__name__}:Parcel", GROUP),
    EntryPoint("courier", f"{__name__}:Parcel", GROUP),
]


@pytest.fixture
def reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The module of a test is not importable by its name.
    monkeypatch.setattr(EntryPoint, "load", lambda self: Parcel)

    def found(connections: str) -> dict[str, str]:
        path = tmp_path / "connectors.toml"
        path.write_text('[sites.default]\nsite_id = "s"\napi_key = "k"\n' + connections)
        config = load_config(path, {"PARCEL_SECRET": VALUE})
        _, broken = connect_all(config, installed(AVAILABLE))
        return {one.connection: one.reason.replace(str(path), "FILE") for one in broken}

    return found


def test_a_misspelt_connector_is_named_with_its_place(reasons: Any) -> None:
    found = reasons('[connectors.desk]\nplugin = "parcle"\n[connectors.corier]\n')

    assert found["desk"].startswith(
        "FILE:5 [connectors.desk] plugin: no installed connector is called 'parcle'. "
        "Did you mean 'parcel'?"
    )
    assert found["corier"].startswith(
        "FILE:6 [connectors.corier] plugin: no installed connector is called 'corier'. "
        "Did you mean 'courier'?"
    )


def test_every_key_that_does_not_fit_is_named_with_its_place(reasons: Any) -> None:
    found = reasons('[connectors.parcel]\nsecrt = "x"\ntracking = "perhaps"\n')

    assert found["parcel"] == (
        "connection 'parcel': its settings do not fit connector 'parcel': "
        "FILE:4 [connectors.parcel] secret: is missing; "
        "FILE:6 [connectors.parcel] tracking: input should be a valid boolean, unable to "
        "interpret input; "
        "FILE:5 [connectors.parcel] secrt: unknown key (Did you mean 'secret'?)"
    )


def test_a_secret_is_not_shown_by_what_refuses_it(reasons: Any) -> None:
    secret = 'secret = { env = "PARCEL_SECRET" }\n'
    found = reasons(
        f"[connectors.parcel]\n{secret}tracking = false\n"
        f'[connectors.courier]\n{secret}pin = {{ env = "PARCEL_SECRET" }}\n'
    )

    assert found["parcel"].endswith("cannot be set up: ValueError: cannot sign with …")
    assert found["courier"].endswith("pin: must be even, not …")
    assert VALUE not in str(found)
