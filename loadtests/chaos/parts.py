"""The processes of a platform that is broken: who runs as what, and whether it is whole again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semblance.local import state
from semblance.local.layout import Layout
from semblance.local.state import State

WHOLE_S = 180.0
_LOOKED_S = 1.5  # the supervisor's own look is a second old at most


@dataclass(frozen=True)
class Parts:
    """What the supervisor says of its children."""

    layout: Layout

    def pid(self, part: str) -> int | None:
        """None while it is down."""
        return _pids(state.read(self.layout.state)).get(part)

    def pids(self, parts: tuple[str, ...]) -> dict[str, int]:
        """Of those that run."""
        return {part: pid for part in parts if (pid := self.pid(part)) is not None}

    def signal(self, part: str, what: signal.Signals) -> None:
        """To the process of a part, if it runs."""
        if (pid := self.pid(part)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def journal(self, service: str) -> Path:
        """Where SQLite writes first."""
        database = self.layout.database(service)
        return database.with_name(f"{database.name}-wal")

    def await_whole(self, ended: Mapping[str, int] | None = None, within_s: float = WHOLE_S) -> bool:
        """Wait until every part is ready, those of `ended` as other processes than these. False: it was not so within
        `within_s` seconds."""
        ended = ended or {}
        if not ended:
            time.sleep(_LOOKED_S)
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            if _whole(state.read(self.layout.state), ended):
                return True
            time.sleep(0.2)
        return False


def _pids(found: State | None) -> dict[str, int]:
    return {part.name: part.pid for part in found.parts if part.pid is not None} if found else {}


def _whole(found: State | None, ended: Mapping[str, int]) -> bool:
    if found is None or found.phase != "ready" or any(part.state != "ready" for part in found.parts):
        return False
    pids = _pids(found)
    return all(pids.get(part) not in {None, pid} for part, pid in ended.items())
