"""What runs now, as a file that `status` reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from semblance.local.config import write_private


@dataclass(frozen=True)
class Part:
    """One process: state is "starting", "ready", "unready", "restarting" or "stopped"."""

    name: str
    state: str
    pid: int | None
    port: int
    restarts: int


@dataclass(frozen=True)
class State:
    """The platform: `phase` is "starting", "ready", "degraded" or "stopping"."""

    phase: str
    pid: int
    url: str
    parts: tuple[Part, ...]


def write(path: Path, state: State) -> None:
    """Replace the file in one step."""
    write_private(path, json.dumps(asdict(state)))


def read(path: Path) -> State | None:
    """The state last written, or None."""
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    return State(**{**found, "parts": tuple(Part(**part) for part in found["parts"])})


def memory_mb(pid: int) -> float:
    """Resident memory of a process, 0 if it is gone. Source: /proc/<pid>/status."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    for text in status.splitlines():
        if text.startswith("VmRSS:"):
            return int(text.split()[1]) / 1024
    return 0.0
