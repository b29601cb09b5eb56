"""Which of several pictures of several people is kept."""

from __future__ import annotations

import numpy as np
import pytest

from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.generation.domain.together import Area
from semblance.generation.ml.judging import Judge, Sitter, upscale

ADA, BOB = np.eye(2, dtype=np.float32)
TWO = [Sitter(ADA, Area(0, 0, 0.5, 1)), Sitter(BOB, Area(0.5, 0, 1, 1))]


class Faces:
    """A face at each given share of the width, whose embedding is given."""

    def __init__(self, *seen: tuple[float, Embedding]) -> None:
        self.seen = seen

    def detect(self, picture: RgbU8) -> list[Face]:
        width = picture.shape[1]
        return [Face(Box(0, 0, 8, 8), np.tile(np.float32([x * width, 4]), (5, 1)), 0.9) for x, _ in self.seen]

    def embed(self, picture: RgbU8, face: Face) -> Embedding:
        return next(e for x, e in self.seen if x * picture.shape[1] == face.landmarks[0, 0])


@pytest.mark.parametrize(
    ("seen", "alone", "likeness"),
    [
        ([(0.25, ADA), (0.75, BOB)], True, 1.0),
        ([(0.25, BOB), (0.75, ADA)], True, 0.0),  # each in the other's place
        ([(0.25, ADA)], False, -1.0),
        ([(0.125, ADA), (0.25, BOB)], False, -1.0),  # both in one place
        ([(0.25, ADA), (0.625, ADA), (0.875, BOB)], False, 0.0),
    ],
)
def test_everybody_has_one_face_in_their_own_part_and_the_least_like_counts(
    seen: list[tuple[float, Embedding]], alone: bool, likeness: float
) -> None:
    judge = Judge(Faces(*seen), upscale_to_px=8)  # type: ignore[arg-type]
    found = judge.best([np.zeros((8, 16, 3), np.uint8)], TWO)
    assert (found.alone, found.likeness) == (alone, pytest.approx(likeness))


def test_a_wide_picture_is_enlarged_by_its_shorter_edge() -> None:
    assert upscale(np.zeros((8, 16, 3), np.uint8), 32).shape == (32, 64, 3)
    assert upscale(np.zeros((16, 8, 3), np.uint8), 8).shape == (16, 8, 3)
