"""A Ray cluster of one machine with places to train and nothing that serves: for tests of what runs in it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from semblance.kernel.loopback import free_port

Started = TypeVar("Started")
TOKEN: Final = secrets.token_urlsafe(32)
"""Of every cluster that this process starts: Ray reads a token once a process, and keeps it."""
LATE: Final = "late"
_STARTS: Final = 3
_READY_S: Final = 120.0
_STOP_S: Final = 30.0
ENVIRONMENT: Final = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_raylet_start_wait_time_s": "60",
    "RAY_worker_register_timeout_seconds": "120",
}


@dataclass(frozen=True)
class BareCluster:
    """pid: of `ray start`, whose children all else is. environment: for whoever joins, before Ray is imported."""

    address: str
    pid: int
    folder: Path
    environment: dict[str, str]


@contextlib.contextmanager
def bare_cluster(trainers: int) -> Iterator[BareCluster]:
    """On the loopback; stopped at the end. Raises TimeoutError with what it said."""
    with first_that_starts(lambda: _started(trainers)) as found:
        yield found


@contextlib.contextmanager
def first_that_starts(start: Callable[[], AbstractContextManager[Started]]) -> Iterator[Started]:
    """Started up to three times: on a busy machine Ray's node gives up when its agents need more than half a minute.
    Raises the last TimeoutError."""
    for attempt in range(_STARTS):
        with contextlib.ExitStack() as stack:
            try:
                found = stack.enter_context(start())
            except TimeoutError:
                if attempt == _STARTS - 1:
                    raise
                continue
            yield found
            return


@contextlib.contextmanager
def _started(trainers: int) -> Iterator[BareCluster]:
    folder = Path(tempfile.mkdtemp(prefix="sr-", dir="/tmp"))
    port = free_port()
    command = [
        *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={port}"),
        *("--node-ip-address=127.0.0.1", "--num-cpus=0", "--num-gpus=0", f'--resources={{"trainer": {trainers}}}'),
        *("--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={folder}"),
        "--object-store-memory=80000000",
        # Any that are free. Unless told, Ray keeps 10002 to 19999 for workers, and a head's own port may not lie there.
        *("--min-worker-port=0", "--max-worker-port=0"),
    ]
    log = folder / "head.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - Ray's own command
            command, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_up(process, log)
        yield BareCluster(f"127.0.0.1:{port}", process.pid, folder, dict(ENVIRONMENT))
    finally:
        end(process)
        shutil.rmtree(folder, ignore_errors=True)


def said_by(script: Path, timeout_s: float = 180.0) -> list[str]:
    """What a script prints, word by word, in a process of its own that may join a cluster: Ray reads its environment
    once, when it is imported. Raises AssertionError with the end of its errors."""
    asked = subprocess.run(  # noqa: S603 - ours
        [sys.executable, str(script)],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if asked.returncode:
        raise AssertionError(asked.stderr[-3000:])
    return asked.stdout.split()


def said_in_time(script: Path) -> list[str]:
    """What `said_by` tells of a script that prints LATE where it waited too long. Then it is asked once more: on a
    machine that stands still for a moment everything is late."""
    said = said_by(script)
    return said_by(script) if LATE in said else said


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and after half a minute SIGKILL: what a head started is ended by Ray's reaper."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + _READY_S
    while time.monotonic() < deadline_s and process.poll() is None:
        if b"Ray runtime started" in log.read_bytes():
            return
        time.sleep(0.2)
    raise TimeoutError(f"the cluster did not start: {log.read_text(errors='replace')[-3000:]}")
