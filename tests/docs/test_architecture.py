"""The diagram of a delivery's way and the list of layers are those of the code."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "core" / "src" / "inboxbridge"
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
DIAGRAM = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[1]  # type: ignore[index]
NODES = dict(re.findall(r'(\w+)\["([\w.]+)"\]', DIAGRAM))
ARROWS = re.findall(r'^ +(\w+)(?:\[[^]]*\])? -- "[^"]*" --> (\w+)', DIAGRAM, re.MULTILINE)
PLACES = re.findall(r"`(\w+/\w+\.py)`", PAGE)


def file_of(module: str) -> Path:
    path = PACKAGE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(module: str) -> set[str]:
    """What a module imports of the package, each name also as the module that it may be."""
    imported = set()
    for node in ast.walk(ast.parse(file_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inboxbridge"):
            origin = (node.module or "").removeprefix("inboxbridge").lstrip(".")
            imported.add(origin)
            imported.update(f"{origin}.{name.name}".lstrip(".") for name in node.names)
    return imported


def reexports(package: str, module: str) -> bool:
    return "." in module and package == module.partition(".")[0] and module in imports_of(package)


def test_the_diagram_is_read_whole() -> None:
    assert len(NODES) > 20
    assert len(ARROWS) > 18


@pytest.mark.parametrize("module", NODES.values())
def test_each_module_of_the_diagram_is_there(module: str) -> None:
    assert file_of(module).is_file()


@pytest.mark.parametrize(("importer", "imported"), ARROWS)
def test_each_arrow_of_the_diagram_is_an_import(importer: str, imported: str) -> None:
    module, target = NODES[importer], NODES[imported]
    found = imports_of(module)

    assert target in found or any(reexports(package, target) for package in found)


@pytest.mark.parametrize("place", PLACES)
def test_each_place_where_something_is_decided_is_there(place: str) -> None:
    assert (PACKAGE / place).is_file()


def test_contributing_lists_the_layers_that_are_enforced() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d+\. ((?:`\w+`(?:, )?)+):", page, re.MULTILINE)

    assert [re.findall(r"\w+", line) for line in listed] == [
        re.findall(r"\w+", layer) for layer in layers
    ]
