"""Glasses and knitted hats: own meshes."""

from __future__ import annotations

import numpy as np

from semblance.synthetic_people import regions
from semblance.synthetic_people.assets import Bytes, Floats, Ints, load
from semblance.synthetic_people.people import Glasses

RIM = 28
BEANIE_LINE = 7.72
HAT_LINE = 7.78


def rim(centre: Floats, glasses: Glasses) -> tuple[list[Floats], list[list[int]]]:
    """One lens rim as a ring of diamonds."""
    turn = np.linspace(0, 2 * np.pi, RIM, endpoint=False)
    power = glasses.exponent
    x = glasses.width * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power
    y = glasses.height * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power
    thick = glasses.thickness
    vertices = [
        centre + np.array([x[k] * grow, y[k] * grow, push])
        for k in range(RIM)
        for grow, push in (
            (1 + thick / glasses.width * 1.2, 0),
            (1, thick),
            (1 - thick / glasses.width * 1.2, 0),
            (1, -thick),
        )
    ]
    triangles: list[list[int]] = []
    for k in range(RIM):
        for q in range(4):
            a, b = k * 4 + q, k * 4 + (q + 1) % 4
            c, d = (k + 1) % RIM * 4 + q, (k + 1) % RIM * 4 + (q + 1) % 4
            triangles += [[a, b, c], [b, d, c]]
    return vertices, triangles


def bar(start: Floats, end: Floats, thick: float) -> tuple[list[Floats], list[list[int]]]:
    across, deep = np.array([0, thick, 0]), np.array([0, 0, thick])
    vertices = [point + side for point in (start, end) for side in (across, deep, -across, -deep)]
    return vertices, [t for q in range(4) for t in ([q, (q + 1) % 4, 4 + q], [(q + 1) % 4, 4 + (q + 1) % 4, 4 + q])]


def glasses_mesh(left: Floats, right: Floats, forward: Floats, glasses: Glasses) -> tuple[Floats, Ints]:
    """Frame in world space around the two eye centres; `forward` is where the head faces."""
    axis = (left - right) / np.linalg.norm(left - right)
    up = np.cross(forward, axis)
    basis = np.stack([axis, up / np.linalg.norm(up), np.cross(axis, up)], 1)
    half = float(np.linalg.norm(left - right)) / 2
    a, b = np.array([half, -0.02, 0.34]), np.array([-half, -0.02, 0.34])
    wide, thick = np.array([glasses.width, 0, 0]), glasses.thickness
    parts = [rim(a, glasses), rim(b, glasses), bar(a - wide, b + wide, thick)]
    for hinge, side in ((a + wide, 1), (b - wide, -1)):
        parts.append(bar(hinge, hinge + np.array([0.12 * side, 0.0, -1.1]), thick))
    vertices: list[Floats] = []
    triangles: list[list[int]] = []
    for v, t in parts:
        triangles += [[i + len(vertices) for i in one] for one in t]
        vertices += v
    return np.asarray(np.array(vertices) @ basis.T + (left + right) / 2, np.float32), np.array(triangles, np.int32)


def knit() -> Bytes:
    """RGBA ribs (64, 128, 4), opaque in the upper half: the hem is cut by alpha, so that it does not follow the
    mesh."""
    ribs = 128 + 40 * np.cos(np.arange(128) * np.pi / 2)[None, :] + 18 * np.cos(np.arange(64) * np.pi / 2)[:, None]
    hem = np.where(np.arange(64) < 32, 255, 0)[:, None] * np.ones((1, 128))
    return np.dstack([ribs, ribs, ribs, hem]).astype(np.uint8)


KNIT = knit()


def beanie_mesh(vertices: Floats, normals: Floats) -> tuple[Floats, Ints, Floats]:
    """A knitted cap: the skull above the brow line, pushed out, and its uv. vertices and normals are the posed
    body's."""
    pack = load()
    p = pack.base
    line = BEANIE_LINE - 0.42 * np.clip((0.9 - p[:, 2]) / 1.2, 0, 1)
    inside = p[:, 1] > line
    head = pack.triangles[pack.part == 0]
    triangles = head[inside[head].any(1)]
    used, index = np.unique(triangles, return_inverse=True)
    thick = 0.10 + 0.10 * regions.ramp(p[used, 1], BEANIE_LINE, 8.4)
    uv = np.stack(
        [0.5 + np.arctan2(p[:, 0], p[:, 2] - 0.4) / 7, np.clip(0.5 + (p[:, 1] - line) * 0.6, 0, 1)], -1
    ).astype(np.float32)
    return (
        np.asarray(vertices[used] + normals[used] * thick[:, None], np.float32),
        index.reshape(-1, 3).astype(np.int32),
        uv[triangles],
    )
