"""Locust as processes of ours: sends a folder's plan off and is done when everybody has walked."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from loadtests.profile import ENOUGH, Profile
from semblance.kernel.loopback import free_port

_LOCUST_START_S = 60.0


class LoadFailed(RuntimeError):
    """The load itself did not come off; nothing can be judged."""


def expected(folder: Path, planned: int) -> int:
    """How many arrivals must have left a row: all that were planned, or as many as were met before it was enough."""
    if not (folder / ENOUGH).exists():
        return planned
    return sum(int(path.read_text()) for path in folder.glob("met-*"))


def within_s(profile: Profile, last_s: float) -> float:
    """How long a load may take whose last arrival comes after `last_s` seconds."""
    return _LOCUST_START_S + last_s + 2 * profile.settle_s


def load(profile: Profile, url: str, folder: Path, last_s: float, master_port: int | None) -> None:
    """Locust, until everybody has walked. Raises LoadFailed."""
    limit_s = within_s(profile, last_s)
    here = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py")), "--headless"]
    common = [*here, "--host", url, "--exit-code-on-error", "0", "--stop-timeout", "5"]
    environment = {
        **os.environ,
        "LOADTEST_RUN": str(folder.resolve()),
        "LOADTEST_WORKERS": str(profile.workers),
        "LOADTEST_SEED": str(profile.seed),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "PYTHONUNBUFFERED": "1",
    }
    port = str(master_port or free_port())
    if master_port is not None:
        shared = ["--master", "--master-bind-port", port, "--expect-workers", str(profile.workers)]
    elif profile.workers > 1:
        (folder / "shared").touch()
        shared = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        shared += ["--expect-workers", str(profile.workers)]
    else:
        shared = []
    local_workers = profile.workers if master_port is None and profile.workers > 1 else 0
    worker = [*common, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
    with (folder / "locust.log").open("w") as log, ExitStack() as stack:
        for _ in range(local_workers):
            stack.enter_context(_process(worker, environment, log))
        main = stack.enter_context(_process([*common, *shared], environment, log))
        try:
            code = main.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise LoadFailed(f"the load had not ended after {limit_s:.0f} s; see {folder / 'locust.log'}") from None
    if code or not list(folder.glob("rows-*.jsonl")):
        raise LoadFailed(f"Locust ended with {code}; see {folder / 'locust.log'}")


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        for child in _children(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
