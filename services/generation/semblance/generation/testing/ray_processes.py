"""A Ray cluster of this machine as seen from outside: its processes and its files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil


def kept_by_ray(head_pid: int) -> list[bytes]:
    """What Ray has on disk, and its store of objects, whose file is deleted and held open."""
    [raylet] = [each for each in psutil.Process(head_pid).children(recursive=True) if each.name() == "raylet"]
    [folder] = [word.partition("=")[2] for word in raylet.cmdline() if word.startswith("--session_dir=")]
    opened_files = Path(f"/proc/{raylet.pid}/fd").iterdir()
    stores = [link for link in opened_files if "plasma" in os.path.realpath(link) and not link.is_socket()]
    assert stores
    return [path.read_bytes() for path in [*Path(folder).resolve().rglob("*"), *stores] if path.is_file()]


def engines_of(head_pid: int) -> list[psutil.Process]:
    """The processes of the cluster's engines."""
    running = psutil.Process(head_pid).children(recursive=True)
    return [each for each in running if "Replica:semblance:Engine" in " ".join(each.cmdline())]


def busiest_replica(head_pid: int) -> int:
    """The process id of the engine that computes now."""
    engines_now = engines_of(head_pid)
    before = {each.pid: sum(each.cpu_times()[:2]) for each in engines_now}
    time.sleep(0.5)
    return max(engines_now, key=lambda each: sum(each.cpu_times()[:2]) - before[each.pid]).pid
