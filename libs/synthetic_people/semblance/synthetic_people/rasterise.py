"""A z-buffer rasteriser and a small shader, compiled by numba. Own code; the shading model is Lambert with a wrapped,
reddened falloff for skin (after d'Eon, GPU Gems 3 ch. 14), Blinn-Phong highlights with a Schlick rim, and one shadow
map per light."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

LINEAR = (np.arange(256) / 255.0) ** 2.2
"""sRGB byte to linear light, by the 2.2 power."""


@nb.njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def scatter(a: int, b: int, c: int) -> float:
    """A number in [0, 1) that looks random but depends on the three integers only."""
    h = (a * 374761393 + b * 668265263 + c * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 0xFFFF) / 65536.0


@nb.njit(cache=True, fastmath=True)
def fill(  # type: ignore[no-untyped-def]  # noqa: PLR0915, PLR0917 (one loop body, compiled; numba takes flat arrays)
    points, triangles, uv, material, atlas, layout, alpha, gain, stochastic, depth, owner, first, second
):
    """Rasterise into depth (h, w), owner (h, w, -1 where empty) and two barycentric planes, all in place.

    points (n, 3): pixel x, pixel y, depth. alpha (m,): 1 where the texture's alpha cuts; gain (m,): factor on that
    alpha. stochastic: alpha against a per-pixel random threshold (resolved by supersampling) instead of one half."""
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        i0 = triangles[t, 0]
        i1 = triangles[t, 1]
        i2 = triangles[t, 2]
        x0 = points[i0, 0]
        y0 = points[i0, 1]
        x1 = points[i1, 0]
        y1 = points[i1, 1]
        x2 = points[i2, 0]
        y2 = points[i2, 1]
        left = max(0, int(np.floor(min(x0, x1, x2) - 0.5)))
        right = min(width - 1, int(np.ceil(max(x0, x1, x2) - 0.5)))
        top = max(0, int(np.floor(min(y0, y1, y2) - 0.5)))
        bottom = min(height - 1, int(np.ceil(max(y0, y1, y2) - 0.5)))
        if left > right or top > bottom:
            continue
        area = (y1 - y2) * (x0 - x2) + (x2 - x1) * (y0 - y2)
        if abs(area) < 1e-9:
            continue
        inverse = 1.0 / area
        ax = (y1 - y2) * inverse
        ay = (x2 - x1) * inverse
        bx = (y2 - y0) * inverse
        by = (x0 - x2) * inverse
        z0 = points[i0, 2]
        z1 = points[i1, 2]
        z2 = points[i2, 2]
        m = material[t]
        cut = alpha[m] > 0
        for y in range(top, bottom + 1):
            a = ax * (left + 0.5 - x2) + ay * (y + 0.5 - y2)
            b = bx * (left + 0.5 - x2) + by * (y + 0.5 - y2)
            for x in range(left, right + 1):
                c = 1.0 - a - b
                if a >= 0 and b >= 0 and c >= 0:
                    z = a * z0 + b * z1 + c * z2
                    if z < depth[y, x]:
                        solid = True
                        if cut:
                            u = a * uv[t, 0, 0] + b * uv[t, 1, 0] + c * uv[t, 2, 0]
                            v = a * uv[t, 0, 1] + b * uv[t, 1, 1] + c * uv[t, 2, 1]
                            tw = layout[m, 1]
                            th = layout[m, 2]
                            tx = min(tw - 1, max(0, int(u * tw)))
                            ty = min(th - 1, max(0, int((1 - v) * th)))
                            opacity = atlas[layout[m, 0] + ty * tw + tx, 3] / 255.0 * gain[m]
                            threshold = 0.5
                            if stochastic:
                                threshold = 0.04 + 0.92 * scatter(x, y, t)
                            solid = opacity >= threshold
                        if solid:
                            depth[y, x] = z
                            owner[y, x] = t
                            first[y, x] = a
                            second[y, x] = b
                a += ax
                b += bx


@nb.njit(cache=True, fastmath=True)
def shade(  # type: ignore[no-untyped-def]  # noqa: PLR0915, PLR0917 (one loop body, compiled; numba takes flat arrays)
    vertices,
    normals,
    triangles,
    uv,
    material,
    atlas,
    layout,
    tint,
    gloss,
    sharpness,
    wrap,
    relative,
    mean,
    linear,
    owner,
    first,
    second,
    eye,
    directions,
    colours,
    maps,
    matrices,
    sizes,
    ambient,
    out,
    mask,
):
    """Linear RGB into out (h, w, 3) and material + 1 into mask (h, w), both in place, for every pixel that has an
    owner.

    directions, colours (k, 3): towards each light and its linear colour; maps (k, s, s): depth seen from it, of which
    sizes[k] are used; matrices (k, 3, 4): world to that map. relative (m,): 1 where the texture gives luminance only,
    to be multiplied by tint."""
    height, width = owner.shape
    lights = directions.shape[0]
    for y in range(height):
        for x in range(width):
            t = owner[y, x]
            if t < 0:
                continue
            a = first[y, x]
            b = second[y, x]
            c = 1 - a - b
            i0 = triangles[t, 0]
            i1 = triangles[t, 1]
            i2 = triangles[t, 2]
            px = a * vertices[i0, 0] + b * vertices[i1, 0] + c * vertices[i2, 0]
            py = a * vertices[i0, 1] + b * vertices[i1, 1] + c * vertices[i2, 1]
            pz = a * vertices[i0, 2] + b * vertices[i1, 2] + c * vertices[i2, 2]
            nx = a * normals[i0, 0] + b * normals[i1, 0] + c * normals[i2, 0]
            ny = a * normals[i0, 1] + b * normals[i1, 1] + c * normals[i2, 1]
            nz = a * normals[i0, 2] + b * normals[i1, 2] + c * normals[i2, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx /= length
            ny /= length
            nz /= length
            vx = eye[0] - px
            vy = eye[1] - py
            vz = eye[2] - pz
            length = np.sqrt(vx * vx + vy * vy + vz * vz)
            vx /= length
            vy /= length
            vz /= length
            facing = nx * vx + ny * vy + nz * vz
            if facing < 0:
                nx = -nx
                ny = -ny
                nz = -nz
                facing = -facing
            m = material[t]
            tw = layout[m, 1]
            th = layout[m, 2]
            u = a * uv[t, 0, 0] + b * uv[t, 1, 0] + c * uv[t, 2, 0]
            v = a * uv[t, 0, 1] + b * uv[t, 1, 1] + c * uv[t, 2, 1]
            fx = min(tw - 1.001, max(0.0, u * tw - 0.5))
            fy = min(th - 1.001, max(0.0, (1 - v) * th - 0.5))
            ix = int(fx)
            iy = int(fy)
            fx -= ix
            fy -= iy
            corner = layout[m, 0] + iy * tw + ix
            ox = 1 if ix < tw - 1 else 0
            oy = tw if iy < th - 1 else 0
            red = 0.0
            green = 0.0
            blue = 0.0
            for k in range(4):
                q = corner + (ox if k & 1 else 0) + (oy if k & 2 else 0)
                w = (fx if k & 1 else 1 - fx) * (fy if k & 2 else 1 - fy)
                red += w * linear[atlas[q, 0]]
                green += w * linear[atlas[q, 1]]
                blue += w * linear[atlas[q, 2]]
            if relative[m] > 0:
                luminance = min(2.5, (0.3 * red + 0.55 * green + 0.15 * blue) / mean[m]) ** 0.8
                red = luminance
                green = luminance
                blue = luminance
            red *= tint[m, 0]
            green *= tint[m, 1]
            blue *= tint[m, 2]
            lr = ambient[0]
            lg = ambient[1]
            lb = ambient[2]
            sr = 0.0
            sg = 0.0
            sb = 0.0
            soft = wrap[m]
            rim = 0.35 + 0.65 * min(1.0, 4.0 * (1 - facing) ** 4)
            for k in range(lights):
                size = sizes[k]
                qx = matrices[k, 0, 0] * px + matrices[k, 0, 1] * py + matrices[k, 0, 2] * pz + matrices[k, 0, 3]
                qy = matrices[k, 1, 0] * px + matrices[k, 1, 1] * py + matrices[k, 1, 2] * pz + matrices[k, 1, 3]
                qz = matrices[k, 2, 0] * px + matrices[k, 2, 1] * py + matrices[k, 2, 2] * pz + matrices[k, 2, 3]
                seen = 0.0
                j = scatter(x, y, k + 7) - 0.5
                i = scatter(y, x, k + 3) - 0.5
                for q in range(3):
                    dx = j if q == 0 else (i if q == 1 else -j)
                    dy = i if q == 0 else (-j if q == 1 else -i)
                    sx = int(qx + dx * 2.2)
                    sy = int(qy + dy * 2.2)
                    if sx < 0 or sy < 0 or sx >= size or sy >= size or maps[k, sy, sx] > qz - 0.06:
                        seen += 1
                seen /= 3.0
                d = nx * directions[k, 0] + ny * directions[k, 1] + nz * directions[k, 2]
                dr = max(0.0, (d + soft) / (1 + soft))
                dg = max(0.0, (d + soft * 0.4) / (1 + soft * 0.4))
                db = max(0.0, (d + soft * 0.25) / (1 + soft * 0.25))
                lr += colours[k, 0] * dr * (seen + (1 - seen) * 0.25 * soft)
                lg += colours[k, 1] * dg * seen
                lb += colours[k, 2] * db * seen
                if d > 0 and seen > 0:
                    hx = directions[k, 0] + vx
                    hy = directions[k, 1] + vy
                    hz = directions[k, 2] + vz
                    h = (nx * hx + ny * hy + nz * hz) / (np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
                    if h > 0:
                        s = gloss[m] * rim * (sharpness[m] + 8) / 10.0 * h ** sharpness[m] * seen * d
                        sr += s * colours[k, 0]
                        sg += s * colours[k, 1]
                        sb += s * colours[k, 2]
            out[y, x, 0] = red * lr + sr
            out[y, x, 1] = green * lg + sg
            out[y, x, 2] = blue * lb + sb
            mask[y, x] = m + 1


@nb.njit(cache=True, fastmath=True)
def vertex_normals(vertices, triangles, normals):  # type: ignore[no-untyped-def]
    """Area-weighted normals into normals (n, 3), in place."""
    normals[:] = 0
    for t in range(triangles.shape[0]):
        a = triangles[t, 0]
        b = triangles[t, 1]
        c = triangles[t, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        wx = vertices[c, 0] - vertices[a, 0]
        wy = vertices[c, 1] - vertices[a, 1]
        wz = vertices[c, 2] - vertices[a, 2]
        nx = uy * wz - uz * wy
        ny = uz * wx - ux * wz
        nz = ux * wy - uy * wx
        for i in (a, b, c):
            normals[i, 0] += nx
            normals[i, 1] += ny
            normals[i, 2] += nz
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        normals[i, 0] /= length
        normals[i, 1] /= length
        normals[i, 2] /= length


def normals_of(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Vertex normals (n, 3), a new array."""
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, triangles, normals)
    return normals
