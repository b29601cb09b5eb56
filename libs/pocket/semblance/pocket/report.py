"""The benchmark's two files: pocket.json for machines, pocket.md for people."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semblance.pocket.measures import Likeness


@dataclass(frozen=True)
class Findings:
    """times are CPU-seconds; people were drawn, gallery counts the people in the gallery."""

    single: Likeness
    best: Likeness
    times: NDArray[np.float64]
    people: int
    gallery: int


def goal(name: str, target: float, value: float, spread: float, at_most: bool = False) -> dict[str, Any]:
    """One row: spread is half a 95 % interval (shares) or half the range (seconds)."""
    met = value <= target if at_most else value >= target
    return {
        "goal": name,
        "target": ("<= " if at_most else ">= ") + f"{target:g}",
        "value": round(value, 4),
        "spread": round(spread, 4),
        "met": bool(met),
    }


def goals(single: Likeness, times: NDArray[np.float64], pictures: int) -> list[dict[str, Any]]:
    """The five goals of the embedded backbone, judged on the first take of each prompt."""
    share = single.found
    found_spread = 1.96 * float(np.sqrt(max(share * (1 - share), 1e-9) / pictures))
    return [
        goal("face found in plain photo prompts", 0.98, share, found_spread),
        goal("rank-1 SFace in the gallery, no adapter", 0.85, single.rank1, single.rank1_spread),
        goal("AUC of SFace, own against others, no adapter", 0.97, single.auc, single.auc_spread),
        goal("likeness as a share of photo to photo, no adapter", 0.7, single.share, single.share_spread),
        goal("CPU-seconds per picture, one core", 2.0, float(np.median(times)), float(np.ptp(times)) / 2, True),
    ]


def write_report(folder: Path, found: Findings) -> dict[str, Any]:
    """Write both files; returns what the JSON holds."""
    content = {
        "name": "pocket",
        "people": found.people,
        "gallery_people": found.gallery,
        "goals": goals(found.single, found.times, found.people * 5),
        "first_take": {k: round(v, 4) for k, v in dataclasses.asdict(found.single).items()},
        "best_of_4": {k: round(v, 4) for k, v in dataclasses.asdict(found.best).items()},
        "cpu_s_per_picture": [round(float(t), 3) for t in found.times],
    }
    (folder / "pocket.json").write_text(json.dumps(content, indent=2) + "\n")
    (folder / "pocket.md").write_text(_page(content))
    return content


def _page(content: dict[str, Any]) -> str:
    rows = "".join(
        f"| {g['goal']} | {g['target']} | {g['value']} | ±{g['spread']} | {'yes' if g['met'] else '**no**'} |\n"
        for g in content["goals"]
    )
    pairs = "".join(
        f"| {key} | {content['first_take'][key]} | {content['best_of_4'][key]} |\n" for key in content["first_take"]
    )
    return (
        "# Embedded backbone `pocket-64`\n\n"
        f"Written by `python -m semblance.pocket.evaluate --bench`. {content['people']} people whom training never "
        "saw, five plain photo prompts each; condition: mean SFace embedding of 3 photos, no adapter; gallery: other "
        f"photos of {content['gallery_people']} people. Spread: half a 95 % interval, over people by bootstrap or, for "
        "found, over pictures; half the range for seconds. SFace is also the condition, so it is no independent "
        "judge.\n\n"
        "| goal | target | value | spread | met |\n|---|---|---|---|---|\n" + rows + "\n"
        "| | first take | best of 4 by SFace |\n|---|---|---|\n" + pairs
    )
