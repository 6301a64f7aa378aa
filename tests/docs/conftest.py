"""The pages of the documentation, their code blocks, and what these need to run."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from inboxbridge.scaffold import scaffold

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)?(?: title=\"(?P<title>[^\"]+)\")?\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_SNIPPET = re.compile(r"^--8<-- \"(.+)\"$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced code block."""

    page: str
    line: int
    language: str
    title: str | None
    code: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One page, snippets included."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, *languages: str) -> list[Block]:
        return [
            Block(
                self.name,
                self.text.count("\n", 0, found.start()) + 1,
                found["language"] or "",
                found["title"],
                textwrap.dedent(found["code"]),
            )
            for found in _FENCE.finditer(self.text)
            if found["language"] in languages
        ]


def _page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    whole = _SNIPPET.sub(lambda found: (ROOT / found[1]).read_text(encoding="utf-8").strip(), text)
    return Page(path, whole)


def _pages() -> list[Page]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    found += [*ROOT.glob("*/README.md"), *ROOT.glob("connectors/*/README.md")]
    return [_page(path) for path in sorted(found)]


PAGES = _pages()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[page.name for page in PAGES])
    if "python_page" in metafunc.fixturenames:
        # The tutorial is walked through in a test of its own.
        run = [p for p in PAGES if p.blocks("python") and p.path.name != "tutorial.md"]
        metafunc.parametrize("python_page", run, ids=[page.name for page in run])
    if "toml_block" in metafunc.fixturenames:
        blocks = [block for page in PAGES for block in page.blocks("toml")]
        metafunc.parametrize("toml_block", blocks, ids=[block.where for block in blocks])


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def find_page() -> Callable[[str], Page]:
    """Return a page by its path in the repository."""
    return lambda name: _page(ROOT / name)


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    """The module docs/generate.py."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Environment(dict[str, str]):
    """An environment in which every variable is set, to base64 of 32 bytes or a private key."""

    def get(self, name: str, default: Any = None) -> Any:
        if name.endswith("PRIVATE_KEY"):
            return _private_key()
        known = super().get(name)
        return known or base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


@pytest.fixture
def all_set() -> type[Environment]:
    return Environment


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as `inboxbridge new acme` makes it; it is the current one, and can be imported."""
    folder = scaffold("acme", tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder / "src")
    yield folder
    sys.modules.pop("inboxbridge_acme", None)
