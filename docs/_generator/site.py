"""Hooks of mkdocs: the changelog as a page, and the version at the foot of each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHANGELOG = "changelog.md"


def on_config(config: Any) -> Any:
    """Show the version at the foot of each page."""
    text = (ROOT / "core" / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+)"$', text, re.M)
    config.copyright = f"inboxbridge {found[1]}" if found else None
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the project's changelog where its page is; its links count from the repository."""
    if page.file.src_uri != CHANGELOG:
        return markdown
    return changelog()


def changelog() -> str:
    """The changelog with links that count from the documentation."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.sub(r"\]\(docs/", "](", text)
