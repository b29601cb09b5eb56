"""Every face in a picture, at every size and angle: looks at the whole, then closer wherever something is faint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from semblance.faces import Box, Face, RgbU8
from semblance.faces.scanning import FaceScanner
from semblance.safety.domain.errors import TooManyPlaces
from semblance.safety.ml import views
from semblance.safety.ml.views import View

_SAME_FACE_OVERLAP_0_1 = 0.3
_INSIDE_A_FACE_0_1 = 0.4  # as wide as this share of a face around it, or less: not that face again, but doubtful


@dataclass(frozen=True)
class LookRules:
    """How sure is sure. `plain_0_1`: an upright face of the whole picture counts at once. `sure_0_1`: what other looks
    show counts from here on. `faint_0_1`: worth a closer look; `large_faint_0_1`: the same for what is `large_px` wide
    in a look or more, because a large face is never so faint. `inside_0_1`: the same within a much larger face.
    `places`: closer looks at most."""

    plain_0_1: float = 0.7
    sure_0_1: float = 0.8
    faint_0_1: float = 0.05
    large_faint_0_1: float = 0.2
    large_px: float = 120.0
    inside_0_1: float = 0.5
    places: int = 400


class FaceLooker:
    """Fast: the whole upright and on its sides, the picture's own size upright; a faint answer anywhere is looked at
    closer, at eight angles. Thorough: the picture's own size on every side and both sizes between as well."""

    def __init__(self, scanner: FaceScanner, rules: LookRules) -> None:
        self._scanner = scanner
        self._rules = rules

    def faces(self, image: RgbU8, *, thorough: bool, go_on: Callable[[], None] = lambda: None) -> list[Face]:
        """Every face once, in the picture's pixels. Raises TooManyPlaces; `go_on` may raise between looks."""
        found: list[Face] = []
        doubtful: list[Face] = []
        for plain, view in _looks(image, thorough=thorough):
            go_on()
            for seen in self._scanner.scan(view.image, lowest_0_1=self._rules.faint_0_1):
                face = view.face(seen)
                if not _has_its_middle_in(image, face.box) or self._is_too_faint(seen):
                    continue
                lowest = self._rules.plain_0_1 if plain else self._rules.sure_0_1
                if view.turned_deg == 0 and face.score_0_1 >= lowest and not _around(face.box, found):
                    _add(face, found)
                else:
                    doubtful.append(face)
        return self._closer(image, found, doubtful, go_on)

    def _is_too_faint(self, seen: Face) -> bool:
        return seen.box.width_px >= self._rules.large_px and seen.score_0_1 < self._rules.large_faint_0_1

    def _closer(self, image: RgbU8, found: list[Face], doubtful: list[Face], go_on: Callable[[], None]) -> list[Face]:
        """What a closer look at each doubtful place adds; the surest first, so that its neighbours are it again."""
        looked: list[Box] = []
        for face in sorted(doubtful, key=lambda face: face.score_0_1, reverse=True):
            if _is_known(face.box, found) or any(_same(face.box, box) for box in looked):
                continue
            inside = _around(face.box, found)
            if inside and face.score_0_1 < self._rules.inside_0_1:
                continue
            looked.append(face.box)
            if len(looked) > self._rules.places:
                raise TooManyPlaces
            go_on()
            best = self._upright(image, face.box)
            if best is not None and best.score_0_1 >= self._rules.sure_0_1 and not _is_known(best.box, found):
                found.append(best)
        return found

    def _upright(self, image: RgbU8, box: Box) -> Face | None:
        """The surest face at this place at any of eight angles, all in one look."""
        cells = [views.at(image, box, angle) for angle in views.CLOSER_ANGLES_DEG]
        strip = np.concatenate([cell.image for cell in cells], axis=1)
        best: Face | None = None
        for seen in self._scanner.scan(strip, lowest_0_1=self._rules.plain_0_1):
            middle_px = seen.box.x_px + seen.box.width_px / 2
            which = min(max(int(middle_px // views.CELL_PX), 0), len(cells) - 1)
            local = Face(
                Box(seen.box.x_px - which * views.CELL_PX, seen.box.y_px, seen.box.width_px, seen.box.height_px),
                seen.landmarks - np.array([which * views.CELL_PX, 0], dtype=np.float32),
                seen.score_0_1,
            )
            if _is_central(local.box) and (best is None or seen.score_0_1 > best.score_0_1):
                best = cells[which].face(local)
        return best


def _looks(image: RgbU8, *, thorough: bool) -> Iterator[tuple[bool, View]]:
    """Whether the look is a plain one (whole and upright), and the look. The fast looks come first in both ways, so
    that the others can only add faces."""
    small = views.resized(image, views.WHOLE_PX / max(image.shape[:2]))
    yield True, views.framed(small, image)
    for view in views.close(image):
        yield False, view
    for angle in (90, 180, 270):
        yield False, views.framed(small, image, turned_deg=angle)
    if thorough:
        for angle in (0, 90, 180, 270):
            yield False, views.whole(image, 640, turned_deg=angle)
        for angle in (90, 180, 270):
            for view in views.close(image, turned_deg=angle):
                yield False, view


def _add(face: Face, found: list[Face]) -> None:
    if not _is_known(face.box, found):
        found.append(face)


def _is_known(box: Box, found: list[Face]) -> bool:
    return any(_same(box, known.box) for known in found)


def _around(box: Box, found: list[Face]) -> bool:
    """Whether the box's middle lies in a face that is much larger."""
    x, y = _middle(box)
    return any(
        _contains(known.box, x, y) and box.width_px <= _INSIDE_A_FACE_0_1 * known.box.width_px for known in found
    )


def _same(a: Box, b: Box) -> bool:
    """Two boxes over one face: they overlap, or the middle of one lies in the other and sizes are alike."""
    if a.overlap_0_1(b) >= _SAME_FACE_OVERLAP_0_1:
        return True
    alike = _INSIDE_A_FACE_0_1 <= a.width_px / max(b.width_px, 1e-6) <= 1 / _INSIDE_A_FACE_0_1
    return alike and (_contains(b, *_middle(a)) or _contains(a, *_middle(b)))


def _middle(box: Box) -> tuple[float, float]:
    return box.x_px + box.width_px / 2, box.y_px + box.height_px / 2


def _contains(box: Box, x: float, y: float) -> bool:
    return bool(box.x_px <= x <= box.x_px + box.width_px and box.y_px <= y <= box.y_px + box.height_px)


def _has_its_middle_in(image: RgbU8, box: Box) -> bool:
    """A smeared border is no face."""
    x, y = _middle(box)
    return bool(0 <= x < image.shape[1] and 0 <= y < image.shape[0])


def _is_central(box: Box) -> bool:
    x, y = _middle(box)
    return max(abs(x - views.CELL_PX / 2), abs(y - views.CELL_PX / 2)) <= 0.35 * views.CELL_PX
