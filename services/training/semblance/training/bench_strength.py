"""`make bench-strength`: at what share of what was learnt are pictures most like the person, and does choosing it pay?

Each person (none of whom exists) is learnt once as the service learns, and drawn at every strength from the same seeds.
What chooses sees the photos that were learnt from, as the service's choice does (strength.py); what judges are other
pictures, held against photos that neither learning nor choosing saw. Writes strength.md and strength.json; every person
is kept as soon as they are known, so that a run which was stopped goes on.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from semblance.diffusion import PHOTO_PROMPTS, Adapter, draw_photos, scaled
from semblance.faces import OpenCvFaceEngine, unit
from semblance.pocket import weights_dir
from semblance.training.bench_choice import interval
from semblance.training.bench_leaks import photos_of
from semblance.training.domain.likeness import held_out_count
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.settings import TrainingSettings

FIRST_SEED: Final = 1_330_500
STRENGTHS: Final = (1.0, 0.5, 0.0)
EACH: Final = 16
"""Pictures of every prompt at every strength."""
_SEED: Final = 1_000_003  # as the service's choice draws
KEPT: Final = Path(".cache/bench-strength")
Cosines = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Row:
    """One person's adapter at one strength. learnt, held_out: of every picture the cosine with the mean of the photos
    learnt from, and the mean cosine with the others; prompt after prompt, EACH pictures each; 0 without a face."""

    seed: int
    strength: float
    learnt: Sequence[float]
    held_out: Sequence[float]
    cpu_s: float


def main() -> int:
    """Learn who is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    settings = TrainingSettings(models_dir=Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")))
    faces = OpenCvFaceEngine(settings.models_dir)
    trainer = LoraTrainer(
        TrainerSettings(
            backbone_dir=settings.backbone_dir or weights_dir(),
            torch_threads=1,
            pictures_per_prompt=1,
            lora={**settings.lora, "strengths": (1.0,)},
        ),
        faces,
        panel(),
    )
    file = KEPT / f"{trainer.backbone().digest[:16]}.jsonl"
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.people):
        if sum(row.seed == seed for row in known(file)) < len(STRENGTHS):
            keep(file, drawn(trainer, faces, seed))
            print(seed, file=sys.stderr, flush=True)
    report = summary([row for row in known(file) if row.seed < FIRST_SEED + arguments.people])
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "strength.json").write_text(json.dumps(report, indent=1) + "\n")
    (arguments.out / "strength.md").write_text(page(report))
    print(json.dumps(report["goals"], indent=1))
    return 0


def drawn(trainer: LoraTrainer, faces: OpenCvFaceEngine, seed: int) -> list[Row]:
    """One person: learnt once, drawn at every strength."""
    own = trainer.own_faces(photos_of(seed, faces), _unheard)
    held_out = held_out_count(len(own))
    learnt, seen = own[:-held_out], own[-held_out:]
    adapter = trainer.learn(learnt, _unheard)
    assert adapter.lora is not None
    person = unit(np.mean([face.embedding for face in learnt], axis=0))
    others = np.mean([face.embedding for face in seen], axis=0)
    rows = []
    for strength in STRENGTHS:
        worn = Adapter(scaled(adapter.lora, strength), adapter.reference)
        begun = time.process_time()
        pictures = draw_photos(trainer.backbone(), worn, EACH, seed=_SEED)
        found = [trainer.face_of(picture) for picture in pictures]
        alike, unlike = ([0.0 if face is None else float(face @ one) for face in found] for one in (person, others))
        spent = time.process_time() - begun
        rows.append(Row(seed, strength, _rounded(alike), _rounded(unlike), round(spent, 1)))
    return rows


def known(file: Path) -> Iterator[Row]:
    """The rows of a file; a line that a killed run left unfinished is left out."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            yield Row(**json.loads(line))
        except (ValueError, TypeError):
            continue


def keep(file: Path, rows: Sequence[Row]) -> None:
    """Add to the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.writelines(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows)


def by_fixed(strength: float) -> Callable[[Mapping[float, Cosines], slice], float]:
    """The same for everybody."""
    return lambda _learnt, _look: strength


def by_choice(learnt: Mapping[float, Cosines], look: slice) -> float:
    """The one whose pictures, those in `look` of every prompt, are most like the photos learnt from; of equals the
    stronger one."""
    return max(STRENGTHS, key=lambda strength: float(learnt[strength][:, look].mean()))


def worth(learnt: Mapping[float, Cosines], seen: Mapping[float, Cosines], rule: Callable[..., float], n: int) -> float:
    """Mean cosine with the held-out photos of the pictures that a rule did not see, over all ways to cut n a prompt."""
    found = []
    for first in range(0, EACH, n):
        look = slice(first, first + n)
        rest = np.delete(seen[rule(learnt, look)], look, axis=1)
        found.append(float(rest.mean()))
    return statistics.fmean(found)


RULES: Final[Mapping[str, tuple[Callable[..., float], int]]] = {
    "always 1": (by_fixed(1.0), 2),
    "always 0.5": (by_fixed(0.5), 2),
    "always 0, the reference alone": (by_fixed(0.0), 2),
    "chosen by 8 pictures": (by_choice, 2),
    "chosen by 32 pictures": (by_choice, 8),
}
BEFORE: Final = "chosen by 8 pictures"  # what the service did until it was measured


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Every rule's mean over people, and what it gains over the choice by 8 pictures."""
    people = sorted({row.seed for row in rows})
    shape = (len(PHOTO_PROMPTS), EACH)
    found: dict[str, list[float]] = {name: [] for name in RULES}
    for seed in people:
        own = {row.strength: row for row in rows if row.seed == seed}
        learnt = {strength: np.asarray(row.learnt).reshape(shape) for strength, row in own.items()}
        seen = {strength: np.asarray(row.held_out).reshape(shape) for strength, row in own.items()}
        for name, (rule, n) in RULES.items():
            found[name].append(worth(learnt, seen, rule, n))
    gains = {name: [a - b for a, b in zip(found[name], found[BEFORE], strict=True)] for name in RULES if name != BEFORE}
    best = statistics.fmean(gains["always 0.5"])
    low, high = interval(gains["always 0.5"])
    return {
        "name": "strength",
        "people": people,
        "rules": {
            name: {
                "own": [round(value, 4) for value in values],
                "mean": round(statistics.fmean(values), 4),
                "gain": None if name == BEFORE else round(statistics.fmean(gains[name]), 4),
                "interval": None if name == BEFORE else [round(value, 4) for value in interval(gains[name])],
            }
            for name, values in found.items()
        },
        "choosing_cpu_s": round(3 * 2 / EACH * statistics.median(row.cpu_s for row in rows), 1),
        "goals": [
            {
                "goal": f"always half of what was learnt against a choice by 8 pictures, mean gain of {len(people)} people (cosine with held-out photos)",
                "target": ">= 0",
                "value": round(best, 4),
                "spread": f"{low:.4f} to {high:.4f}",
                "met": best >= 0,
            }
        ],
    }


def page(report: dict[str, Any]) -> str:
    """Markdown."""
    [goal] = report["goals"]
    rules = "\n".join(
        f"| {name} | {each['mean']} | {'' if each['gain'] is None else '{:+.4f} ({:+.4f} to {:+.4f})'.format(each['gain'], *each['interval'])} |"
        for name, each in report["rules"].items()
    )
    rows = "\n".join(
        f"| {seed} | " + " | ".join(f"{each['own'][k]:.4f}" for each in report["rules"].values()) + " |"
        for k, seed in enumerate(report["people"])
    )
    return f"""# How much of what was learnt is worn

Written by `make bench-strength`, backbone `pocket-64`. Each person (none of whom exists) is learnt once as the service learns, and drawn at each
strength: {EACH * len(PHOTO_PROMPTS)} pictures from the same seeds. A choice sees some of them and the photos learnt from; all rules are judged by the other pictures
and by photos that neither learning nor choosing saw. Means of SFace's cosines; gains are of the same people, with a 95 % interval (bootstrap over people).

| goal | target | value | spread | met |
|---|---|---|---|---|
| {goal["goal"]} | {goal["target"]} | {goal["value"]} | {goal["spread"]} | {"yes" if goal["met"] else "**no**"} |

| rule | likeness | against the choice by 8 pictures |
|---|---|---|
{rules}

A choice among three strengths by 8 pictures each takes {report["choosing_cpu_s"]} CPU seconds of a training.

| person | {" | ".join(report["rules"])} |
|---|{"---|" * len(report["rules"])}
{rows}
"""


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 5) for value in values]


def _unheard(_phase: str, _step: int, _steps: int) -> None:
    """Nobody watches a bench."""


if __name__ == "__main__":
    sys.exit(main())
