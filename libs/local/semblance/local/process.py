"""One child process: started so that it cannot outlive us, its lines collected, started again after a crash."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from semblance.local.stream import LineFile

_LAUNCHER = Path(__file__).with_name("child.py")
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_TEXT_LIMIT = 500


def launcher(user: str | None = None, death_signal: signal.Signals = signal.SIGKILL) -> list[str]:
    """What to put before a command so that it ends with the thread that starts it; start it from the main thread."""
    return [sys.executable, "-S", "-E", str(_LAUNCHER), str(os.getpid()), str(int(death_signal)), user or "-", "--"]


class ServiceProcess:
    """A service, kept running. Not for use by several threads; its output is read in a thread of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: LineFile) -> None:
        self.name = name
        self.restarts = 0
        self.ready = False
        self._command = [*launcher(), *command]
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._started_s = 0.0
        self._pause_s = 0.0
        self._again_at_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it now."""
        self.ready = False
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own services
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._collect, args=(self._process,), daemon=True)
        self._reader.start()

    def tend(self) -> None:
        """Notice a crash and start it again, ever later while it keeps crashing."""
        if self._process is None:
            if time.monotonic() >= self._again_at_s:
                self.restarts += 1
                self.start()
            return
        code = self._process.poll()
        if code is None:
            return
        self.ready = False
        steady = time.monotonic() - self._started_s > _STEADY_S
        self._pause_s = _FIRST_PAUSE_S if steady else min(max(_FIRST_PAUSE_S, 2 * self._pause_s), _LONGEST_PAUSE_S)
        self._again_at_s = time.monotonic() + self._pause_s
        self._process = None
        self.say("ended unexpectedly", level="error", exit_code=code, seconds=self._pause_s)

    def ask_to_stop(self) -> None:
        """SIGTERM: it drains."""
        if self.pid is not None and self._process is not None:
            self._process.terminate()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, then force it."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.say("did not stop in time", level="warning")
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join(2)

    def say(self, event: str, *, level: str = "info", **fields: object) -> None:
        """Write a line of ours about it."""
        self._log.write(line(event, level=level, service=self.name, **fields))

    def _collect(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for text in process.stdout:
                stripped = text.rstrip("\n")
                if stripped:
                    self._log.write(stripped if _is_object(stripped) else self._wrapped(stripped))

    def _wrapped(self, text: str) -> str:
        return line("output", level="warning", service=self.name, text=text[:_TEXT_LIMIT])


def line(event: str, *, level: str = "info", service: str = "platform", **fields: object) -> str:
    """A log line of ours, in the services' format."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, "level": level, "service": service, "event": event, **fields}, ensure_ascii=False)


def _is_object(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
