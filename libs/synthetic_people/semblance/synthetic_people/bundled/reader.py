"""Reads the bundled set. Pixels stay on disk until asked for; the truth beside them is complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes
from semblance.synthetic_people.relight import Tint, under
from semblance.synthetic_people.truth import Truth

HERE = Path(__file__).parent
Kind = Literal["portrait", "group", "duplicate", "near_duplicate", "unreadable"]


@dataclass(frozen=True)
class BundledPhoto:
    """A JPEG file. kind says what is wrong or special about it, `of` the file it was made from (duplicates and broken
    files). truths: one for each face; the person's own face comes first. Unreadable files have none."""

    path: Path
    kind: Kind
    of: str
    caption: str
    truths: tuple[Truth, ...]

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True)
class BundledFrame:
    """A 320 x 240 JPEG of a capture, at_ms after it began; action is "rest" or a word of the challenge."""

    path: Path
    at_ms: int
    action: str
    truth: Truth

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True)
class FilmedFrame:
    """A JPEG of a capture before a coloured screen."""

    at_ms: int
    action: str
    jpeg: bytes


@dataclass(frozen=True)
class BundledPerson:
    """challenge: the order in which the committed capture was made."""

    name: str
    seed: int
    photos: tuple[BundledPhoto, ...]
    challenge: tuple[str, ...]
    frames: tuple[BundledFrame, ...]


def truth_from(row: dict[str, Any]) -> Truth:
    points = tuple((float(x), float(y)) for x, y in row["landmarks_px"])
    x, y, w, h = row["box_px"]
    return Truth(**(row | {"landmarks_px": points, "box_px": (x, y, w, h)}))


@lru_cache(maxsize=2)
def people(root: Path = HERE) -> dict[str, BundledPerson]:
    """Everybody in the set by name, in a fixed order; `root`: another set of the same form."""
    found: dict[str, BundledPerson] = {}
    for row in json.loads((root / "people.json").read_text())["people"]:
        photos = tuple(
            BundledPhoto(root / p["file"], p["kind"], p["of"], p["caption"], tuple(truth_from(t) for t in p["truths"]))
            for p in row["photos"]
        )
        frames = tuple(
            BundledFrame(root / f["file"], f["at_ms"], f["action"], truth_from(f["truth"])) for f in row["frames"]
        )
        found[row["name"]] = BundledPerson(row["name"], row["seed"], photos, tuple(row["challenge"]), frames)
    return found


def person_photos(
    name: str, kinds: Sequence[Kind] = ("portrait", "group"), root: Path = HERE
) -> tuple[BundledPhoto, ...]:
    """Photos of somebody, by default only sound ones. Raises KeyError for an unknown name."""
    return tuple(photo for photo in people(root)[name].photos if photo.kind in kinds)


def capture(name: str, challenge: Sequence[str] | None = None, root: Path = HERE) -> tuple[BundledFrame, ...]:
    """Frames of somebody's capture, in the order of `challenge` (as committed if None). Every action begins and ends
    at rest, so the parts join up in any order; times are laid out anew. Raises KeyError for an unknown name or
    action."""
    person = people(root)[name]
    if challenge is None:
        return person.frames
    parts: dict[str, list[BundledFrame]] = {}
    for frame in person.frames:
        parts.setdefault(frame.action, []).append(frame)
    steps = [later.at_ms - earlier.at_ms for earlier, later in zip(person.frames, person.frames[1:], strict=False)]
    ordered = [frame for action in ("rest", *challenge) for frame in parts[action]]
    out, at_ms = [], 0
    for k, frame in enumerate(ordered):
        out.append(BundledFrame(frame.path, at_ms, frame.action, frame.truth))
        at_ms += steps[k % len(steps)]
    return tuple(out)


FILLERS = ("smile", "blink")
"""What a capture goes on with when nothing more is asked for, until the screen has shown its colours."""
SCREEN_LAG_MS = 60
_QUALITY = 86


def filmed(name: str, challenge: Sequence[str], tint: Tint, root: Path = HERE) -> tuple[FilmedFrame, ...]:
    """Somebody's capture in the order of `challenge` before a screen that shows `tint`, with the actions of FILLERS
    that were not asked for at its end: 28 frames in four seconds. Raises KeyError for an unknown name or action."""
    frames = capture(name, (*challenge, *(action for action in FILLERS if action not in challenge)), root)
    return tuple(FilmedFrame(f.at_ms, f.action, _lit(f, tint(max(0, f.at_ms - SCREEN_LAG_MS)))) for f in frames)


def _lit(frame: BundledFrame, colour: tuple[float, float, float]) -> bytes:
    dark, white = _pair(frame.path)
    _, data = cv2.imencode(".jpg", under(dark, white, colour)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data.tobytes())


@lru_cache(maxsize=128)
def _pair(path: Path) -> tuple[Bytes, Bytes]:
    """A frame and its twin under a white screen."""
    glow = path.parents[2] / "glow" / path.parent.name / path.name
    return _pixels(path), _pixels(glow)


def _pixels(path: Path) -> Bytes:
    bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path.name} is no JPEG; draw the set anew with semblance.synthetic_people.build_bundled")
    return np.asarray(bgr[:, :, ::-1], np.uint8)
