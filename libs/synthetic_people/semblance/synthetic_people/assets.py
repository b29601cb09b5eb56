"""The head pack: geometry, adult shape targets and textures, read once a process. Built by `build_assets`, see
NOTICE."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

PACK = Path(__file__).parent / "assets" / "heads.npz"
BODY_SCALE = (1.6682, 2.3542, 2.8351)
"""Distances of the three pairs of scale vertices that fitted meshes were made for (x, z, y; from the assets' own
headers)."""


@dataclass(frozen=True)
class FittedMesh:
    """A mesh that follows the body: triangles (t, 3), corner uv (t, 3, 2), three body vertices with weights per
    vertex (n, 3), offset (n, 3), body vertices it hides, RGBA texture (h, w, 4) and the mean linear luminance of its
    opaque texels."""

    triangles: Ints
    uv: Floats
    reference: Ints
    weight: Floats
    offset: Floats
    hidden: Ints
    texture: Bytes
    luminance: float


@dataclass(frozen=True)
class Pack:
    """Everything in the pack. base (v, 3) is in decimetres, y up, z towards the camera, the person's left is +x.
    part (t,): 0 head skin, 1 neck and shoulders, 2 inside of the mouth, 3 eye sockets."""

    base: Floats
    triangles: Ints
    uv: Floats
    part: Bytes
    left_eye: Ints
    right_eye: Ints
    scale_vertices: Ints
    targets: dict[str, tuple[Ints, Floats]]
    meshes: dict[str, FittedMesh]
    skins: dict[str, Bytes]
    lips: Bytes

    def add(self, vertices: Floats, target: str, weight: float) -> None:
        """Move `vertices` (v, 3) by one target, in place."""
        ids, move = self.targets[target]
        vertices[ids] += move * np.float32(weight)

    def fit(self, vertices: Floats, mesh: FittedMesh) -> Floats:
        """Vertices (n, 3) of a fitted mesh on this head."""
        a, b, c, d, e, f = (vertices[i] for i in self.scale_vertices)
        scale = np.array(
            [abs(a[0] - b[0]) / BODY_SCALE[0], abs(e[1] - f[1]) / BODY_SCALE[2], abs(c[2] - d[2]) / BODY_SCALE[1]],
            np.float32,
        )
        return np.asarray((vertices[mesh.reference] * mesh.weight[:, :, None]).sum(1) + mesh.offset * scale, np.float32)


def decode_rgba(data: Bytes) -> Bytes:
    image = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
    if image.shape[2] == 3:
        image = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return np.ascontiguousarray(image[:, :, [2, 1, 0, 3]])


def mean_luminance(texture: Bytes) -> float:
    linear = (texture[..., :3] / 255.0) ** 2.2 @ np.array([0.3, 0.55, 0.15])
    opaque = texture[..., 3] > 100
    return max(1e-3, float(linear[opaque].mean())) if opaque.any() else 0.5


@lru_cache(maxsize=1)
def load() -> Pack:
    """Read the pack (about 0.3 s, then cached). Nothing of it is ever written to."""
    with np.load(PACK) as archive:
        raw = {name: archive[name] for name in archive.files}
    starts = raw["target_starts"]
    ids, moves = raw["target_ids"].astype(np.int32), raw["target_milli"].astype(np.float32) / 1000
    targets = {
        str(name): (ids[starts[k] : starts[k + 1]], moves[starts[k] : starts[k + 1]])
        for k, name in enumerate(raw["target_names"])
    }
    meshes: dict[str, FittedMesh] = {}
    for name in {n.split("/", 1)[1].rsplit("/", 1)[0] for n in raw if n.startswith("mesh/")}:
        part = {
            field: raw[f"mesh/{name}/{field}"]
            for field in ("triangles", "uv", "reference", "weight", "offset", "hidden")
        }
        texture = decode_rgba(raw[f"image/{name}"])
        meshes[name] = FittedMesh(
            part["triangles"].astype(np.int32),
            part["uv"].astype(np.float32),
            part["reference"].astype(np.int32),
            part["weight"].astype(np.float32),
            part["offset"].astype(np.float32),
            part["hidden"].astype(np.int32),
            texture,
            mean_luminance(texture),
        )
    skins = {
        n.removeprefix("image/skin/"): decode_rgba(raw[n])[:, :, :3] for n in sorted(raw) if n.startswith("image/skin/")
    }
    lips = decode_rgba(raw["image/lips"])[:, :, 0]
    fields = {n: raw[n] for n in ("base", "triangles", "uv", "part", "left_eye", "right_eye", "scale_vertices")}
    return Pack(**fields, targets=targets, meshes=meshes, skins=skins, lips=lips)
