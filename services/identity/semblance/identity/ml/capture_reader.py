"""Frames as pixels for the length of one try: decoded, measured, embedded, dropped."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from semblance.faces import (
    ARCFACE_TEMPLATE,
    Face,
    FaceEngine,
    FaceMesh,
    InvalidLandmarks,
    Mesh,
    RgbU8,
    align,
    eye_opening,
    five_points,
    mesh_pitch_deg,
    mesh_yaw_deg,
)
from semblance.identity.domain.capture import MAX_SIDE_PX, MIN_SIDE_PX
from semblance.identity.domain.errors import InvalidCapture
from semblance.identity.domain.illumination import Light
from semblance.identity.domain.liveness import Reading
from semblance.identity.domain.matching import Embedding
from semblance.identity.domain.relief import GRID, Patch
from semblance.identity.domain.shading import Spots
from semblance.identity.ports import Frame
from semblance.kernel.errors import QuotaExceeded

_GAMMA = 2.2
_DARKEST = 1e-4
_EDGE_SHARE = 0.1  # of the width, on both sides, for two thirds of the height: room, not shoulders
_LOOK_PX = (32, 24)
_SPOT_PX = 6
_SPOTS = (7, 5)  # down and across: from the forehead to below the mouth, between the outer corners of the eyes
_SPOTS_TEMPLATE = (ARCFACE_TEMPLATE * 0.5 - np.array([12, 10])).astype(np.float32)
_PATCH_TEMPLATE = (ARCFACE_TEMPLATE * 0.5 + np.array([8, 4])).astype(np.float32)
_ROOM_SPOTS = (8, 10)  # across and down, both edges together
_BODY_SPOTS = (8, 3)  # across and down
_BELOW_CHIN, _BODY_SHARE = 1.18, 0.03  # where it begins, and how much of it must be seen, in heights of the face
_BYSTANDER_SHARE = 0.25  # a face a quarter as wide as the nearest one is somebody standing behind
_FACE_SCORE = 0.5  # of the mesh; README.md: real turns 0.76 or more


class FaceCapture:
    """A decoded capture. Nothing of it outlives the object."""

    def __init__(
        self, images: Sequence[RgbU8], faces: Sequence[Face | None], readings: Sequence[Reading], engine: FaceEngine
    ) -> None:
        self._images = images
        self._faces = faces
        self._engine = engine
        self._usual = _median_light([r.skin for r in readings if r.skin is not None])
        self.readings = readings

    def embeddings(self, indices: Sequence[int]) -> list[Embedding]:
        """Embeddings of the one face in each of these frames, with the screen's colour taken off first."""
        found = []
        for i in indices:
            face = self._faces[i]
            assert face is not None, "only frames with one face are compared"
            found.append(self._engine.embed(_neutral(self._images[i], self.readings[i].skin, self._usual), face))
        return found


class FaceCaptureReader:
    """Reads captures with one engine to find faces, a mesh to measure them and one to compare them; so many at a
    time."""

    def __init__(
        self, detector: FaceEngine, matcher: FaceEngine, mesh: FaceMesh, *, at_once: int, wait_s: float
    ) -> None:
        self._detector = detector
        self._mesh = mesh
        self._matcher = matcher
        self._slots = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def read(self, frames: Sequence[Frame]) -> FaceCapture:
        """Raises InvalidCapture, QuotaExceeded."""
        if not self._slots.acquire(timeout=self._wait_s):
            raise QuotaExceeded("too many captures are being checked", retry_after_s=10, code="busy")
        try:
            images = [_decode(frame.jpeg) for frame in frames]
            found = [self._look(image) for image in images]
        finally:
            self._slots.release()
        readings = [_measure(f.at_ms, i, look) for f, i, look in zip(frames, images, found, strict=True)]
        return FaceCapture(images, [_aligned(look) for look in found], readings, self._matcher)

    def _look(self, image: RgbU8) -> _Look:
        """The faces, and the mesh of an only one. One that the mesh cannot be laid on counts as none."""
        grey = _without_colour(image)
        faces = _significant(self._detector.detect(grey))
        if len(faces) != 1:
            return _Look(faces)
        try:
            mesh = self._mesh.fit(grey, faces[0])
            if mesh.score_0_1 < _FACE_SCORE:
                return _NONE
            return _Look(faces, mesh, mesh_yaw_deg(mesh), mesh_pitch_deg(mesh), eye_opening(mesh))
        except InvalidLandmarks:
            return _NONE


@dataclass(frozen=True)
class _Look:
    """The faces of one frame; of an only one also the mesh and what is measured on it."""

    faces: Sequence[Face]
    mesh: Mesh | None = None
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    eye_opening: float | None = None


_NONE = _Look(())


def _aligned(look: _Look) -> Face | None:
    """The only face with the mesh's five points: YuNet guesses an eye that hair covers, and SFace then sees another
    face."""
    if look.mesh is None:
        return None
    return Face(look.faces[0].box, five_points(look.mesh), look.faces[0].score_0_1)


def _decode(jpeg: bytes) -> RgbU8:
    """The frame's pixels. Raises InvalidCapture for anything but a JPEG within the size limits."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                if max(image.size) > MAX_SIDE_PX or min(image.size) < MIN_SIDE_PX:
                    raise InvalidCapture(f"a frame's sides are {MIN_SIDE_PX} to {MAX_SIDE_PX} px")
                return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as e:
        raise InvalidCapture("a frame is not a readable JPEG") from e


def _without_colour(image: RgbU8) -> RgbU8:
    """What landmarks are looked for in: under a screen's saturated colours the detector moves them, by as much as half
    of a small nod."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _significant(faces: Sequence[Face]) -> list[Face]:
    """The nearest face first, without specks far behind."""
    by_width = sorted(faces, key=lambda f: f.box.width_px, reverse=True)
    return [f for f in by_width if f.box.width_px >= _BYSTANDER_SHARE * by_width[0].box.width_px]


def _measure(at_ms: int, image: RgbU8, seen: _Look) -> Reading:
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    look = cv2.resize(image, _LOOK_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    if not seen.faces:
        return Reading(at_ms=at_ms, digest=digest, faces=0, look=look)
    face = seen.faces[0]
    meshed = _aligned(seen)
    return Reading(
        at_ms=at_ms,
        digest=digest,
        faces=len(seen.faces),
        yaw_deg=seen.yaw_deg,
        eye_opening=seen.eye_opening,
        pitch_deg=seen.pitch_deg,
        face_width_px=face.box.width_px,
        eyes_x_px=float(face.landmarks[:2, 0].mean()),
        eyes_y_px=float(face.landmarks[:2, 1].mean()),
        skin=_light(_between_eyes_and_mouth(image, face)),
        back=_light(*_edges(image)),
        look=look,
        spots=_face_spots(image, face),
        patch=None if meshed is None else _patch(image, meshed),
        room=_room_spots(image),
        body=_body_spots(image, face),
    )


def _median_light(seen: Sequence[Light]) -> Light:
    """The session's usual light on the skin, channel by channel; grey where no face was seen."""
    if not seen:
        return 1.0, 1.0, 1.0
    red, green, blue = np.median(np.array(seen), axis=0)
    return float(red), float(green), float(blue)


def _neutral(image: RgbU8, skin: Light | None, usual: Light) -> RgbU8:
    """The picture as if the skin had its usual light: a table for each channel, a new array."""
    if skin is None:
        return image
    steps = np.arange(256)
    tables = [steps * (max(b, _DARKEST) / max(a, _DARKEST)) ** (1 / _GAMMA) for a, b in zip(skin, usual, strict=True)]
    table = np.clip(np.stack(tables, axis=1) + 0.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table[:, None, :]), dtype=np.uint8)


def _between_eyes_and_mouth(image: RgbU8, face: Face) -> RgbU8:
    """Cheeks and nose: the largest patch that is skin for nearly everybody. At least 1 px."""
    eyes, mouth = face.landmarks[:2], face.landmarks[3:]
    top, bottom = float(eyes[:, 1].mean()), float(mouth[:, 1].mean())
    return _crop(image, eyes[:, 0].min(), eyes[:, 0].max(), top + 0.25 * (bottom - top), bottom)


def _edges(image: RgbU8) -> tuple[RgbU8, RgbU8]:
    """The left and right edge of the picture, where the room is."""
    wide, high = max(1, int(image.shape[1] * _EDGE_SHARE)), image.shape[0] * 2 // 3
    return image[:high, :wide], image[:high, -wide:]


def _face_spots(image: RgbU8, face: Face) -> Spots:
    """The face's grid, row by row: (35, 3)."""
    down, across = _SPOTS
    crop = align(image, face.landmarks, _SPOTS_TEMPLATE, _SPOT_PX * down)[:, : _SPOT_PX * across]
    light = _linear(crop).reshape(down, _SPOT_PX, across, _SPOT_PX, 3).mean(axis=(1, 3))
    return np.asarray(light.reshape(-1, 3), dtype=np.float32)


def _patch(image: RgbU8, face: Face) -> Patch:
    """The face's fine grid with its surroundings: (GRID, GRID, 3). Wants the mesh's points: YuNet's stir too much."""
    crop = align(image, face.landmarks, _PATCH_TEMPLATE, _SPOT_PX * GRID)
    return np.asarray(_linear(crop).reshape(GRID, _SPOT_PX, GRID, _SPOT_PX, 3).mean(axis=(1, 3)), dtype=np.float32)


def _room_spots(image: RgbU8) -> Spots:
    """The grid of the picture's edges: (80, 3)."""
    return _linear(
        cv2.resize(np.concatenate(_edges(image), axis=1), _ROOM_SPOTS, interpolation=cv2.INTER_AREA)
    ).reshape(-1, 3)


def _body_spots(image: RgbU8, face: Face) -> Spots | None:
    """The grid of what lies below the chin, row by row: (24, 3); None where the picture ends before."""
    box, (across, down) = face.box, _BODY_SPOTS
    top = round(box.y_px + _BELOW_CHIN * box.height_px)
    left, right = round(box.x_px - 0.1 * box.width_px), round(box.x_px + 1.1 * box.width_px)
    part = image[max(0, top) :, max(0, left) : max(1, right)]
    if part.shape[0] < max(down, _BODY_SHARE * box.height_px) or part.shape[1] < across:
        return None
    return _linear(cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)).reshape(-1, 3)


def _linear(image: npt.NDArray[np.uint8]) -> Spots:
    return np.asarray((image / np.float32(255)) ** np.float32(_GAMMA), dtype=np.float32)


def _light(*patches: RgbU8) -> Light:
    """Mean linear red, green and blue (0 to 1) of all pixels together."""
    pixels = np.concatenate([patch.reshape(-1, 3) for patch in patches])
    red, green, blue = ((pixels / np.float32(255)) ** _GAMMA).mean(axis=0)
    return float(red), float(green), float(blue)


def _crop(image: RgbU8, left: float, right: float, top: float, bottom: float) -> RgbU8:
    """The part of the picture that lies within, at least one pixel."""
    height, width = image.shape[:2]
    x = min(max(0, int(left)), width - 1)
    y = min(max(0, int(top)), height - 1)
    return image[y : max(y, min(height - 1, int(bottom))) + 1, x : max(x, min(width - 1, int(right))) + 1]
