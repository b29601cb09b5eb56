"""How good somebody's photos are to learn from, before anything is learnt: a score, and what would make it better.

The points and limits were set by hand, from what the photos are used for (README.md); they were not fitted to likeness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

FULL_SCORE: Final = 100


@dataclass(frozen=True)
class PhotoFacts:
    """One accepted photo. face_px: shorter side of the own face; sharpness (variance of the Laplacian of the aligned
    face), yaw_deg and pitch_ratio: as semblance.faces has them; others: faces of other people in it; dhash: 64
    hexadecimal digits, empty where unknown."""

    photo_id: str
    face_px: float
    sharpness: float
    brightness_0_1: float
    yaw_deg: float
    pitch_ratio: float
    others: int = 0
    dhash: str = field(default="", repr=False)


@dataclass(frozen=True)
class DatasetRules:
    """min_photos: fewer cannot be trained on. enough_photos: more add no points. face_px: what fills the backbone's
    picture. spreads: from the lowest to the highest photo. alike_bits: of 256, below which two photos show the same
    moment; ingest itself refuses only those that are all but one picture."""

    min_photos: int
    enough_photos: int = 12
    sharpness: float = 40.0
    face_px: float = 96.0
    yaw_spread_deg: float = 30.0
    pitch_spread: float = 0.12
    brightness_spread: float = 0.2
    dark_0_1: float = 0.2
    bright_0_1: float = 0.85
    alike_bits: int = 40
    others_share: float = 0.25


@dataclass(frozen=True)
class Finding:
    """Something that costs points. photo_ids: which photos it is about; empty: the set as a whole."""

    code: str
    points: int
    advice: str
    photo_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetScore:
    """score: 0 to 100. enough: whether a training would begin at all."""

    score: int
    photos: int
    enough: bool
    findings: tuple[Finding, ...] = ()


def score(photos: Sequence[PhotoFacts], rules: DatasetRules) -> DatasetScore:
    """Full marks less what was found, worst first. With too few photos to train on it is 0."""
    enough = len(photos) >= rules.min_photos
    asked = (_count, _sharpness, _size, _pose, _light, _repeats, _strangers)
    found = [finding for ask in asked if (finding := ask(photos, rules)) is not None and finding.points > 0]
    findings = tuple(sorted(found, key=lambda finding: -finding.points))
    left = FULL_SCORE - sum(finding.points for finding in findings)
    return DatasetScore(max(0, left) if enough else 0, len(photos), enough, findings)


def _count(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    missing = rules.enough_photos - len(photos)
    if missing <= 0:
        return None
    if len(photos) < rules.min_photos:
        needed = rules.min_photos - len(photos)
        return Finding("too-few-photos", 25, f"Add at least {needed} more: training needs {rules.min_photos} photos.")
    points = round(25 * missing / max(1, rules.enough_photos + 1 - rules.min_photos))
    return Finding("few-photos", points, f"Add some {missing} more photos, from other days if you can.")


def _sharpness(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    soft = [photo for photo in photos if photo.sharpness < rules.sharpness]
    return _about(
        "soft-photos", 15, soft, photos, "Replace these by sharper ones: hold still, clean the lens, no zoom."
    )


def _size(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    small = [photo for photo in photos if photo.face_px < rules.face_px]
    return _about(
        "small-faces", 15, small, photos, "Your face is small in these: come closer, or send the full picture."
    )


def _pose(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    turned = _spread([photo.yaw_deg for photo in photos]) / rules.yaw_spread_deg
    nodded = _spread([photo.pitch_ratio for photo in photos]) / rules.pitch_spread
    points = round(15 * (1 - min(1.0, (2 * min(1.0, turned) + min(1.0, nodded)) / 3)))
    advice = "You look the same way in most of them: add some turned a little to the left, the right, up and down."
    return Finding("one-pose", points, advice) if photos else None


def _light(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    extreme = [p for p in photos if not rules.dark_0_1 <= p.brightness_0_1 <= rules.bright_0_1]
    if extreme:
        return _about(
            "bad-light", 10, extreme, photos, "Your face is too dark or too bright in these: turn to the light."
        )
    spread = _spread([photo.brightness_0_1 for photo in photos]) / rules.brightness_spread
    points = round(10 * (1 - min(1.0, spread)))
    advice = "The light is the same in all of them: add some from another room, from outdoors, from another hour."
    return Finding("one-light", points, advice) if photos else None


def _repeats(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    repeated = [
        photo
        for index, photo in enumerate(photos)
        if any(_bits_apart(photo, earlier) < rules.alike_bits for earlier in photos[:index])
    ]
    return _about("repeats", 10, repeated, photos, "These show a moment that another photo has: one of each is enough.")


def _strangers(photos: Sequence[PhotoFacts], rules: DatasetRules) -> Finding | None:
    """Other people are blurred before anything is learnt; a few photos with somebody beside are no harm."""
    shared = [photo for photo in photos if photo.others]
    if len(shared) <= rules.others_share * len(photos):
        return None
    return _about(
        "others-in-them", 10, shared, photos, "Somebody else is in these and is left out: add some of you alone."
    )


def _about(
    code: str, most: int, found: Sequence[PhotoFacts], photos: Sequence[PhotoFacts], advice: str
) -> Finding | None:
    """Points by the share of photos; at least one for any at all."""
    if not found:
        return None
    return Finding(code, max(1, round(most * len(found) / len(photos))), advice, tuple(p.photo_id for p in found))


def _spread(values: Sequence[float]) -> float:
    return max(values) - min(values) if values else 0.0


def _bits_apart(one: PhotoFacts, other: PhotoFacts) -> int:
    return (int(one.dhash, 16) ^ int(other.dhash, 16)).bit_count() if one.dhash and other.dhash else 256
