"""A connector that is not found: whether its package is there, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.plugins import Unusable, installed, load_class


def install(folder: Path, points: str) -> None:
    info = folder / "inboxbridge_parcel-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: inboxbridge-parcel\nVersion: 1.2\n"
    )
    (info / "entry_points.txt").write_text(points)
    (folder / "parcel_module.py").write_text("connector = None\n")


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (
            "[inboxbridge.connector]\nparcel = parcel_module:connector\n",
            "inboxbridge-parcel 1.2 is installed but has no entry point in group "
            "inboxbridge.connectors. It has entry points in inboxbridge.connector",
        ),
        ("", "inboxbridge-parcel 1.2 is installed but has no entry point in group"),
        (
            "[inboxbridge.connectors]\nparcels = parcel_module:connector\n",
            "inboxbridge-parcel 1.2 is installed and calls its connector 'parcels'",
        ),
        (
            "[inboxbridge.connectors]\nparcel = parcel_module:conector\n",
            'Its entry point is parcel = "parcel_module:conector": look at '
            '[project.entry-points."inboxbridge.connectors"]',
        ),
        (
            "[inboxbridge.connectors]\nparcel = parcel_modul:connector\n",
            'Its entry point is parcel = "parcel_modul:connector"',
        ),
    ],
    ids=["group", "none", "name", "attribute", "module"],
)
def test_a_package_that_is_installed_is_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: str, says: str
) -> None:
    install(tmp_path, points)
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(Unusable) as caught:
        load_class("parcel", None, installed())

    assert says in str(caught.value)
    assert "pip install inboxbridge-parcel" not in str(caught.value)


def test_one_that_is_not_installed_may_be_misspelt() -> None:
    with pytest.raises(Unusable, match=r"Did you mean 'sms'\? \(pip install inboxbridge-smss\?\)"):
        load_class("smss", None, installed())
