"""Whether one sees where a kept part ends: edits of people who do not exist, on the embedded backbone."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import backbones
import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.diffusion import RenderRequest
from semblance.diffusion.engine.editing import face_mask, feathered
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.request import EngineRequest, Start, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.faces import OpenCvFaceEngine, RgbU8
from semblance.training.ml.strangers import panel

NAME = "seam"
PEOPLE, SHOWN, LARGE_PX = 12, 4, 256
STRENGTHS = (0.5, 0.8, 1.0)
ASKED = "a photo of sks person, laughing, blue background"
AT_MOST = 1.1
HARD, SOFT = "mask of black and white", "feathered"
Mask = NDArray[np.uint8]
Row = dict[str, Any]


def measure(out: Path) -> Row:
    """Every person's portrait edited with face or background kept, once with each mask."""
    faces = OpenCvFaceEngine(Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")))
    found: dict[str, dict[str, list[float]]] = {}
    shown: list[RgbU8] = []
    with backbones.bench("pocket") as bench:
        engine = StepEngine(bench.load(), EngineSettings(lanes=(4, 8, 16)))
        for seed, reference in enumerate(panel()[:PEOPLE]):
            worn = (Worn(str(seed), None, reference),)
            [source] = _drawn(engine, [EngineRequest(RenderRequest("a photo of sks person", seed), worn)])
            seen = faces.detect(_enlarged(source))
            if not seen:
                continue
            face = face_mask((seen[0].landmarks * source.shape[0] / LARGE_PX).astype(np.float32), *source.shape[:2])
            for kept, mask in (("face", 255 - face), ("background", face)):
                for strength in STRENGTHS:
                    starts = [Start(source, strength, each) for each in (mask, feathered(mask))]
                    request = RenderRequest(ASKED, 1000 + seed)
                    made = _drawn(engine, [EngineRequest(request, worn, start=start) for start in starts])
                    row = found.setdefault(f"{kept} kept, strength {strength:g}", {HARD: [], SOFT: []})
                    for name, picture in zip((HARD, SOFT), made, strict=True):
                        row[name].append(step_at(mask, picture) / step_at(mask, source))
                    if strength == 1.0 and len(shown) < 2 * SHOWN:
                        shown.append(np.hstack([_enlarged(each) for each in (source, *made)]))
        engine.close()
    halves = [np.vstack(shown[place::2]) for place in (0, 1)]
    sheet = cv2.resize(np.hstack(halves), None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 88]
    cv2.imwrite(str(out / "engine-seam.jpg"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), quality)
    return {
        case: {name: {"median": _at(all_of, 50), "worst": _at(all_of, 90)} for name, all_of in row.items()}
        | {"edits": len(row[SOFT])}
        for case, row in found.items()
    }


def step_at(mask: Mask, picture: RgbU8) -> float:
    """How much neighbours differ across the mask's edge, over how much they differ near it (2 to 10 pixels off)."""
    white = mask > 0
    inside, outside = (cv2.distanceTransform(each.astype(np.uint8), cv2.DIST_L2, 5) for each in (white, ~white))
    off = np.maximum(inside, outside)
    across, beside = [], []
    for axis in (0, 1):
        rest = range(mask.shape[axis] - 1)
        differs = np.abs(np.diff(picture.astype(float), axis=axis)).mean(-1)
        crossing = np.diff(white.astype(int), axis=axis) != 0
        near = off.take(rest, axis)
        across.append(differs[crossing])
        beside.append(differs[~crossing & (near >= 2) & (near <= 10)])
    return float(np.concatenate(across).mean() / np.concatenate(beside).mean())


def goals(found: Row) -> list[Row]:
    """No more than the source has there by itself."""
    return [
        {
            "goal": f"step across the edge of what is kept, against the same place of the source (pocket, {case}, median)",
            "target": f"<= {AT_MOST:g}",
            "value": each[SOFT]["median"],
            "spread": f"90th percentile {each[SOFT]['worst']}",
            "met": each[SOFT]["median"] <= AT_MOST,
        }
        for case, each in found.items()
    ]


def section(found: Row) -> str:
    """Markdown."""
    rows = "\n".join(
        f"| {case} | {each['edits']} | {each[HARD]['median']} ({each[HARD]['worst']}) | {each[SOFT]['median']} ({each[SOFT]['worst']}) |"
        for case, each in found.items()
    )
    return f"""## Where a kept part ends

Portraits of people who do not exist, drawn by their reference alone and edited ("{ASKED}"). How much neighbours differ across
the edge of what is kept, over how much they differ beside it, divided by the same of the picture that was edited: 1 is no seam. Median (90th percentile).

| edit | edits | {HARD} | {SOFT} |
|---|---|---|---|
{rows}

![the source, with a mask of black and white, feathered; the face kept left, the background kept right; strength 1](engine-seam.jpg)
"""


def _drawn(engine: StepEngine, requests: list[EngineRequest]) -> list[RgbU8]:
    tickets = [engine.submit(request) for request in requests]
    while engine.turn():
        pass
    return [ticket.result(0)[0] for ticket in tickets]


def _enlarged(picture: RgbU8) -> RgbU8:
    return np.asarray(cv2.resize(picture, (LARGE_PX, LARGE_PX), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _at(numbers: list[float], percent: float) -> float:
    return round(float(np.percentile(numbers, percent)), 2)
