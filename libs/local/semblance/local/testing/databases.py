"""A PostgreSQL for tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semblance.local.postgres import Postgres


class _Patient(Postgres):
    """A machine that runs every test at once may stand still for longer than a service waits for its database."""

    def url(self, database: str) -> str:
        return f"{super().url(database)}?connect_timeout=60"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs, in a folder that the user it runs as reaches: pytest's own are closed to that user."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with _Patient(Path(folder) / "pg") as server:
            yield server
