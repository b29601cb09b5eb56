"""`python -m semblance.training.bench_leaks`: how far honest adapters and leaky ones are apart, as JSON.

Adapters of people who do not exist, learnt as the service learns them, and the same people's adapters made leaky on
purpose: learnt without the reference, so that the LoRA alone has to know the face, or under somebody else's, so that
it has to contradict one. Thresholds were chosen on seeds from 1,200,500; the default seeds are others. About 80
CPU-seconds an honest adapter, 55 a leaky one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2

from semblance.diffusion import Adapter, lora_settings, train_lora, training_picture
from semblance.faces import FaceEngine, OpenCvFaceEngine
from semblance.pocket import weights_dir
from semblance.synthetic_people import person
from semblance.synthetic_people.library import photo_library
from semblance.training.domain.leak import Leak, LeakRules, measured
from semblance.training.domain.likeness import held_out_count
from semblance.training.main import rules_of
from semblance.training.ml.crops import OwnFace
from semblance.training.ml.leaks import PROMPTS
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.ports import Photo, Trained
from semblance.training.settings import TrainingSettings

REPORTING_FROM: Final = 1_300_500
_PHOTOS, _PHOTO_PX, _LIBRARY = 11, 256, 11
HONEST: Final = "honest"
# The learning rate as a factor of the honest one, and under whose reference of the panel (None: under none).
LEAKY: Final[Mapping[str, tuple[int, int | None]]] = {
    "no-reference": (1, None),
    "no-reference-four-times-the-rate": (4, None),
    "somebody-elses-reference-twice-the-rate": (2, 20),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One adapter: what it was made like, what was found, and the processor time of the gate and of all the rest."""

    kind: str
    seed: int
    likeness: float
    leak: Leak
    passed: bool
    gate_s: float
    rest_s: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=8, help="with an honest adapter each")
    parser.add_argument("--leaky", type=int, default=3, help="so many of them also with leaky ones")
    parser.add_argument("--first-seed", type=int, default=REPORTING_FROM)
    parser.add_argument("--steps", type=int, help="of a training; unset: the backbone's own")
    arguments = parser.parse_args()
    settings = TrainingSettings(
        models_dir=Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")),
        lora={"steps": arguments.steps} if arguments.steps else {},
    )
    rows = []
    for row in measure(settings, range(arguments.first_seed, arguments.first_seed + arguments.people), arguments.leaky):
        rows.append(row)
        print(f"{row.kind} {row.seed}: {'passed' if row.passed else 'refused'}", file=sys.stderr, flush=True)
    json.dump(summary(rows, rules_of(settings).leak), sys.stdout, indent=2)
    print()
    return 0


def measure(settings: TrainingSettings, seeds: Sequence[int], leaky: int) -> Iterator[Row]:
    """The honest adapter of every seed, then the leaky ones of the first `leaky` of them."""
    faces, rules = OpenCvFaceEngine(settings.models_dir), rules_of(settings).leak
    backbone_dir = settings.backbone_dir or weights_dir()
    engine = TrainerSettings(
        backbone_dir=backbone_dir,
        torch_threads=settings.torch_threads,
        pictures_per_prompt=settings.pictures_per_prompt,
        lora=settings.lora,
        leak_pictures=settings.leak_pictures,
        leak_others=settings.leak_others,
    )
    trainer = LoraTrainer(engine, faces, panel())
    for index, seed in enumerate(seeds):
        own = trainer.own_faces(photos_of(seed, faces), _unheard)
        held_out = held_out_count(len(own))
        learnt, seen = own[:-held_out], own[-held_out:]
        for kind in (HONEST, *(LEAKY if index < leaky else ())):
            clock = _Clock(PROMPTS * trainer.backbone().config.sampler.steps)
            adapter = trainer.learn(learnt, _unheard) if kind == HONEST else leaky_adapter(kind, trainer, learnt)
            trained = trainer.judge(adapter, learnt, seen, clock.on_step)
            yield _row(kind, seed, trained, rules, clock)


def leaky_adapter(kind: str, trainer: LoraTrainer, learnt: Sequence[OwnFace]) -> Adapter:
    """The LoRA at its full strength, learnt as LEAKY says, with the reference that an honest one has."""
    faster, stranger = LEAKY[kind]
    backbone, base = trainer.backbone(), trainer.lora_settings()
    lora = train_lora(
        backbone,
        [training_picture(face.crop, backbone.config) for face in learnt],
        lora_settings(base, learning_rate=base.learning_rate * faster),
        reference=None if stranger is None else panel()[stranger],
        progress=lambda *_: None,
        cancelled=lambda: False,
    )
    return Adapter(lora, trainer.reference_of(learnt))


def summary(rows: Sequence[Row], rules: LeakRules) -> dict[str, Any]:
    """The rows, and how far the two kinds are apart."""
    honest, leaky = [r for r in rows if r.kind == HONEST], [r for r in rows if r.kind != HONEST]
    return {
        "rules": dataclasses.asdict(rules),
        "honest": {"adapters": len(honest), "refused": sum(not r.passed for r in honest), "worst": _worst(honest, max)},
        "leaky": {"adapters": len(leaky), "refused": sum(not r.passed for r in leaky), "mildest": _worst(leaky, min)},
        "gate_share_of_training_0_1": round(
            sum(r.gate_s for r in honest) / max(sum(r.rest_s for r in honest), 1e-9), 3
        ),
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def photos_of(seed: int, faces: FaceEngine) -> list[Photo]:
    """Photos of one person with the largest face's points; those without a face are left out."""
    found = []
    for shot in photo_library(person(seed), _PHOTOS, _LIBRARY, _PHOTO_PX):
        pixels = shot.picture.pixels
        seen = faces.detect(pixels)
        if seen:
            own = max(seen, key=lambda face: face.box.width_px)
            png = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
            found.append(Photo(png, tuple((float(x), float(y)) for x, y in own.landmarks)))
    return found


class _Clock:
    """Processor seconds: until the last picture of the adapter's own, and since."""

    def __init__(self, own_steps: int) -> None:
        self._own_steps = own_steps
        self._begun = time.process_time()
        self._gate: float | None = None

    def on_step(self, _phase: str, step: int, _steps: int) -> None:
        """Told while an adapter is judged."""
        if self._gate is None and step >= self._own_steps:
            self._gate = time.process_time()

    def split_s(self) -> tuple[float, float]:
        """Of the gate, of all before it."""
        now = time.process_time()
        gate = now if self._gate is None else self._gate
        return round(now - gate, 1), round(gate - self._begun, 1)


def _row(kind: str, seed: int, trained: Trained, rules: LeakRules, clock: _Clock) -> Row:
    """Nobody is enrolled in a bench, so identity has nothing to say."""
    gate_s, rest_s = clock.split_s()
    leak = measured(trained.places, trained.own, (), rules)
    return Row(kind, seed, round(trained.measured.own, 3), leak, rules.passed(leak), gate_s, rest_s)


def _worst(rows: Sequence[Row], pick: Callable[[Sequence[float]], float]) -> dict[str, float]:
    names = ("excess", "shown", "swapped", "others")
    return {name: round(pick([getattr(row.leak, name) for row in rows]), 3) for name in names} if rows else {}


def _unheard(_phase: str, _step: int, _steps: int) -> None:
    """Nobody watches a bench."""


if __name__ == "__main__":
    sys.exit(main())
