"""Adapters of several widths, learnt as the training service learns them, and how like their people they are.

A person and a width take more than a minute, so every row is kept as soon as it is known, in a file named after the
backbone: a run that was stopped goes on, and `python tests/bench_engine/likeness.py` can be left to itself.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semblance.diffusion import Adapter, changes_nothing
from semblance.faces import Embedding, OpenCvFaceEngine, unit
from semblance.pocket import weights_dir
from semblance.safety.settings import SafetySettings
from semblance.training.bench_leaks import photos_of
from semblance.training.domain.leak import LeakRules, measured
from semblance.training.domain.likeness import held_out_count
from semblance.training.main import rules_of
from semblance.training.ml.crops import OwnFace
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.settings import TrainingSettings

FIRST_SEED, PEOPLE = 1_320_500, 6  # nobody whom a threshold was chosen on
KEPT = Path(".cache/bench-width")
EACH = 16  # pictures of every prompt: with four, one person's mean is off by more than the widths differ
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
LINEAR = (*ATTENTION, "proj_in", "proj_out", "transformer_blocks.0.ff.net.0.proj", "transformer_blocks.0.ff.net.2")
EVERYTHING = (*LINEAR, "conv1", "conv2", "conv_shortcut", "conv")
FIRST = "16, everything"  # what the others are held against


def _width(rank: int, targets: tuple[str, ...]) -> dict[str, Any]:
    """Of LoraSettings: the denoiser's rank and layers. The text tower's part is the same in all, and alpha is the rank,
    so that B counts alike."""
    return {"rank": rank, "alpha": float(rank), "unet_targets": targets}


WIDTHS: dict[str, Mapping[str, Any]] = {
    FIRST: _width(16, EVERYTHING),
    "8, everything": _width(8, EVERYTHING),
    "4, everything": _width(4, EVERYTHING),
    "8, attention, feed-forward and conv2": _width(8, (*LINEAR, "conv2")),
    "16, attention and feed-forward": _width(16, LINEAR),
    "8, attention and feed-forward": _width(8, LINEAR),
    "16, attention": _width(16, ATTENTION),
    "8, attention": _width(8, ATTENTION),
}
NOTHING = "no adapter: the reference alone"  # what a width has to be better than
ALL = WIDTHS | {NOTHING: {"steps": 1, "strengths": (0.0,)}}


@dataclasses.dataclass(frozen=True)
class Row:
    """One person's adapter. Cosines are SFace's. learnt and held_out: mean with the photos learnt from and the others.

    accepted: share of the pictures whose face safety would take for the person's; leak and passes: the training's gate.
    idle: the choice of a strength left nothing of it. faces: the pictures' embeddings; photos: the held-out ones'.
    """

    width: str
    seed: int
    draw: int
    held_out: float
    learnt: float
    detected: float
    accepted: float
    leak: Mapping[str, float]
    passes: bool
    idle: bool
    cpu_s: float
    faces: Sequence[Sequence[float]] = dataclasses.field(repr=False)
    photos: Sequence[Sequence[float]] = dataclasses.field(repr=False)


class Study:
    """One trainer for all widths: what the bare backbone draws is drawn once."""

    def __init__(self, settings: TrainingSettings, pictures_each: int) -> None:
        self._faces = OpenCvFaceEngine(settings.models_dir)
        self._rules: LeakRules = rules_of(settings).leak
        self._floor: float = SafetySettings.model_fields["own_floor"].default
        self._changes: dict[str, Any] = {}  # the trainer's own: it reads them at every training
        self.trainer = LoraTrainer(
            TrainerSettings(
                backbone_dir=settings.backbone_dir or weights_dir(),
                torch_threads=1,
                pictures_per_prompt=pictures_each,
                lora=self._changes,
                leak_pictures=settings.leak_pictures,
                leak_others=settings.leak_others,
                leak_rules=self._rules,
            ),
            self._faces,
            panel(),
        )

    def own(self, seed: int) -> list[OwnFace]:
        """The person's photos as the trainer sees them."""
        return self.trainer.own_faces(photos_of(seed, self._faces), _unheard)

    def row(self, name: str, seed: int, draw: int, own: Sequence[OwnFace]) -> Row:
        """Learn and judge. draw: the seed of the training."""
        self._changes.clear()
        self._changes.update({**ALL[name], "seed": draw})
        held_out = held_out_count(len(own))
        learnt, seen = own[:-held_out], own[-held_out:]
        begun = time.process_time()
        adapter = self.trainer.learn(learnt, _unheard)
        spent = time.process_time() - begun
        judged = self.trainer.judge(adapter, learnt, seen, _unheard)
        person = unit(np.mean([face.embedding for face in own], axis=0))
        pictures = judged.measured.pictures
        leak = measured(judged.places, judged.own, (), self._rules)
        return Row(
            width=name,
            seed=seed,
            draw=draw,
            held_out=round(judged.measured.own, 4),
            learnt=round(_cosine(judged.faces, [face.embedding for face in learnt], pictures), 4),
            detected=round(judged.measured.detected / pictures, 3),
            accepted=round(sum(float(face @ person) >= self._floor for face in judged.faces) / pictures, 3),
            leak={key: round(value, 4) for key, value in dataclasses.asdict(leak).items()},
            passes=self._rules.passed(leak),
            idle=_is_idle(adapter),
            cpu_s=round(spent, 1),
            faces=_numbers(judged.faces),
            photos=_numbers([face.embedding for face in seen]),
        )


def learn(people: int, draws: Sequence[int], widths: Sequence[str]) -> None:
    """Whoever the file does not have yet, in every width."""
    settings = TrainingSettings(models_dir=Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")))
    study = Study(settings, pictures_each=EACH)
    file = file_of(study.trainer.backbone().digest)
    done = {(row.width, row.seed, row.draw) for row in known(file)}
    for draw in draws:
        for seed in range(FIRST_SEED, FIRST_SEED + people):
            missing = [width for width in widths if (width, seed, draw) not in done]
            own = study.own(seed) if missing else []
            for width in missing:
                row = study.row(width, seed, draw, own)
                _keep(file, row)
                print(seed, draw, width, row.held_out, f"{row.cpu_s} CPU-s", file=sys.stderr, flush=True)


def file_of(digest: str) -> Path:
    """Where a backbone's rows are kept."""
    return KEPT / f"{digest[:16]}-{EACH}.jsonl"


def known(file: Path) -> Iterator[Row]:
    """The rows of a file; a line that a killed run left unfinished is left out."""
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        try:
            yield Row(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _keep(file: Path, row: Row) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(json.dumps(dataclasses.asdict(row)) + "\n")


def _is_idle(adapter: Adapter) -> bool:
    return adapter.lora is not None and changes_nothing(adapter.lora)


def _cosine(faces: Sequence[Embedding], photos: Sequence[Embedding], pictures: int) -> float:
    """As the trainer measures: a picture without a face counts as 0."""
    return float(sum(float(face @ photo) for face in faces for photo in photos)) / (pictures * len(photos))


def _numbers(faces: Sequence[Embedding]) -> list[list[float]]:
    return [[round(float(number), 5) for number in face] for face in faces]


def _unheard(_phase: str, _step: int, _steps: int) -> None:
    """Nobody watches a bench."""


def main() -> int:
    """Learn what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--draws", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--widths", nargs="+", default=list(ALL), choices=list(ALL))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    learn(arguments.people, arguments.draws, arguments.widths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
