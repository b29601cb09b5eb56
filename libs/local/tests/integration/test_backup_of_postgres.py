"""PostgreSQL's folder comes back as the server's user left it, and the server starts on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.kernel.clock import SystemClock
from semblance.local import config as configuration
from semblance.local import erased_log
from semblance.local.backup import restore, take
from semblance.local.layout import Layout
from semblance.local.postgres import Postgres


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that the server's user passes through."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def rows(server: Postgres, *statements: str) -> list[str]:
    engine = sa.create_engine(server.url("identity"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
        found = [str(row[0]) for row in connection.execute(sa.text("SELECT name FROM kept"))]
    engine.dispose()
    return found


def test_a_database_server_starts_on_its_restored_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(erased_log.VARIABLE, raising=False)
    layout = Layout(root / "data")
    layout.make()
    configuration.load_or_make(layout.config, postgres=True)
    with Postgres(layout.postgres) as server:
        written = rows(server, "CREATE TABLE kept (name text)", "INSERT INTO kept VALUES ('somebody')")
    taken = take.take(layout, root / "backups", root / "keys", SystemClock(), lambda _: None)
    assert taken.manifest.postgres
    layout.data.rename(root / "lost")
    restore.put_back(layout, taken.archive, root / "keys", lambda _: None)
    with Postgres(layout.postgres) as server:
        assert rows(server) == written == ["somebody"]
