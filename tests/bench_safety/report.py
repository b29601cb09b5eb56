"""Goals, the page and the plots."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from page import page

Row = dict[str, Any]
MISSED, WRONG, CONSENT, CPU_MS, SPEED_UP = 0.01, 0.02, 0.03, 120.0, 9.0
_WIDE, _HIGH, _LEFT, _BOTTOM = 900, 420, 90, 60
_COLOURS = {"missed_of_nobody_known": (60, 60, 200), "missed": (30, 140, 240), "wrong_blocks": (160, 90, 30)}
_NAMES = {
    "missed_of_nobody_known": "let out: face of nobody known",
    "missed": "let out: face of somebody enrolled",
    "wrong_blocks": "own photo blocked",
}


def goals(row: Row) -> list[Row]:
    """What was asked for and what was found; those of prompts behind."""
    like, consent, faults, index = row["likeness"], row["consent"], row["faults"], row["index"]
    cpu, faces = row["cost"], row["faces"]
    low, middle, _ = index["speed_up"]
    return [
        _rate("missed likenesses, faces of 48 px and more", MISSED, like["missed"]),
        _rate("own photos blocked", WRONG, like["wrong_blocks"]),
        _rate("consent suite missed", CONSENT, consent["missed"]),
        _goal(f"unsafe publications in {faults['injections']} fault injections", "= 0", faults["unsafe"], 0,
              met=faults["unsafe"] == 0 and faults["injections"] >= 1000),
        _goal("CPU-ms a look, 1024 px, one face, one core (median)", f"<= {CPU_MS:g}", cpu["median"],
              round(cpu["p90"] - cpu["median"], 1), met=cpu["median"] <= CPU_MS),
        _goal("search against brute force, times faster (median)", f">= {SPEED_UP:g}", middle, round(middle - low, 2),
              met=low >= SPEED_UP),
        _goal(f"answers of {index['probes']} unlike brute force's", "= 0", index["probes"] - index["same_first"], 0,
              met=index["same_first"] == index["probes"]),
        _goal(f"verdicts of {faces['compared']} that the thorough way changes", "= 0", len(faces["differ"]), 0,
              met=not faces["differ"]),
        *({**goal, "goal": f"prompts: {goal['goal']}"} for goal in row["prompts"]["goals"]),
    ]  # fmt: skip


def write(row: Row, out: Path) -> None:
    """safety.json, safety.md and two plots."""
    (out / "safety.json").write_text(json.dumps(row, indent=1) + "\n")
    (out / "safety.md").write_text(page(row))
    cv2.imwrite(str(out / "safety-floor.png"), curve(row["likeness"]["curve"], row["likeness"]["shipped"]["own_floor"]))
    cv2.imwrite(str(out / "safety-disguises.png"), bars(row["likeness"]["missed_by_disguise"]))


def curve(points: list[Row], shipped: float) -> np.ndarray:
    """Rates against own_floor, with 95 % intervals; the shipped floor upright."""
    highest = 0.06 * math.ceil(max(p[name]["high_95"] for p in points for name in _COLOURS) / 0.06)
    image, at = _axes("own_floor (cosine)", highest), {p["own_floor"]: k for k, p in enumerate(points)}
    step = (_WIDE - _LEFT - 30) / max(1, len(points) - 1)
    for below, (name, colour) in enumerate(_COLOURS.items()):
        thick = 2 + 2 * (len(_COLOURS) - 1 - below)  # where rates are alike, the first still shows around the last
        spots = [(round(_LEFT + at[p["own_floor"]] * step), _y(p[name]["rate"], highest)) for p in points]
        cv2.polylines(
            image, [np.array(spots, np.int32)], isClosed=False, color=colour, thickness=thick, lineType=cv2.LINE_AA
        )
        for (x, _), p in zip(spots, points, strict=True):
            low, high = (_y(p[name][end], highest) for end in ("low_95", "high_95"))
            cv2.line(image, (x, low), (x, high), colour, 1, cv2.LINE_AA)
    for k, (name, colour) in enumerate(_COLOURS.items()):
        _text(image, _NAMES[name], (_WIDE - 380, 40 + 22 * k), colour)
    for p in points[::2]:
        _text(image, f"{p['own_floor']:.2f}", (round(_LEFT + at[p["own_floor"]] * step) - 18, _HIGH - _BOTTOM + 20))
    x = round(_LEFT + step * (shipped - points[0]["own_floor"]) / (points[1]["own_floor"] - points[0]["own_floor"]))
    cv2.line(image, (x, 20), (x, _HIGH - _BOTTOM), (150, 150, 150), 1, cv2.LINE_AA)
    return image


def bars(rates: Mapping[str, Row]) -> np.ndarray:
    """By disguise, what only the likeness would stop, with 95 % intervals."""
    image = _axes("let out if unknown faces may pass, by disguise", 1.0)
    step = (_WIDE - _LEFT - 30) / max(1, len(rates))
    for k, (name, rate) in enumerate(rates.items()):
        x = round(_LEFT + (k + 0.5) * step)
        cv2.rectangle(image, (x - 18, _y(rate["rate"], 1.0)), (x + 18, _HIGH - _BOTTOM), (200, 150, 90), -1)
        cv2.line(image, (x, _y(rate["low_95"], 1.0)), (x, _y(rate["high_95"], 1.0)), (60, 60, 60), 1, cv2.LINE_AA)
        _text(image, name, (x - 34, _HIGH - _BOTTOM + (20 if k % 2 else 36)), scale=0.4)
    return image


def _axes(title: str, highest: float) -> np.ndarray:
    image = np.full((_HIGH, _WIDE, 3), 255, np.uint8)
    for k in range(7):
        value = highest * k / 6
        y = _y(value, highest)
        cv2.line(image, (_LEFT, y), (_WIDE - 30, y), (225, 225, 225), 1)
        _text(image, f"{100 * value:.0f} %", (30, y + 5))
    _text(image, title, (_LEFT, _HIGH - 8))
    return image


def _y(value: float, highest: float) -> int:
    return round(_HIGH - _BOTTOM - min(1.0, value / highest) * (_HIGH - _BOTTOM - 20))


def _text(
    image: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int] = (60, 60, 60), scale: float = 0.45
) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)


def _rate(name: str, target: float, found: Row) -> Row:
    spread = round(found["high_95"] - found["rate"], 4)
    return _goal(name, f"<= {target}", round(found["rate"], 4), spread, met=found["rate"] <= target)


def _goal(name: str, target: str, value: float, spread: float, *, met: bool) -> Row:
    return {"goal": name, "target": target, "value": value, "spread": spread, "met": met}
