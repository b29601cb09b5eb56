"""Alembic without an ini file. A service's `migrations/env.py` is:

from semblance.service_kit.migrations import run_env

run_env()
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config

_ADVISORY_LOCK = 0x53454D42  # "SEMB", any number that the platform's processes agree on


def upgrade(engine: sa.Engine, migrations_dir: Path, revision: str = "head") -> None:
    """Run the migrations in `migrations_dir` up to `revision` under a lock, in one transaction."""
    with _locked(engine), engine.begin() as connection:
        command.upgrade(_config(connection, migrations_dir), revision)


def downgrade(engine: sa.Engine, migrations_dir: Path, revision: str = "base") -> None:
    """Undo migrations down to `revision`; tests prove that every one can be undone."""
    with _locked(engine), engine.begin() as connection:
        command.downgrade(_config(connection, migrations_dir), revision)


def run_env() -> None:
    """What a service's migrations/env.py calls: run on the connection that upgrade() opened."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def _config(connection: sa.Connection, migrations_dir: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(engine: sa.Engine) -> Iterator[None]:
    """One migrating process at a time: an advisory lock on PostgreSQL, a lock file beside a SQLite file."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_ADVISORY_LOCK)))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_ADVISORY_LOCK)))
    else:
        with Path(f"{engine.url.database}.migrate.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
