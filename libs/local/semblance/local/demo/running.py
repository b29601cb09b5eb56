"""The platform as a child of the demo, in a directory of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from semblance.local import config as configuration
from semblance.local import state
from semblance.local.demo.narrator import Advance, StepFailed
from semblance.local.layout import Layout
from semblance.local.process import launcher

_READY_S = 420.0
_STOP_S = 60.0


@contextmanager
def running_platform(
    data: Path, models_dir: Path, advance: Advance, engine: str = "local"
) -> Iterator[tuple[Layout, str]]:
    """(layout, gateway URL) of a platform that is ready; stopped at the end, however the demo ends.

    Raises StepFailed when it does not become ready; the log is in `data`/logs.
    """
    layout = Layout(data.resolve())
    layout.make()
    command = [sys.executable, "-m", "semblance.local.command", "up"]
    arguments = ["--data", str(layout.data), "--models", str(models_dir.resolve()), "--engine", engine]
    with (layout.data / "logs" / "up.log").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [*launcher(death_signal=signal.SIGTERM), *command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "COLUMNS": "200"},
        )
    try:
        _wait_ready(layout, process, advance)
        yield layout, configuration.read(layout.config).gateway_url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(layout: Layout, process: subprocess.Popen[bytes], advance: Advance) -> None:
    deadline_s = time.monotonic() + _READY_S
    while time.monotonic() < deadline_s and process.poll() is None:
        found = state.read(layout.state)
        if found is not None:
            ready = sum(part.state == "ready" for part in found.parts)
            advance(ready, len(found.parts), "starting broker, store and services")
            if found.phase == "ready":
                return
        time.sleep(0.2)
    raise StepFailed(f"the platform did not become ready; see {layout.log}")


def memory_mb(layout: Layout) -> float:
    """Resident memory of the platform's processes now, added up (shared pages count once for each)."""
    found = state.read(layout.state)
    if found is None:
        return 0.0
    supervisor = psutil.Process(found.pid)
    total = 0
    for process in (supervisor, *supervisor.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20
