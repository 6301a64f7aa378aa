"""Writes docs/reference and docs/connect from the code: ``python docs/generate.py``.

With ``--check`` nothing is written; it ends with 1 and the pages' names if any is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from _generator import connectors, contract, logs, machinery, settings  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "hooks": contract.hooks,
    "models": contract.models,
    "signatures": contract.signatures,
    "reading": contract.reading,
    "settings": settings.settings,
    "commands": machinery.commands,
    "metrics": machinery.metrics,
    "logs": logs.logs,
    "sandbox": machinery.sandbox,
    "scorecard": machinery.scorecard,
    "connect/index": connectors.gallery,
    **{f"connect/{name}": partial(connectors.guide, name) for name in connectors.GUIDES},
}


def page(name: str) -> str:
    """Return a page of the reference as it should be."""
    note = "<!-- Written by docs/generate.py from the code; change it there. -->\n\n"
    return note + PAGES[name]().rstrip() + "\n"


def path(name: str) -> Path:
    """Where a page lies: in the reference, unless its name says another folder."""
    return DOCS / _within(name)


def _within(name: str) -> str:
    return f"{name}.md" if "/" in name else f"reference/{name}.md"


def outdated() -> list[str]:
    """The names of the pages that are not as they should be."""
    return [
        name
        for name in PAGES
        if not path(name).exists() or path(name).read_text(encoding="utf-8") != page(name)
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    stale = outdated()
    if "--check" in arguments:
        for name in stale:
            print(f"docs/{_within(name)} is out of date; run: python docs/generate.py")
        return 1 if stale else 0
    for name in stale:
        path(name).parent.mkdir(exist_ok=True)
        path(name).write_text(page(name), encoding="utf-8")
        print(f"wrote docs/{_within(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
