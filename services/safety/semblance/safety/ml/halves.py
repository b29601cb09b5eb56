"""Half a face and its mirror image make a face: what a hand, a pillar or the picture's edge hides is the other half.

A detector is sure of whole faces, and mostly silent about half of one; but half a face with its mirror image beside it
is as sure as a whole one, and is compared as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semblance.faces import Box, Face, RgbU8
from semblance.safety.ml import views
from semblance.safety.ml.views import View

_SHIFTS = (0.0, 1 / 16, 1 / 8)
"""Of a cell's width, outwards from the middle of a place: it is about the half that shows, or about the whole face, so
that the face's middle lies there or farther out."""


@dataclass(frozen=True)
class FoldedView(View):
    """A look of which one side of an upright line, `fold_px` from the left, is the mirror image of the other."""

    fold_px: int
    keeps_left: bool


@dataclass(frozen=True, eq=False)
class HalfFace(Face):
    """A face of which half was seen. `completed`: that half and its mirror image; `there`: the face in it."""

    completed: RgbU8
    there: Face


def folded(image: RgbU8, box: Box, turned_deg: int) -> list[FoldedView]:
    """The square around a place, folded at each shift, the left side kept and the right side."""
    view = views.at(image, box, turned_deg)
    return [
        _fold(view, round(views.CELL_PX * (0.5 + (shift if left else -shift))), keeps_left=left)
        for left in (True, False)
        for shift in _SHIFTS
    ]


def finer(image: RgbU8, box: Box, seen: FoldedView) -> FoldedView:
    """A larger square around a face that `seen` showed, folded where that was."""
    view = views.at(image, box, seen.turned_deg, fine=True)
    fold = seen.to_picture @ (seen.fold_px, seen.image.shape[0] / 2, 1.0)
    there = np.linalg.solve(view.to_picture[:, :2], fold - view.to_picture[:, 2])
    return _fold(view, round(float(there[0])), keeps_left=seen.keeps_left)


def _fold(view: View, fold_px: int, *, keeps_left: bool) -> FoldedView:
    width = view.image.shape[1]
    columns = np.arange(width)
    kept = columns < fold_px if keeps_left else columns >= fold_px
    source = np.where(kept, columns, 2 * fold_px - 1 - columns).clip(0, width - 1)
    folded_image = np.ascontiguousarray(view.image[:, source])
    return FoldedView(folded_image, view.to_picture, view.turned_deg, fold_px, keeps_left)
