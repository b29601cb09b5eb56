"""Which code a run is of, so that a page that mixes old runs and new ones says so."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_RECORDED = "not recorded"


def commit(root: Path = ROOT) -> str:
    """What is checked out now, and whether it was changed since; NOT_RECORDED where there is no repository, as in the
    image."""
    asked = ["git", "describe", "--always", "--exclude", "*", "--dirty= and changes"]
    try:
        ended = subprocess.run(asked, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return NOT_RECORDED
    return ended.stdout.strip()


def day(at: float) -> str:
    """Unix time to its day, UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")


def stamp_of(folder: Path) -> dt.datetime | None:
    """When a run began, UTC, by its folder's name, `<profile>-<time>`; None if it is called something else."""
    try:
        return dt.datetime.strptime(folder.resolve().name.rpartition("-")[2], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return None


def day_of(folder: Path) -> str:
    """Of a run's folder; NOT_RECORDED if it is called something else."""
    began = stamp_of(folder)
    return NOT_RECORDED if began is None else began.strftime("%Y-%m-%d")
