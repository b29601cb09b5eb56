"""468 points of a face by MediaPipe's face mesh, with both eyes refined: for what five points cannot show.

The model lies beside this file (assets/NOTICE); it was trained on real faces and reads drawn ones well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from semblance.faces.alignment import require_image
from semblance.faces.arrays import Affine, Face, Points, RgbU8
from semblance.faces.errors import FaceModelMissing, InvalidLandmarks

MESH_FILE = Path(__file__).parent / "assets" / "face_mesh.onnx"
_SIDE_PX = 192
# MediaPipe cuts out the face's box, 1.5 times as large, square, with the eyes level.
_MARGIN = 1.5
# Points of the mesh that the first 16 of an eye's refined points replace: the lower lid, then the upper one, from the
# outer corner inwards. Source: MediaPipe's tensors_to_face_landmarks_with_attention.
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)
# Corners and two pairs of lids, upper before lower, of each eye. Source: Soukupova and Cech, CVWW 2016, eq. 1.
_LIDS = (((33, 133), (160, 144), (158, 153)), ((263, 362), (387, 373), (385, 380)))
_FOREHEAD, _CHIN = 10, 152
_NOSE, _MOUTH = 1, (61, 291)  # the nose's tip; the mouth's right and left corner

MeshPoints = npt.NDArray[np.float32]  # (468, 3) px: x, y, and depth, less nearer to the camera


@dataclass(frozen=True, eq=False)
class Mesh:
    """points (468, 3) in px of the picture, in MediaPipe's order. score_0_1: how sure the model is of a face there."""

    points: MeshPoints
    score_0_1: float


class FaceMesh:
    """Some 5 ms a face on one thread. Safe to call from many threads."""

    def __init__(self, file: Path = MESH_FILE) -> None:
        """Raises FaceModelMissing."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as e:  # onnxruntime's own exceptions share no base
            raise FaceModelMissing(file.name, "cannot be read") from e
        self._input = self._session.get_inputs()[0].name

    def fit(self, image: RgbU8, face: Face) -> Mesh:
        """The mesh of a face that a detector found. Raises InvalidImage, InvalidLandmarks."""
        require_image(image)
        to_image = _crop_to_image(face)
        crop = cv2.warpAffine(
            image,
            to_image,
            (_SIDE_PX, _SIDE_PX),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        pixels = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)
        mesh, right, left, score = self._session.run(["mesh", "right_eye", "left_eye", "score"], {self._input: pixels})
        points = mesh.reshape(468, 3)
        points[list(RIGHT_EYE), :2] = right[0, :16]
        points[list(LEFT_EYE), :2] = left[0, :16]
        scale = float(np.hypot(to_image[0, 0], to_image[1, 0]))
        flat = points[:, :2] @ to_image[:, :2].T + to_image[:, 2]
        placed = np.column_stack([flat, points[:, 2] * scale]).astype(np.float32)
        return Mesh(placed, 1 / (1 + math.exp(-float(np.clip(score.reshape(-1)[0], -50, 50)))))


def eye_opening(mesh: Mesh) -> float:
    """How far both eyes are open: the lids' distance as a share of the eye's width, the mean of two. Some 0.25 to 0.4
    for open eyes, below 0.15 for closed ones. Raises InvalidLandmarks."""
    shares = []
    for (a, b), *lids in _LIDS:
        width = _distance(mesh, a, b)
        if width == 0:
            raise InvalidLandmarks
        shares.append(sum(_distance(mesh, upper, lower) for upper, lower in lids) / 2 / width)
    return sum(shares) / 2


def mesh_yaw_deg(mesh: Mesh) -> float:
    """How far the head is turned, by the depth of the eyes' outer corners; positive to the person's own left. A flat
    picture of a face reads as 0 however it is turned in space. Raises InvalidLandmarks."""
    right, left = mesh.points[_LIDS[0][0][0]], mesh.points[_LIDS[1][0][0]]
    across, deeper = float(np.hypot(*(left - right)[:2])), float(left[2] - right[2])
    if across == 0:
        raise InvalidLandmarks
    return math.degrees(math.atan2(deeper, across))


def mesh_pitch_deg(mesh: Mesh) -> float:
    """How far the head is tipped forward, by the depth of forehead and chin; every face has a zero of its own. A flat
    picture reads the same however it is moved or tipped. Raises InvalidLandmarks."""
    forehead, chin = mesh.points[_FOREHEAD], mesh.points[_CHIN]
    down, deeper = float(np.hypot(*(chin - forehead)[:2])), float(chin[2] - forehead[2])
    if down == 0:
        raise InvalidLandmarks
    return math.degrees(math.atan2(deeper, down))


def five_points(mesh: Mesh) -> Points:
    """The mesh's own reading of the five points that faces are aligned by, in YuNet's order."""
    flat = mesh.points[:, :2]
    eyes = [(flat[a] + flat[b]) / 2 for (a, b), *_ in _LIDS]
    return np.stack([*eyes, flat[_NOSE], flat[_MOUTH[0]], flat[_MOUTH[1]]]).astype(np.float32)


def _distance(mesh: Mesh, a: int, b: int) -> float:
    return float(np.linalg.norm(mesh.points[a, :2] - mesh.points[b, :2]))


def _crop_to_image(face: Face) -> Affine:
    """(2, 3): from px of the crop to px of the picture. Raises InvalidLandmarks."""
    box, between = face.box, (face.landmarks[1] - face.landmarks[0]).astype(np.float64)
    length = float(np.hypot(between[0], between[1]))
    if not (np.isfinite(length) and length > 0 and box.area > 0):
        raise InvalidLandmarks
    scale = _MARGIN * max(box.width_px, box.height_px) / _SIDE_PX
    cosine, sine = between / length * scale
    turn = np.array([[cosine, -sine], [sine, cosine]])
    centre = np.array([box.x_px + box.width_px / 2, box.y_px + box.height_px / 2])
    return np.column_stack([turn, centre - turn @ np.full(2, (_SIDE_PX - 1) / 2)])
