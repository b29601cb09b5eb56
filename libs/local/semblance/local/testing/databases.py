"""A PostgreSQL for tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semblance.local.postgres import Postgres


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs, in a folder that the user it runs as reaches: pytest's own are closed to that user."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as server:
            yield server
