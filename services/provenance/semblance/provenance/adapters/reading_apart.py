"""Strangers' manifests are read in processes of their own: one that takes for ever, or all memory, stops nobody.

A process that does not answer in time is killed, and so is one that wants more memory than it was given; another takes
its place at once. Threads could not be ended, and a parser of somebody else's in this process could take it down.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from opentelemetry import metrics

from semblance.kernel.units import MIB
from semblance.provenance.adapters.reading_child import ANSWER, QUESTION, READY
from semblance.provenance.domain.errors import ReadersUnavailable, ReadingStopped, TooBusyToLook
from semblance.provenance.domain.reading import ManifestState

_log = logging.getLogger(__name__)
_stopped = metrics.get_meter("semblance.provenance").create_counter(
    "semblance.reads.stopped", description="Strangers' manifests whose reading was ended."
)
_MODULE = "semblance.provenance.adapters.reading_child"
_START_S = 60.0
_ANSWER_BYTES_MAX = 64 * MIB
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")  # no setting, so no secret, goes along


@dataclass(frozen=True)
class ReadLimits:
    """`at_once` processes, each killed after `within_s` and held to `memory_mib` of address space; whoever finds none
    free waits `wait_s`."""

    at_once: int = 2
    within_s: float = 5.0
    memory_mib: int = 1024
    wait_s: float = 5.0


class ReadersApart:
    """See c2pa_engine.Reports. Any number of threads may ask. `command` runs the process that answers."""

    def __init__(self, limits: ReadLimits, command: Sequence[str] | None = None) -> None:
        module = [sys.executable, "-m", _MODULE, str(limits.within_s), str(limits.memory_mib)]
        self._limits = limits
        self._readers = [_Reader(command or module, limits.within_s) for _ in range(limits.at_once)]
        # The last used is the next used: the others' memory may be swapped out.
        self._free: queue.LifoQueue[_Reader] = queue.LifoQueue()
        for reader in self._readers:
            self._free.put(reader)

    def __call__(self, settings: str, media_type: str, data: bytes) -> dict[str, object] | ManifestState:
        """Raises ReadingStopped, TooBusyToLook, ReadersUnavailable."""
        try:
            reader = self._free.get(timeout=self._limits.wait_s)
        except queue.Empty as error:
            raise TooBusyToLook from error
        try:
            answer = json.loads(reader.ask(settings.encode(), media_type.encode(), data))
        finally:
            self._free.put(reader)
        return answer if isinstance(answer, dict) else ManifestState(answer)

    def stop(self) -> None:
        """End them."""
        for reader in self._readers:
            reader.end()


class _Reader:
    """One process, and the next one after it was killed."""

    def __init__(self, command: Sequence[str], within_s: float) -> None:
        self._command = command
        self._within_s = within_s
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def begin(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.end()
            environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, env=environment)  # noqa: S603 - our own

    def end(self) -> None:
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                _close(pipe)

    def ask(self, *question: bytes) -> bytes:
        self.begin()
        self._wait_until_ready()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        answer = b""
        with _killed_after(process, self._within_s) as killed:
            try:
                process.stdin.write(QUESTION.pack(*map(len, question)))
                for part in question:
                    process.stdin.write(part)
                process.stdin.flush()
                answer = _answer(process.stdout)
            except OSError:  # it is gone, or was killed
                killed.set()
        if killed.is_set() or not answer:
            self.end()
            self.begin()
        if not answer:
            _stopped.add(1)
            _log.warning("reading a manifest was stopped", extra={"bytes": len(question[-1])})
            raise ReadingStopped
        return answer

    def _wait_until_ready(self) -> None:
        process = self._process
        if self._ready or process is None or process.stdout is None:
            return
        with _killed_after(process, _START_S):
            self._ready = process.stdout.read(len(READY)) == READY
        if not self._ready:
            self.end()
            raise ReadersUnavailable


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Whether it was. A process that was killed gives whoever reads from it an end of file."""
    killed = threading.Event()

    def kill() -> None:
        killed.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield killed
    finally:
        timer.cancel()
        timer.join()


def _answer(stream: IO[bytes]) -> bytes:
    """What the process says, whole; empty where it ended before, or says more than is ever said."""
    head = stream.read(ANSWER.size)
    if len(head) < ANSWER.size:
        return b""
    (size,) = ANSWER.unpack(head)
    answer = stream.read(size) if size <= _ANSWER_BYTES_MAX else b""
    return answer if len(answer) == size else b""


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:  # what was not yet sent to a process that is gone
            return
