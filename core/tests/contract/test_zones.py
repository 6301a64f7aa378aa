"""Time zones by the newer of the machine's rules and the package's."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tzdata  # type: ignore[import-untyped]
from inboxbridge.reading import _zones, local_time_text, time_zone


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    _zones.zone_rules.cache_clear()
    time_zone.cache_clear()


def machine(folder: Path, version: str, *, rules_of: str = "Asia/Tokyo") -> None:
    """Give the machine rules of *version*, by which Vancouver keeps the time of *rules_of*."""
    _zones.zone_rules.cache_clear()
    time_zone.cache_clear()
    (folder / "tzdata.zi").write_text(f"# version {version}\n")
    (folder / "America").mkdir()
    rules = _zones.resources.files("tzdata").joinpath("zoneinfo", *rules_of.split("/"))
    (folder / "America" / "Vancouver").write_bytes(rules.read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    zoneinfo.reset_tzpath([str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    yield tmp_path
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_an_older_machine_is_passed_over(folder: Path) -> None:
    machine(folder, "2019a")

    assert _zones.zone_rules() == (tzdata.IANA_VERSION, "2019a", True)
    assert local_time_text(NOON, "America/Vancouver") == "Wed 1 Jul 2026 05:00 (America/Vancouver)"


def test_a_newer_machine_counts(folder: Path) -> None:
    machine(folder, "2999z")

    assert _zones.zone_rules() == ("2999z", "2999z", False)
    assert local_time_text(NOON, "America/Vancouver") == "Wed 1 Jul 2026 21:00 (America/Vancouver)"


def test_a_machine_without_rules_is_passed_over(folder: Path) -> None:
    _zones.zone_rules.cache_clear()

    assert _zones.zone_rules() == (tzdata.IANA_VERSION, "", True)
    assert time_zone("America/Denver") is not None


@pytest.mark.parametrize(
    "name", ["", "Nowhere/Town", "../../etc/passwd", "America", "America/", "/etc", "zones", "\0"]
)
@pytest.mark.parametrize("version", ["2019a", "2999z"])
def test_what_is_no_zone_is_none(folder: Path, version: str, name: str) -> None:
    machine(folder, version)

    assert time_zone(name) is None
