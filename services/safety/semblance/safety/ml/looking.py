"""Every face in a picture, at every size and angle: looks at the whole, then closer wherever something is faint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from semblance.faces import Box, Face, RgbU8
from semblance.faces.scanning import FaceScanner
from semblance.safety.domain.errors import TooManyPlaces
from semblance.safety.ml import halves, views
from semblance.safety.ml.halves import HalfFace
from semblance.safety.ml.views import View

_SAME_FACE_OVERLAP_0_1 = 0.3
_LOOKED_AT_OVERLAP_0_1 = 0.6  # so much alike, a second look shows what the first did
_LOOKS_AT_A_PLACE = 2
_AView = TypeVar("_AView", bound=View)
_INSIDE_A_FACE_0_1 = 0.4  # as wide as this share of a face around it, or less: not that face again, but doubtful


@dataclass(frozen=True)
class LookRules:
    """How sure is sure, whichever look showed it. `sure_0_1`: an upright face counts; below `clear_0_1` it may lie on
    its side all the same. `closer_0_1`, `finer_0_1`: what a closer look at one place must show, and a finer one at what
    that showed. `half_0_1`: what the finer look at half a face with its mirror image must show, as symmetry alone looks
    a little like a face. `faint_0_1`: worth a closer look; `half_faint_0_1`: worth completing; `large_faint_0_1`: what
    is `large_px` square in a look or more, because a large face is never so faint. `inside_0_1`: the same within a much
    larger face. `places`: closer looks at most."""

    sure_0_1: float = 0.7
    clear_0_1: float = 0.9
    closer_0_1: float = 0.8
    finer_0_1: float = 0.7
    half_0_1: float = 0.8
    faint_0_1: float = 0.05
    half_faint_0_1: float = 0.1
    large_faint_0_1: float = 0.2
    large_px: float = 120.0
    inside_0_1: float = 0.5
    places: int = 400


class _Doubtful(NamedTuple):
    """A place to look at closer. `counts`: it is a face even if that shows none; its angle is what is not known.
    `turned_deg`: of the look that showed it."""

    face: Face
    counts: bool
    turned_deg: int


class FaceLooker:
    """Looks at the picture propose places, and a closer look at each decides, by the same rules whichever look it was.

    Fast: the whole upright and on its sides, the picture's own size upright. Thorough: the picture's own size on every
    side and the size between as well.
    """

    def __init__(self, scanner: FaceScanner, rules: LookRules) -> None:
        self._scanner = scanner
        self._rules = rules

    def faces(self, image: RgbU8, *, thorough: bool, go_on: Callable[[], None] = lambda: None) -> list[Face]:
        """Every face once, in the picture's pixels. Raises TooManyPlaces; `go_on` may raise between looks.

        The thorough looks come after everything that the fast way does, so that they can only add faces.
        """
        found: list[Face] = []
        looked: list[Box] = []
        for looks in [_fast_looks(image), _further_looks(image)][: 2 if thorough else 1]:
            doubtful = self._seen(image, looks, found, go_on)
            self._look_closer(image, doubtful, (found, looked), go_on)
        return found

    def _seen(
        self, image: RgbU8, looks: Iterator[View], found: list[Face], go_on: Callable[[], None]
    ) -> list[_Doubtful]:
        """Adds the plain faces to `found`; what deserves a closer look."""
        doubtful: list[_Doubtful] = []
        for view in looks:
            go_on()
            for seen in self._scanner.scan(view.image, lowest_0_1=self._rules.faint_0_1):
                face = view.face(seen)
                if not _has_its_middle_in(image, face.box) or self._is_too_faint(seen):
                    continue
                upright = view.turned_deg == 0 and face.score_0_1 >= self._rules.sure_0_1
                counts = upright and not _around(face.box, found)
                if not counts or face.score_0_1 < self._rules.clear_0_1:
                    doubtful.append(_Doubtful(face, counts, view.turned_deg))
                elif not _is_known(face.box, found):
                    found.append(face)
        return doubtful

    def _is_too_faint(self, seen: Face) -> bool:
        large = seen.box.area >= self._rules.large_px**2
        return large and seen.score_0_1 < self._rules.large_faint_0_1

    def _look_closer(
        self,
        image: RgbU8,
        doubtful: list[_Doubtful],
        so_far: tuple[list[Face], list[Box]],
        go_on: Callable[[], None],
    ) -> None:
        """Adds what a closer look at each place shows; the surest first, so that its neighbours are it again."""
        found, looked = so_far
        for place in sorted(doubtful, key=lambda place: place.face.score_0_1, reverse=True):
            face, counts = place.face, place.counts
            if _is_known(face.box, found) or (not counts and _was_looked_at(face.box, looked)):
                continue
            if _around(face.box, found) and face.score_0_1 < self._rules.inside_0_1:
                continue
            looked.append(face.box)
            if len(looked) > self._rules.places:
                raise TooManyPlaces
            go_on()
            best = self._upright(image, face.box, found) or self._completed(image, place)
            if best is not None and not _is_known(best.box, found):
                found.append(best)
            if counts and not _is_known(face.box, found):  # the closer look shows nothing, or a face beside it
                found.append(face)

    def _upright(self, image: RgbU8, box: Box, found: list[Face]) -> Face | None:
        """The face at this place at any of eight angles, all in one look; its landmarks from a finer look."""
        cells = [views.at(image, box, angle) for angle in views.CLOSER_ANGLES_DEG]
        seen = self._surest(cells, self._rules.closer_0_1)
        if seen is None:
            return None
        rough = seen[0].face(seen[1])
        return rough if _is_known(rough.box, found) else self._finer(image, *seen)

    def _finer(self, image: RgbU8, cell: View, seen: Face) -> Face | None:
        """The same face seen larger; None where that shows nothing: what is a face is one at both sizes."""
        face = cell.face(seen)
        view = views.at(image, face.box, cell.turned_deg, fine=True)
        again = [view.face(one) for one in self._scanner.scan(view.image, lowest_0_1=self._rules.finer_0_1)]
        return next((one for one in again if _same(one.box, face.box)), None)

    def _completed(self, image: RgbU8, place: _Doubtful) -> HalfFace | None:
        """Half a face at this place, completed by its mirror image, where that is a face at both sizes."""
        if place.face.score_0_1 < self._rules.half_faint_0_1:
            return None
        seen = self._surest(halves.folded(image, place.face.box, place.turned_deg), self._rules.finer_0_1)
        if seen is None:
            return None
        rough = seen[0].face(seen[1])
        view = halves.finer(image, rough.box, seen[0])
        for there in self._scanner.scan(view.image, lowest_0_1=self._rules.half_0_1):
            face = view.face(there)
            if _same(face.box, rough.box):
                return HalfFace(face.box, face.landmarks, there.score_0_1, completed=view.image, there=there)
        return None

    def _surest(self, cells: Sequence[_AView], lowest_0_1: float) -> tuple[_AView, Face] | None:
        """All cells in one look: the surest face that is in the middle of one, and which."""
        strip = np.concatenate([cell.image for cell in cells], axis=1)
        for seen in self._scanner.scan(strip, lowest_0_1=lowest_0_1):  # the surest first
            which = min(max(int((seen.box.x_px + seen.box.width_px / 2) // views.CELL_PX), 0), len(cells) - 1)
            local = _moved(seen, which * views.CELL_PX)
            if _is_central(local.box):
                return cells[which], local
        return None


def _fast_looks(image: RgbU8) -> Iterator[View]:
    small = views.resized(image, views.WHOLE_PX / max(image.shape[:2]))
    yield views.framed(small, image)
    yield from views.close(image)
    smaller = views.resized(small, views.TURNED_PX / views.WHOLE_PX)
    for angle in (90, 180, 270):
        yield views.framed(smaller, image, turned_deg=angle)


def _further_looks(image: RgbU8) -> Iterator[View]:
    """The size between on every side, and the picture's own size on its other sides."""
    for angle in (0, 90, 180, 270):
        yield views.whole(image, views.BETWEEN_PX, turned_deg=angle)
    for angle in (90, 180, 270):
        yield from views.close(image, turned_deg=angle)


def _moved(face: Face, by_px: int) -> Face:
    box = Box(face.box.x_px - by_px, face.box.y_px, face.box.width_px, face.box.height_px)
    return Face(box, face.landmarks - np.array([by_px, 0], dtype=np.float32), face.score_0_1)


def _was_looked_at(box: Box, looked: list[Box]) -> bool:
    """Whether the same place was looked at in nearly this frame, or often enough in others."""
    here = [other for other in looked if _same(box, other)]
    return len(here) >= _LOOKS_AT_A_PLACE or any(box.overlap_0_1(other) >= _LOOKED_AT_OVERLAP_0_1 for other in here)


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
