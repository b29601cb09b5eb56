"""A Ray cluster of this machine as seen from outside: its processes and its files."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil


def kept_by_ray(head_pid: int) -> list[bytes]:
    """What Ray has on disk, and its store of objects, whose file is deleted and held open."""
    [(raylet, command)] = [(each, words) for each, words in _commands(head_pid) if Path(words[0]).name == "raylet"]
    [folder] = [word.partition("=")[2] for word in command if word.startswith("--session_dir=")]
    opened_files = Path(f"/proc/{raylet.pid}/fd").iterdir()
    stores = [link for link in opened_files if "plasma" in os.path.realpath(link) and not link.is_socket()]
    assert stores
    return [path.read_bytes() for path in [*Path(folder).resolve().rglob("*"), *stores] if path.is_file()]


def engines_of(head_pid: int) -> list[psutil.Process]:
    """The processes of the cluster's engines."""
    return [each for each, words in _commands(head_pid) if "Replica:semblance:Engine" in " ".join(words)]


def busiest_replica(head_pid: int) -> int:
    """The process id of the engine that computes now."""
    before = _computed_s(head_pid)
    time.sleep(0.5)
    now = _computed_s(head_pid)
    return max(before.keys() & now.keys(), key=lambda pid: now[pid] - before[pid])


def _commands(head_pid: int) -> list[tuple[psutil.Process, list[str]]]:
    """What runs below the head, and its command line; without what ends while it is looked at."""
    found = []
    for each in psutil.Process(head_pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append((each, each.cmdline() or [""]))
    return found


def _computed_s(head_pid: int) -> dict[int, float]:
    """Seconds of a processor that each engine has used, by its process id."""
    found = {}
    for each in engines_of(head_pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            found[each.pid] = sum(each.cpu_times()[:2])
    return found
