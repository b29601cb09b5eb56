"""When an adapter shows people where it should not: its own person unasked, or somebody else in that person's place.

A place is a picture in which the person should not be: drawn without the trigger and without the reference, or with the
trigger and somebody else's reference. Each is compared with the same picture of the bare backbone, so that a backbone
whose faces are all a little alike does not count against an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Cosines of one place's most alike face (None: no face): with the person, drawn with the LoRA and without it, and
    of the picture with the LoRA with whoever was asked for instead (None also where nobody was)."""

    with_lora: float | None
    bare: float | None
    asked: float | None = None


@dataclass(frozen=True)
class OwnPicture:
    """Cosines of a face that the adapter drew of its person: with that person, with the nearest of the panel."""

    own: float
    nearest_stranger: float


@dataclass(frozen=True)
class Match:
    """What identity says of such a face: cosines with the person's templates and with the nearest of anybody else's;
    whether the latter would pass for a match; whether the face is on the protected register."""

    own: float
    other: float
    matches_other: bool
    protected: bool


@dataclass(frozen=True)
class Leak:
    """What was found. The shares are 0 to 1.

    excess: mean cosine with the person over the bare backbone's, without the trigger or with somebody else asked for,
        whichever is more: a leak of one kind must not hide among places of the other.
    shown: of all places, those in which the person is.
    swapped: of the places where somebody else was asked for, those more like the person than like whom was asked for.
    others: of the adapter's own faces, those more like somebody else than like the person.
    places: how many pictures were looked at.
    blind: the LoRA left too few faces in them to say anything.
    """

    excess: float
    shown: float
    swapped: float
    others: float
    places: int
    blind: bool = False


@dataclass(frozen=True)
class LeakRules:
    """Thresholds; settings.py sets them and README.md says how they were chosen.

    A person is in a place whose cosine is at least shown_cosine, and by shown_margin more than the bare backbone's.
    other_margin: a face is somebody else's when it is so much more like them than like the person.
    """

    excess_max: float
    shown_cosine: float
    shown_margin: float
    shown_max: float
    swapped_max: float
    other_margin: float
    others_max: float
    faces_min: float = 0.5

    def passed(self, leak: Leak) -> bool:
        """Nobody is where they should not be. What could not be seen does not pass."""
        return (
            leak.places > 0
            and not leak.blind
            and leak.excess <= self.excess_max
            and leak.shown <= self.shown_max
            and leak.swapped <= self.swapped_max
            and leak.others <= self.others_max
        )


def measured(places: Sequence[Place], own: Sequence[OwnPicture], matches: Sequence[Match], rules: LeakRules) -> Leak:
    """The numbers of one adapter. A place without a face shows nobody."""
    bare_faces = sum(place.bare is not None for place in places)
    faces = sum(place.with_lora is not None for place in places)
    asked = [place for place in places if place.asked is not None and place.with_lora is not None]
    return Leak(
        excess=max(
            _excess([p for p in places if p.asked is None]), _excess([p for p in places if p.asked is not None])
        ),
        shown=_share([_is_shown(place, rules) for place in places]),
        swapped=_share([_is_swapped(place) for place in asked]),
        others=max(
            _share([picture.nearest_stranger > picture.own + rules.other_margin for picture in own]),
            _share([_is_somebody_elses(match, rules) for match in matches]),
        ),
        places=len(places),
        blind=faces < rules.faces_min * bare_faces,
    )


def _excess(places: Sequence[Place]) -> float:
    """Over the places in which there is a face with the LoRA and without it."""
    return _mean([p.with_lora - p.bare for p in places if p.with_lora is not None and p.bare is not None])


def _is_shown(place: Place, rules: LeakRules) -> bool:
    if place.with_lora is None or place.with_lora < rules.shown_cosine:
        return False
    return place.bare is None or place.with_lora >= place.bare + rules.shown_margin


def _is_swapped(place: Place) -> bool:
    return place.with_lora is not None and place.asked is not None and place.with_lora > place.asked


def _is_somebody_elses(match: Match, rules: LeakRules) -> bool:
    """A picture of nobody in particular is no match; one of somebody else must be theirs by the margin."""
    return match.protected or (match.matches_other and match.other > match.own + rules.other_margin)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
