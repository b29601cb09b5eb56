"""A database server that was killed starts again, also before its children have noticed."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

import psutil

from semblance.local.postgres import Postgres


def test_a_server_that_was_killed_waits_for_its_last_child_and_starts() -> None:
    """One that had no processor yet holds the shared memory, and a new server ends at once."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with Postgres(Path(folder) / "pg") as server:
            children = psutil.Process(server.pid).children()
            for child in children:
                child.suspend()

            def wake() -> None:
                for each in children:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.resume()

            server.kill()
            log = Path(folder) / "pg" / "postgres.log"
            waking = threading.Timer(2.0, wake)
            waking.start()
            try:
                server.start()
            finally:
                waking.join()
                wake()
            assert server.answers()
            assert "pre-existing shared memory block" in log.read_text()
