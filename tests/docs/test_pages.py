"""What pages say of each other, of commands and of metrics is so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml  # type: ignore[import-untyped]
from inboxbridge.telemetry import metrics

_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_COMMAND = re.compile(r"^(?:.*?[\s=])?inboxbridge((?: .*)?)$")
_METRIC = re.compile(r"\binboxbridge_[a-z_]+(?=[`\s{\[])")


def slug(heading: str) -> str:
    """The anchor that a heading gets, as Python-Markdown makes it."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def test_internal_links_lead_somewhere(page: Any, find_page: Callable[[str], Any]) -> None:
    for found in _LINK.finditer(page.prose):
        target = found[1] or found[2]
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path

        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            anchors = {slug(one) for one in _HEADING.findall(find_page(str(file)).prose)}
            assert anchor in anchors, f"{page.name} links to {target}"


def test_every_page_is_in_the_navigation(root: Path) -> None:
    text = re.sub(r"!!python/\S+", "", (root / "mkdocs.yml").read_text())
    site = yaml.safe_load(text)
    listed: list[str] = []

    def walk(entries: Any) -> None:
        for entry in entries:
            (value,) = entry.values()
            if isinstance(value, str):
                listed.append(value)
            else:
                walk(value)

    walk(site["nav"])
    there = [path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")]

    assert sorted(listed) == sorted(there)


def _typed(page: Any) -> list[str]:
    lines = [line for block in page.blocks("sh", "console") for line in _joined(block.code)]
    inline = re.findall(r"`(inboxbridge [^`]+)`", page.prose)
    return [found[1] for line in [*lines, *inline] if (found := _COMMAND.match(line))]


def _joined(code: str) -> list[str]:
    lines = code.replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ").split(" | ")[0].split(" || ")[0] for line in lines]


def test_commands_on_pages_can_be_typed(page: Any, generator: ModuleType) -> None:
    commands = generator.machinery.group().commands
    for arguments in _typed(page):
        words = shlex.split(arguments, comments=True)
        if not words or words[0].startswith(("-", "<", "=", ">")):
            continue
        name, *rest = words
        assert name in commands, f"{page.name}: inboxbridge{arguments}"
        known = {"--help", "--debug"}
        known |= {option for one in commands[name].params for option in one.opts}
        options = {word.partition("=")[0] for word in rest if word.startswith("--")}

        assert options <= known, f"{page.name}: inboxbridge{arguments}"


def test_metrics_on_pages_are_there(page: Any) -> None:
    there = {family.name for family in metrics.registry.collect()}
    modules = {"inboxbridge_acme", "inboxbridge_sandbox", "inboxbridge_webhook"}
    for name in set(_METRIC.findall(page.text)) - modules:
        base = re.sub(r"_(total|bucket|count|sum)$", "", name)

        assert base in there, f"{page.name}: {name}"


def test_the_compose_example_uses_real_commands_and_settings(
    root: Path, generator: ModuleType
) -> None:
    file = root / "deploy" / "compose.scale.yaml"
    services = yaml.safe_load(file.read_text())["services"]
    commands = generator.machinery.group().commands

    for name in ("gateway", "courier"):
        command, *options = services[name]["command"]
        known = {option for one in commands[command].params for option in one.opts}
        assert {one for one in options if one.startswith("--")} <= known
        for variable in services[name]["environment"]:
            if variable.startswith("INBOXBRIDGE__"):
                table, setting = variable.removeprefix("INBOXBRIDGE__").lower().split("__")
                assert setting in generator.settings.core_fields(table)
