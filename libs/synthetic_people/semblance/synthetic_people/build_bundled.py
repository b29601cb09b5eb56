"""Draws the bundled set anew: `python -m semblance.synthetic_people.build_bundled`. About three minutes on one core.

The bad inputs belong to the first person: an exact duplicate, a near duplicate (smaller, brighter, compressed harder)
and a file that ends in the middle."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes
from semblance.synthetic_people.captions import caption
from semblance.synthetic_people.capture import ACTIONS, capture
from semblance.synthetic_people.glow import film
from semblance.synthetic_people.group import group
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import HELD_OUT_FROM, Person, person
from semblance.synthetic_people.truth import Truth

PEOPLE = {"ana": HELD_OUT_FROM + 11, "bo": HELD_OUT_FROM + 44, "cleo": HELD_OUT_FROM + 13, "dan": HELD_OUT_FROM + 56}
"""Two women and two men that SFace finds unlike each other (mean similarity of the closest two: 0.33)."""
STRANGERS = (HELD_OUT_FROM + 17, HELD_OUT_FROM + 28)
PHOTOS = 12
SIZE_PX = 512
SEED = 7


def jpeg(image: Bytes, quality: int) -> bytes:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data.tobytes())


def row(file: str, kind: str, of: str, text: str, truths: tuple[Truth, ...]) -> dict[str, Any]:
    return {"file": file, "kind": kind, "of": of, "caption": text, "truths": [asdict(t) for t in truths]}


def draw_photos(who: Person, name: str, out: Path, with_group: bool) -> list[dict[str, Any]]:
    folder = out / "photos" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for k, shot in enumerate(photo_library(who, PHOTOS - with_group, SEED, SIZE_PX), 1):
        file = f"photos/{name}/{k:02d}.jpg"
        (out / file).write_bytes(jpeg(shot.picture.pixels, 88))
        text = caption(who, shot.scene, np.random.default_rng(k))
        rows.append(row(file, "portrait", "", text, (shot.picture.truth,)))
    if with_group:
        file = f"photos/{name}/{PHOTOS:02d}.jpg"
        picture = group(
            [who, *(person(seed) for seed in STRANGERS)], SEED, 768, place="in a cafe", expression="smiling", hat=""
        )
        (out / file).write_bytes(jpeg(picture.pixels, 88))
        rows.append(row(file, "group", "", "a photo of three people, smiling, in a cafe", picture.truths))
    return rows


def add_bad_inputs(rows: list[dict[str, Any]], name: str, out: Path) -> None:
    """Append the duplicate, the near duplicate and the unreadable file to rows, in place."""
    source = {k: out / rows[k]["file"] for k in (2, 4, 6)}
    copy, near, broken = (f"photos/{name}/{n}.jpg" for n in ("copy", "near", "broken"))
    (out / copy).write_bytes(source[2].read_bytes())
    rows.append(rows[2] | {"file": copy, "kind": "duplicate", "of": rows[2]["file"]})
    image = cv2.resize(cv2.imread(str(source[4])), (480, 480), interpolation=cv2.INTER_AREA)
    brighter = np.clip(image.astype(np.float32) * 1.06 + 3, 0, 255).astype(np.uint8)
    (out / near).write_bytes(jpeg(np.asarray(brighter[:, :, ::-1]), 70))
    scale = 480 / SIZE_PX
    truth = rows[4]["truths"][0]
    truth = truth | {
        "box_px": [round(v * scale, 2) for v in truth["box_px"]],
        "landmarks_px": [[round(v * scale, 2) for v in p] for p in truth["landmarks_px"]],
    }
    rows.append(rows[4] | {"file": near, "kind": "near_duplicate", "of": rows[4]["file"], "truths": [truth]})
    whole = source[6].read_bytes()
    (out / broken).write_bytes(whole[: len(whole) // 3])
    rows.append(row(broken, "unreadable", rows[6]["file"], "", ()))


def draw_capture(who: Person, name: str, out: Path) -> list[dict[str, Any]]:
    folder = out / "capture" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for k, frame in enumerate(capture(who, SEED)):
        file = f"capture/{name}/{k:02d}.jpg"
        (out / file).write_bytes(jpeg(frame.pixels, 86))
        rows.append({"file": file, "at_ms": frame.at_ms, "action": frame.action, "truth": asdict(frame.truth)})
    return rows


def draw_glow(who: Person, name: str, out: Path) -> None:
    """The twins of the capture's frames under a white screen; the capture itself stays as it is."""
    folder = out / "glow" / name
    folder.mkdir(parents=True, exist_ok=True)
    for k, moment in enumerate(film(who, SEED)):
        (folder / f"{k:02d}.jpg").write_bytes(jpeg(moment.white, 86))


def build(out: Path) -> None:
    found: list[dict[str, Any]] = []
    for name, seed in PEOPLE.items():
        who = person(seed)
        first = not found
        photos = draw_photos(who, name, out, first)
        draw_glow(who, name, out)
        if first:
            add_bad_inputs(photos, name, out)
        found.append(
            {
                "name": name,
                "seed": seed,
                "photos": photos,
                "challenge": list(ACTIONS),
                "frames": draw_capture(who, name, out),
            }
        )
    (out / "people.json").write_text(json.dumps({"held_out_from": HELD_OUT_FROM, "people": found}, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "bundled")
    parser.add_argument("--only-glow", action="store_true", help="Draw nothing but the twins under a white screen.")
    arguments = parser.parse_args()
    if not arguments.only_glow:
        build(arguments.out)
        return
    for name, seed in PEOPLE.items():
        draw_glow(person(seed), name, arguments.out)


if __name__ == "__main__":
    main()
