"""A service's database is brought to its newest schema without its code being built."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from semblance.service_kit import logs, migrate


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own logging would stay behind in the tests'."""
    monkeypatch.setattr(logs, "configure", lambda *_: None)


def test_the_schema_is_there_and_a_second_time_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sqlite"
    monkeypatch.setenv("PROVENANCE_DATABASE_URL", f"sqlite:///{path}")
    assert migrate.main(["provenance"]) == 0
    with sqlite3.connect(path) as connection:
        before = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "outbox" in names
    assert migrate.main(["provenance"]) == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == before != []
    connection.close()


def test_a_database_that_is_away_is_said_and_is_a_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PROVENANCE_DATABASE_URL", f"sqlite:///{tmp_path}/")
    with caplog.at_level(logging.INFO):
        assert migrate.main(["provenance"]) == 1
    assert "the schema is as it was" in caplog.text


@pytest.mark.parametrize("name", ["provenanze", "service_kit", "kernel", "../training", "__main__"])
def test_what_is_no_service_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        migrate.main([name])
    assert ended.value.code == 2
    assert "is no service that lies here" in capsys.readouterr().err
