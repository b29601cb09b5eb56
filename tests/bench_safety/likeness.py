"""Missed likenesses and wrong blocks, on people and pictures that no threshold was chosen on."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import scene
from cast import SIDE_PX, Court, Look, enlarged

from semblance.faces import RgbU8
from semblance.safety.bench.rates import rate
from semblance.safety.bench.scenes import DISGUISES, WHOLE
from semblance.safety.domain.verdict import UnknownFaces

SIZES_PX = (32, 48, 64, 96)
GOAL_FROM_PX = 48
THRESHOLDS = tuple(round(0.40 + 0.025 * k, 3) for k in range(15))
_PATCH = 2.2  # of a face's width
_STYLES = ("photo", "grey", "painted", "sketch")


@dataclass
class Likeness:
    """Rows of single pictures: what they were like, and what was said."""

    hidden: list[dict[str, Any]] = field(default_factory=list)
    own: list[dict[str, Any]] = field(default_factory=list)


def measure(court: Court, each: int, seed: int = 5) -> Likeness:
    """Somebody else's face in everybody's pictures, `each` a disguise and size; and everybody's own pictures."""
    dice, found = np.random.default_rng(seed), Likeness()
    for number, subject in enumerate(court.people):
        other = court.people[(number + 1) % len(court.people)]
        for row, pixels in _hidden(court, subject, other, each, dice):
            faces = court.eyes.faces(pixels)
            look = court.of(faces, str(subject.seed))
            nameless = court.of(faces, str(subject.seed), without=[str(other.seed)])
            found.hidden.append(row | _said(court, look) | {"unknown": _said(court, nameless)})
        for row, pixels in _own(subject, dice):
            found.own.append(row | _said(court, court.look(pixels, str(subject.seed))))
        print(f"likeness: person {number + 1} of {len(court.people)}", file=sys.stderr, flush=True)
    return found


def summary(found: Likeness, court: Court) -> dict[str, Any]:
    """Rates with exact bounds, by everything that the pictures differ in."""
    large = [row for row in found.hidden if row["size_px"] >= GOAL_FROM_PX]
    return {
        "missed": _rate(large, "allowed"),
        "missed_if_unknown_faces_may_pass": _rate(large, "allowed_if_unknown_may"),
        "missed_of_nobody_known": _rate([row["unknown"] for row in large], "allowed"),
        "missed_by_disguise": _by(large, "disguise", "allowed_if_unknown_may"),
        "missed_by_size_px": _by(found.hidden, "size_px", "allowed_if_unknown_may"),
        "wrong_blocks": _rate([r for r in found.own if r["style"] == "photo"], "blocked"),
        "wrong_blocks_by_style": _by(found.own, "style", "blocked"),
        "wrong_blocks_by_turn": _by([r for r in found.own if r["style"] == "photo"], "turn", "blocked"),
        "doubts": _rate(found.own, "doubt"),
        "curve": [_at(found, court, threshold) for threshold in THRESHOLDS],
        "shipped": {"own_floor": court.rules.own_floor, "other_threshold": court.rules.other_threshold},
    }


def _at(found: Likeness, court: Court, floor: float) -> dict[str, Any]:
    """Both rates with another own_floor, by the scores that were seen."""
    rules = replace(court.rules, own_floor=floor)
    large = [row for row in found.hidden if row["size_px"] >= GOAL_FROM_PX]
    photos = [row for row in found.own if row["style"] == "photo"]
    missed = [court.said(row["faces"], rules).allowed for row in large]
    strangers = [court.said(row["unknown"]["faces"], rules).allowed for row in large]
    blocked = [_is_blocked(court.said(row["faces"], rules)) for row in photos]
    return {
        "own_floor": floor,
        "missed": rate(sum(missed), len(missed)),
        "missed_of_nobody_known": rate(sum(strangers), len(strangers)),
        "wrong_blocks": rate(sum(blocked), len(blocked)),
    }


def _said(court: Court, look: Look) -> dict[str, Any]:
    free = court.said(look.faces, court.rules, unknown=UnknownFaces.ALLOW)
    return {
        "faces": look.faces,
        "allowed": look.allowed,
        "allowed_if_unknown_may": free.allowed,
        "doubt": look.doubt,
        "blocked": _is_blocked(look),
    }


def _is_blocked(look: Look) -> bool:
    return not look.allowed and not look.doubt


def _hidden(
    court: Court, subject: scene.Somebody, other: scene.Somebody, each: int, dice: np.random.Generator
) -> Iterator[tuple[dict[str, Any], RgbU8]]:
    for disguise, change in DISGUISES.items():
        for size_px in SIZES_PX:
            for _ in range(each):
                own = enlarged(subject.photos[int(dice.integers(len(subject.photos)))])
                head = head_of(court, other.photos[int(dice.integers(len(other.photos)))], size_px)
                if head is not None:
                    row = {"disguise": disguise, "size_px": size_px}
                    yield row, beside(court, own, change(head, dice), cut=disguise == "edge")


def _own(subject: scene.Somebody, dice: np.random.Generator) -> Iterator[tuple[dict[str, Any], RgbU8]]:
    for number, (photo, turn) in enumerate(zip(subject.photos, subject.turns, strict=True)):
        style = "photo" if number % 2 else _STYLES[1 + number // 2 % 3]
        changed = enlarged(photo) if style == "photo" else WHOLE[style](enlarged(photo), dice)
        yield {"style": style, "turn": "to 14" if turn < 15 else "15 and more"}, changed


def head_of(court: Court, photo: RgbU8, size_px: int) -> RgbU8 | None:
    """A square around the face, which is `size_px` wide in it."""
    faces = court.engine.detect(photo)
    if not faces:
        return None
    box = max(faces, key=lambda face: face.box.width_px).box
    scale, side = size_px / box.width_px, round(size_px * _PATCH)
    reach = side / scale / 2
    padded = cv2.copyMakeBorder(photo, 256, 256, 256, 256, cv2.BORDER_REPLICATE)
    left, top = (round(v) + 256 for v in (box.x_px + box.width_px / 2 - reach, box.y_px + box.height_px / 2 - reach))
    part = padded[top : top + round(2 * reach), left : left + round(2 * reach)]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=how), np.uint8)


def beside(court: Court, own: RgbU8, patch: RgbU8, *, cut: bool = False) -> RgbU8:
    """The patch in the corner that is farthest from the subject's face; `cut`: a third of its face beyond the edge."""
    faces = court.engine.detect(own)
    middle = SIDE_PX / 2 if not faces else faces[0].box.x_px + faces[0].box.width_px / 2
    image, side = own.copy(), patch.shape[0]
    hidden = round(side / 2 - side / _PATCH / 2 + side / _PATCH * 0.33) if cut else 0
    if middle < SIDE_PX / 2:
        image[4 : 4 + side, SIDE_PX - side + hidden :] = patch[:, : side - hidden]
    else:
        image[4 : 4 + side, : side - hidden] = patch[:, hidden:]
    return image


def _rate(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return rate(sum(row[key] for row in rows), len(rows))


def _by(rows: list[dict[str, Any]], by: str, key: str) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[str(row[by])].append(row)
    return {name: _rate(group, key) for name, group in groups.items()}
