"""A journal that does not say what it is, is not guessed at."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from inboxbridge.config import load_config
from inboxbridge.journal import Journal, JournalUnavailable, reads


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE alembic_version", "lost the one that says"),
        ("DELETE FROM alembic_version", "does not say which release"),
        ("UPDATE alembic_version SET version_num = '0001abc'", "unknown revision"),
    ],
)
async def test_a_journal_without_a_known_revision_is_refused_in_words(
    tmp_path: Path, statement: str, said: str
) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    await Journal(url).close()
    with sqlite3.connect(tmp_path / "journal.db") as found:
        found.execute(statement)
    found.close()

    with pytest.raises(JournalUnavailable, match=said):
        Journal(url)


async def test_a_number_that_no_id_can_have_is_no_event(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    found = await journal.read(reads.get_event, int("9" * 31))
    await journal.close()

    assert found is None


@pytest.mark.parametrize("url", ["sqlite:///inboxbridge.db", "sqlite:///data/../inboxbridge.db"])
def test_a_relative_journal_is_in_the_folder_of_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "connectors.toml").write_text(f'[journal]\nurl = "{url}"\n')
    monkeypatch.chdir(tmp_path / "elsewhere")

    config = load_config("../connectors.toml", {})

    path = Path(config.journal.url.removeprefix("sqlite:///"))
    assert path.is_absolute()
    assert path.resolve() == (tmp_path / "inboxbridge.db").resolve()
