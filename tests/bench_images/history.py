"""When an image was proven, and what of: for a row that does not say so itself, the commit that wrote the row down."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Row = dict[str, Any]


def now() -> Row:
    """Of a proof that is being made: today, and the commit that is checked out."""
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    commit = _git("rev-parse", "--short", "HEAD")
    day = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    return {"day": day, "of": f"{commit} and changes" if changed else commit}


def dated(images: dict[str, Row], file: Path) -> dict[str, Row]:
    """The same, each with `proven`. Raises CalledProcessError outside a repository."""
    if all("proven" in found for found in images.values()):
        return images
    past = list(_past(file))
    return {
        name: found if "proven" in found else {**found, "proven": _first(name, found, past)}
        for name, found in images.items()
    }


def _first(name: str, found: Row, past: list[tuple[str, str, Row]]) -> Row:
    """Of the oldest commit since which the row has been as it is. `past`: the newest first."""
    said = {"day": "", "of": "not written down yet"}
    for commit, day, images in past:
        if {key: value for key, value in images.get(name, {}).items() if key != "proven"} != found:
            break
        said = {"day": day, "of": f"written down in {commit}"}
    return said


def _past(file: Path) -> list[tuple[str, str, Row]]:
    path = file.resolve().relative_to(ROOT)
    commits = [line.split() for line in _git("log", "--format=%h %cs", "--", str(path)).splitlines()]
    return [(commit, day, json.loads(_git("show", f"{commit}:{path}"))["images"]) for commit, day in commits]


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return ended.stdout.strip()
