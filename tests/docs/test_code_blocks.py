"""Every code block of every page is tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from inboxbridge.config import config_from
from inboxbridge.plugins import Installed, connect_all, installed

pytestmark = pytest.mark.slow

TABLES = {"journal", "gateway", "courier", "console", "sites", "connectors"}
SITE = {"site_id": "sandbox", "api_key": "any"}


def test_python_blocks_run_one_after_the_other(
    python_page: Any, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("documentation")
    monkeypatch.setitem(sys.modules, "documentation", module)
    for block in python_page.blocks("python"):
        if block.title:
            Path(block.title).write_text(block.code, encoding="utf-8")
        lines = "\n" * block.line + block.code
        exec(compile(lines, str(python_page.path), "exec"), vars(module))


def _public_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class _Point:
    def __init__(self, target: object) -> None:
        self.name = self.value = "acme"
        self._target = target

    def load(self) -> object:
        return self._target


def test_toml_blocks_are_configurations_that_work(
    toml_block: Any, acme: Path, all_set: Callable[..., Any]
) -> None:
    document = tomllib.loads(toml_block.code)
    if "project" in document:
        assert document["project"]["entry-points"]["inboxbridge.connectors"]
        return
    assert set(document) <= TABLES, toml_block.where
    Path("wix-app.pem").write_bytes(_public_key())
    document.setdefault("sites", {"default": SITE})
    for connection in document.get("connectors", {}).values():
        connection.pop("enabled", None)
    connector = import_module("inboxbridge_acme").connector
    available = {**installed(), "acme": [Installed("acme", "x", "0", _Point(connector))]}  # type: ignore[arg-type]

    config = config_from(document, environ=all_set())
    connections, broken = connect_all(config, available, inline=True)

    assert broken == []
    assert set(connections) == set(document.get("connectors", {}))


def test_json_blocks_are_json(page: Any) -> None:
    for block in page.blocks("json"):
        json.loads(block.code)


def test_the_tests_on_the_page_about_testing_pass(
    find_page: Callable[[str], Any], acme: Path
) -> None:
    (acme / "tests" / "test_inboxbridge_acme.py").unlink()
    for block in find_page("docs/how-to/testing.md").blocks("python"):
        (acme / block.title).write_text(block.code, encoding="utf-8")
    paths = [str(acme / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_examples_of_hooks_are_formatted_like_the_code(root: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "format", "--check", "--no-cache", root / "docs" / "examples"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("language", ["py", "bash", "console", "shell"])
def test_blocks_are_named_so_that_they_are_tried(language: str, page: Any) -> None:
    """A block in another spelling of its language would be left out above."""
    if page.name.startswith("docs/"):
        assert page.blocks(language) == []
