"""`make bench-choice`: does the choice among a training's candidates make adapters that are more like the person?

Each person (none of whom exists) is trained twice as the service trains, from the same seed: the end alone is kept, or
what there was after a half and three quarters of the steps may be chosen instead. Both are judged by photos that
neither learning nor choosing saw. Writes choice.md and choice.json.
"""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from semblance.faces import OpenCvFaceEngine
from semblance.pocket import weights_dir
from semblance.training.bench_leaks import photos_of
from semblance.training.domain.leak import measured
from semblance.training.domain.likeness import held_out_count
from semblance.training.main import rules_of
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.settings import TrainingSettings

FIRST_SEED: Final = 1_310_500
KINDS: Final = {"the end": (1.0,), "the chosen": (0.5, 0.75, 1.0)}
_RESAMPLED = 10_000


@dataclasses.dataclass(frozen=True)
class Row:
    """One person trained in one way. own: mean cosine with held-out photos. cpu_s: learning and choosing."""

    kind: str
    seed: int
    own: float
    detected: float
    passes: bool
    cpu_s: float


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--steps", type=int, help="of a training; unset: the backbone's own")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    settings = TrainingSettings(
        models_dir=Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")),
        lora={"steps": arguments.steps} if arguments.steps else {},
    )
    rows = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.people):
        rows += trained_both_ways(settings, seed)
        print(*rows[-2:], file=sys.stderr, flush=True)
    report = summary(rows)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "choice.json").write_text(json.dumps(report, indent=1) + "\n")
    (arguments.out / "choice.md").write_text(page(report))
    print(json.dumps(report["goals"], indent=1))
    return 0


def trained_both_ways(settings: TrainingSettings, seed: int) -> list[Row]:
    """One row a kind, in KINDS' order."""
    faces, rules = OpenCvFaceEngine(settings.models_dir), rules_of(settings).leak
    photos, rows = photos_of(seed, faces), []
    for kind, shares in KINDS.items():
        trainer = LoraTrainer(
            TrainerSettings(
                backbone_dir=settings.backbone_dir or weights_dir(),
                torch_threads=1,
                pictures_per_prompt=settings.pictures_per_prompt,
                lora={**settings.lora, "candidates": shares},
                leak_pictures=settings.leak_pictures,
                leak_others=settings.leak_others,
                leak_rules=rules,
            ),
            faces,
            panel(),
        )
        own = trainer.own_faces(photos, _unheard)
        held_out = held_out_count(len(own))
        trainer.backbone()
        begun = time.process_time()
        adapter = trainer.learn(own[:-held_out], _unheard)
        spent = time.process_time() - begun
        judged = trainer.judge(adapter, own[:-held_out], own[-held_out:], _unheard)
        rows.append(
            Row(
                kind,
                seed,
                round(judged.measured.own, 4),
                round(judged.measured.detected / judged.measured.pictures, 3),
                rules.passed(measured(judged.places, judged.own, (), rules)),
                round(spent, 1),
            )
        )
    return rows


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows, the gain a person and its 95 % interval (bootstrap over people), and what it costs."""
    end, chosen = ([row for row in rows if row.kind == kind] for kind in KINDS)
    gains = [b.own - a.own for a, b in zip(end, chosen, strict=True)]
    low, high = interval(gains)
    cost = statistics.median(b.cpu_s / a.cpu_s for a, b in zip(end, chosen, strict=True))
    gain = statistics.fmean(gains)
    return {
        "name": "choice",
        "rows": [dataclasses.asdict(row) for row in rows],
        "cost": round(cost, 2),
        "goals": [
            {
                "goal": f"gain in likeness by choosing, mean of {len(gains)} people (cosine with held-out photos)",
                "target": "> 0, the whole interval",
                "value": round(gain, 4),
                "spread": f"{low:.4f} to {high:.4f}",
                "met": low > 0,
            },
        ],
    }


def interval(gains: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the means of resampled people."""
    dice = np.random.default_rng(0)
    means = dice.choice(np.asarray(gains), (_RESAMPLED, len(gains))).mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def page(report: dict[str, Any]) -> str:
    """Markdown."""
    goal = report["goals"][0]
    end, chosen = ([row for row in report["rows"] if row["kind"] == kind] for kind in KINDS)
    table = "\n".join(
        f"| {a['seed']} | {a['own']} | {b['own']} | {b['own'] - a['own']:+.4f} | {a['cpu_s']} | {b['cpu_s']} "
        f"| {'yes' if a['passes'] else 'no'}, {'yes' if b['passes'] else 'no'} |"
        for a, b in zip(end, chosen, strict=True)
    )
    return f"""# The choice among a training's candidates

Written by `make bench-choice`, backbone `pocket-64`. Each person (none of whom exists) is trained twice as the service trains, from the same
seed: the end alone is kept, or what there was after a half and three quarters of the steps may be chosen instead. Both are judged by photos
that neither learning nor choosing saw. The service keeps the end (`candidates` of `LoraSettings`) for as long as this goal is not met.

| goal | target | value | spread | met |
|---|---|---|---|---|
| {goal["goal"]} | {goal["target"]} | {goal["value"]} | {goal["spread"]} | {"yes" if goal["met"] else "**no**"} |

Learning and choosing cost {report["cost"]} times the CPU seconds of learning alone (median).

| person | the end, cosine | the chosen, cosine | gain | CPU-s | CPU-s | leak gate passed |
|---|---|---|---|---|---|---|
{table}
"""


def _unheard(_phase: str, _step: int, _steps: int) -> None:
    """Nobody watches a bench."""


if __name__ == "__main__":
    sys.exit(main())
