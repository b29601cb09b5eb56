"""When an adapter is like its person: measured on photos that training never saw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What the evaluation found. own and strangers are mean cosines, a picture without a face counting as 0."""

    own: float
    strangers: float
    pictures: int
    detected: int


@dataclass(frozen=True)
class LikenessRules:
    """floor: the lowest mean cosine with held-out photos; min_detected_0_1: the share of pictures with a face."""

    floor: float
    min_detected_0_1: float = 0.5

    def passed(self, measured: Measured) -> bool:
        """Above the floor, more like the person than like strangers, and with faces in it."""
        return (
            measured.own >= self.floor
            and measured.own > measured.strangers
            and measured.detected >= self.min_detected_0_1 * measured.pictures
        )


def held_out_count(photos: int) -> int:
    """How many photos only test what was learnt: two, and three once eight leave enough to learn from."""
    return 3 if photos >= 8 else 2
