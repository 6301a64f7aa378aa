"""The reference is complete and says what the code says."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import inboxbridge
import pytest
from inboxbridge.hookspecs import ConnectorSpec, ObserverSpec
from inboxbridge.plugins import installed
from inboxbridge_sandbox.control import control_routes

HOOKS = [
    name
    for spec in (ConnectorSpec, ObserverSpec)
    for name in vars(spec)
    if not name.startswith("_")
]


def section(text: str, heading: str) -> str:
    """What stands below a heading, down to the next one of its level or above."""
    level = heading.partition(" ")[0]
    end = rf"(?=^#{{1,{len(level)}}} |\Z)"
    found = re.search(rf"^{re.escape(heading)}$(.*?){end}", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no heading {heading!r}"
    return found[1]


def test_generated_pages_are_up_to_date(generator: ModuleType) -> None:
    assert generator.outdated() == [], "run: python docs/generate.py"


def test_a_page_that_differs_by_a_word_is_out_of_date(
    generator: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "connect").mkdir()
    for name in generator.PAGES:
        (tmp_path / f"{name}.md").write_text(generator.page(name))
    (tmp_path / "metrics.md").write_text(generator.page("metrics") + "word")
    monkeypatch.setattr(generator, "path", lambda name: tmp_path / f"{name}.md")

    assert generator.outdated() == ["metrics"]
    assert generator.main(["--check"]) == 1


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_heading_and_an_example(
    hook: str, find_page: Callable[[str], Any]
) -> None:
    told = section(find_page("docs/reference/hooks.md").text, f"### {hook}")

    assert "- returns: " in told
    assert re.search(rf"```python\n.*@hookimpl\n    (async )?def {hook}\(", told, re.DOTALL)


def test_every_public_name_is_in_the_reference(find_page: Callable[[str], Any]) -> None:
    pages = ("hooks", "models", "signatures")
    text = "\n".join(find_page(f"docs/reference/{name}.md").text for name in pages)

    missing = [name for name in inboxbridge.__all__ if not re.search(rf"\b{name}\b", text)]

    assert missing == []


def test_every_command_and_option_is_in_the_reference(
    generator: ModuleType, find_page: Callable[[str], Any]
) -> None:
    text = find_page("docs/reference/commands.md").text
    commands = generator.machinery.group().commands

    for name, command in commands.items():
        told = section(text, f"## {name}")
        assert f"inboxbridge {name}" in told
        assert "```sh\n" in told, f"{name} has no example"
        for parameter in command.params:
            if "--help" not in parameter.opts:
                assert parameter.opts[0].upper() in told.upper(), (name, parameter.opts)


def test_every_setting_is_in_the_reference(
    generator: ModuleType, find_page: Callable[[str], Any]
) -> None:
    text = find_page("docs/reference/settings.md").text
    settings = generator.settings
    for key, (title, _) in settings.CORE.items():
        told = section(text, f"## {title}")
        for name in settings.core_fields(key):
            assert f"| `{name}` |" in told, (title, name)
    for connector in settings.FIRST_PARTY:
        for provider, cls in settings.connector_classes(connector).items():
            heading = f'### {connector}, provider = "{provider}"' if provider else f"## {connector}"
            told = section(text, heading)
            for name in cls.Settings.model_fields:
                assert f"| `{name}` |" in told, (connector, provider, name)


def test_every_control_path_of_the_sandbox_is_in_the_reference(
    find_page: Callable[[str], Any],
) -> None:
    text = find_page("docs/reference/sandbox.md").text

    assert [r.path for r in control_routes() if f"/_sandbox{r.path}`" not in text] == []


def test_each_log_event_is_a_stable_word_that_the_reference_explains(generator: ModuleType) -> None:
    named = {name for name, _, _ in generator.logs.logged()}

    assert len(named) > 20
    assert [name for name in named if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert named - set(generator.logs.MEANINGS) == set()
    assert set(generator.logs.MEANINGS) - named == set()


def test_the_gallery_names_every_format_and_a_page_for_every_connector(
    find_page: Callable[[str], Any], generator: ModuleType
) -> None:
    page = find_page("docs/connect/index.md").text
    shipped = {name: one for name, (one, *_) in installed().items()}
    guides = generator.connectors.GUIDES.values()

    for name, entry in shipped.items():
        told = section(page, f"## {name}")
        target = entry.entry_point.load()
        for provider in getattr(target, "formats", ()):
            assert f"| `{provider}` |" in told
        assert any(one.connector == name for one in guides)
        assert "[Connect " in told


def test_the_changelog_of_the_site_is_the_projects_with_links_that_count_from_there(
    root: Path,
) -> None:
    spec = importlib.util.spec_from_file_location("site_hooks", root / "docs/_generator/site.py")
    assert spec is not None
    assert spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)

    text = hooks.changelog()

    assert "## [Unreleased]" in text
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert "://" in target or (root / "docs" / target).exists(), target
