"""Time zones by the newer of two sets of rules: the machine's, and the package tzdata's.

Countries change their clocks at short notice; an image of a year ago does not know.
"""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import tzdata  # type: ignore[import-untyped]


class ZoneRules(NamedTuple):
    """Which rules count. Versions are the IANA's: a year and a letter, such as ``2026f``.

    Attributes:
        version: Of the rules that count.
        machine: Of the machine's own; empty where it has none, or does not say.
        is_package: Whether those of the package tzdata count.
    """

    version: str
    machine: str
    is_package: bool


@cache
def zone_rules() -> ZoneRules:
    """Return which rules count in this process."""
    machine, package = _machine_version(), tzdata.IANA_VERSION
    is_package = package >= machine
    return ZoneRules(package if is_package else machine, machine, is_package)


@lru_cache(maxsize=1024)
def time_zone(name: str) -> tzinfo | None:
    """Return the time zone called *name* (``America/Denver``), or None where there is none."""
    try:
        return _of_package(name) if zone_rules().is_package else zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError, ModuleNotFoundError):
        return None


def _of_package(name: str) -> tzinfo:
    if name not in _names():
        raise KeyError(name)
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as rules:
        return zoneinfo.ZoneInfo.from_file(rules, key=name)


@cache
def _names() -> frozenset[str]:
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


def _machine_version() -> str:
    """The version of the first set of rules on the machine that says its own."""
    for folder in zoneinfo.TZPATH:
        for file, prefix in (("tzdata.zi", "# version "), ("+VERSION", "")):
            try:
                with (Path(folder) / file).open(encoding="utf-8") as opened:
                    line = opened.readline().strip()
            except (OSError, UnicodeDecodeError):
                continue
            if line.startswith(prefix):
                return line.removeprefix(prefix)
    return ""
