"""docs/benchmarks/identity.{md,json} and the DET plot, from what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from semblance.identity.bench import tables
from semblance.identity.bench.matching import AS_TAKEN, Scores
from semblance.identity.bench.page import page
from semblance.identity.bench.rates import by_person, det, threshold_at, upper_bound
from semblance.identity.bench.sessions import PLACES, SCREENS, Measured, Outcome
from semblance.synthetic_people.lit_attack import SPECIES

FNMR_GOAL, FMR_GOAL, APCER_GOAL, BPCER_GOAL, CPU_GOAL_S = 0.02, 0.001, 0.02, 0.05, 1.5
Row = dict[str, Any]


@dataclass(frozen=True)
class Others:
    """Engines besides the default: their scores, and why the rest were not run."""

    run: Mapping[str, Scores] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shipped:
    """Thresholds in force: for photos and for the light's agreement."""

    match: float
    light: float


def summary(
    found: Measured, scores: Scores, seeds: Sequence[int], shipped: Shipped, others: Others | None = None
) -> Row:
    """Everything that is written, as JSON has it."""
    others, match, light = others or Others(), shipped.match, shipped.light
    real = [o for o in found.outcomes if o.kind == "genuine"]
    attacks = {kind: _attack(kind, found.outcomes) for kind in SPECIES}
    worst = max(attacks, key=lambda kind: (attacks[kind]["apcer"], attacks[kind]["upper_95"]))
    refused = {o.seed: [float(not p.passed) for p in real if p.seed == o.seed] for o in real}
    bpcer, bpcer_spread = by_person(refused)
    mated = scores.own
    curve = det(mated, scores.strangers)
    strict = threshold_at(curve, FMR_GOAL)
    missed = {
        m.seed: [float(o.score < strict) for o in scores.mated if o.seed == m.seed and o.kind == AS_TAKEN]
        for m in scores.mated
    }
    fnmr, fnmr_spread = by_person(missed)
    cpu = [o.cpu_s for o in real]
    wrong_passed = sum(s >= light for s in found.wrong_light)
    return {
        "name": "identity",
        "people": len(seeds),
        "seeds": [min(seeds), max(seeds)],
        "goals": [
            _goal(f"FNMR at FMR <= {FMR_GOAL:.1%}, own DET", f"<= {FNMR_GOAL}", fnmr, fnmr_spread, fnmr <= FNMR_GOAL),
            _goal(
                f"APCER of the worst species ({worst}), 95 % upper bound",
                f"<= {APCER_GOAL}",
                attacks[worst]["upper_95"],
                attacks[worst]["upper_95"] - attacks[worst]["apcer"],
                attacks[worst]["upper_95"] <= APCER_GOAL,
            ),
            _goal("BPCER at that point", f"<= {BPCER_GOAL}", bpcer, bpcer_spread, bpcer <= BPCER_GOAL),
            _goal(
                "CPU-seconds per decision, mean",
                f"< {CPU_GOAL_S}",
                float(np.mean(cpu)),
                float(np.max(cpu) - np.min(cpu)) / 2,
                float(np.mean(cpu)) < CPU_GOAL_S,
            ),
        ],
        "genuine": {
            "sessions": len(real),
            "refused": sum(not o.passed for o in real),
            "advice": _counted(o.advice for o in real if not o.passed),
            "by_screen": {str(s): _share([not o.passed for o in real if o.strength == s]) for s in SCREENS},
            "by_trait": tables.refusals_by_trait(real),
            "by_place": {p: tables.errors([not o.passed for o in found.outcomes if o.kind == p]) for p in PLACES},
            "people_never_enrolled": tables.errors([seed not in found.templates for seed in refused]),
        },
        "apcer": attacks,
        "light": {
            "agreement_needed": light,
            "lowest_with_the_right_colours": round(min(found.right_light), 3),
            "highest_with_wrong_colours": round(max(found.wrong_light), 3),
            "wrong_colours_tried": len(found.wrong_light),
            "wrong_colours_passed": wrong_passed,
            "wrong_colours_upper_95": round(upper_bound(wrong_passed, len(found.wrong_light)), 5),
        },
        "matching": {
            "people": len(missed),
            "mated": len(mated),
            "non_mated": len(scores.strangers),
            "photos": scores.photos,
            "photos_without_a_face": scores.missed,
            "by_threshold": tables.by_threshold(scores),
            "by_slice": tables.misses_by_slice(scores.mated, match),
            "det": tables.band(scores),
            "engines": tables.engines({"OpenCV, SFace": scores, **others.run}, FMR_GOAL),
            "engines_not_run": dict(others.not_run),
            "shipped_threshold": match,
            "fmr_at_shipped": _share([s >= match for s in scores.strangers]),
            "fmr_upper_95": round(upper_bound(sum(s >= match for s in scores.strangers), len(scores.strangers)), 5),
            "fnmr_at_shipped": _share([s < match for s in mated]),
            "fnmr_upper_95": round(upper_bound(sum(s < match for s in mated), len(mated)), 4),
            "siblings_taken_for_the_person": _share([s >= match for s in scores.siblings]),
            "threshold_at_fmr_goal": round(strict, 3),
        },
        "cpu_s": [round(s, 3) for s in cpu],
    }


def write(row: Row, curve: Sequence[tuple[float, float, float]], out: Path) -> None:
    """identity.json, identity.md and identity-det.png in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "identity.json").write_text(json.dumps(row, indent=2) + "\n")
    (out / "identity.md").write_text(page(row))
    cv2.imwrite(str(out / "identity-det.png"), plot(curve, row["matching"]["det"]))


def plot(curve: Sequence[tuple[float, float, float]], band: Sequence[Row] = ()) -> np.ndarray:
    """The DET curve, both axes logarithmic from 0.01 % to 100 %, (420, 480, 3) BGR; upright bars are the band's 95 %
    intervals."""
    image = np.full((420, 480, 3), 255, np.uint8)
    left, top, side = 70, 20, 340

    def at(fmr: float, fnmr: float) -> tuple[int, int]:
        x, y = (min(1.0, max(0.0, (np.log10(max(v, 1e-4)) + 4) / 4)) for v in (fmr, fnmr))
        return left + round(x * side), top + side - round(y * side)

    for power in range(-4, 1):
        label = f"{100 * 10.0**power:g} %"
        (x, _), (_, y) = at(10.0**power, 1e-4), at(1e-4, 10.0**power)
        cv2.line(image, (x, top), (x, top + side), (220, 220, 220), 1)
        cv2.line(image, (left, y), (left + side, y), (220, 220, 220), 1)
        cv2.putText(
            image, label, (x - 22, top + side + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (60, 60, 60), 1, cv2.LINE_AA
        )
        cv2.putText(image, label, (8, y + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (60, 60, 60), 1, cv2.LINE_AA)
    points = np.array([at(fmr, fnmr) for _, fmr, fnmr in curve], np.int32)
    cv2.polylines(image, [points.reshape(-1, 1, 2)], False, (160, 60, 20), 2, cv2.LINE_AA)
    for row in band:
        low, high = at(row["fmr"], row["low"]), at(row["fmr"], row["high"])
        cv2.line(image, low, high, (60, 60, 200), 2, cv2.LINE_AA)
    cv2.putText(image, "false match rate", (left + 110, top + side + 42), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
    cv2.putText(image, "false non-match rate", (left + 4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
    return image


def _attack(kind: str, outcomes: Sequence[Outcome]) -> Row:
    tried = [o for o in outcomes if o.kind == kind]
    passed = sum(o.passed for o in tried)
    return {
        "tries": len(tried),
        "passed": passed,
        "apcer": round(passed / len(tried), 4),
        "upper_95": round(upper_bound(passed, len(tried)), 4),
        "stopped_by": _counted(o.advice for o in tried if not o.passed),
    }


def _counted(words: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _share(flags: Sequence[bool]) -> float:
    return round(sum(flags) / len(flags), 5) if flags else float("nan")


def _goal(goal: str, target: str, value: float, spread: float, met: bool) -> Row:
    return {"goal": goal, "target": target, "value": round(value, 4), "spread": round(spread, 4), "met": bool(met)}
