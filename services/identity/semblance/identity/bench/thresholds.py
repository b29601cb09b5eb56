"""`python -m semblance.identity.bench.thresholds --model deepface:Dlib`: the thresholds that a face model would need.

Clean captures and photos of synthetic people; a line a setting on standard output, then the settings as variables. They
are a beginning: measure on faces like those of the people whom you serve.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from pathlib import Path

import cv2
import numpy as np

from semblance.faces import FaceEngine, RgbU8, model_named
from semblance.faces.choice import load_engine
from semblance.identity.bench import register
from semblance.identity.bench.matching import compare
from semblance.identity.domain.challenge import draw_challenge
from semblance.identity.domain.illumination import draw_colours
from semblance.identity.domain.liveness import excursions, frontal
from semblance.identity.domain.matching import Embedding, but_one, least_alike, lowest_to_reference
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.sampling import spread
from semblance.identity.main import readers_of, rules_of
from semblance.identity.ports import Capture, CaptureReader, Frame
from semblance.identity.settings import IdentitySettings
from semblance.synthetic_people.glow import film
from semblance.synthetic_people.lit_attack import Session, genuine
from semblance.synthetic_people.people import person
from semblance.synthetic_people.relight import screen

CHOOSING_FROM = 1_200_000
_STRANGERS_FROM = 50_000
FMR, FNMR = 0.001, 0.02


@dataclass(frozen=True)
class Seen:
    """One clean session: faces looking straight, and those of each movement."""

    front: list[Embedding]
    movements: list[list[Embedding]]


@dataclass
class Setting:
    """Cosines of one person with themselves and of two people, for one variable. by_own: chosen so that few of the
    person's own are refused, where a confusion is caught elsewhere; else so that few others pass."""

    name: str
    by_own: bool = False
    own: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    @property
    def threshold(self) -> float:
        """In thousandths: the lowest that few enough others reach, or the highest that few enough own faces miss."""
        if self.by_own:
            return float(np.floor(np.quantile(self.own, FNMR) * 1000) / 1000)
        highest_refused = np.sort(self.others)[::-1][int(FMR * len(self.others))]
        return float(np.floor(highest_refused * 1000) + 1) / 1000

    def line(self) -> str:
        """Threshold, the person's own below it, others at or above it."""
        own, others, at = np.array(self.own), np.array(self.others), self.threshold
        chosen = f"own refused <= {FNMR:.0%}" if self.by_own else f"FMR <= {FMR:.1%}"
        return (
            f"| {self.name} | {at:.3f} | {chosen} | {(own < at).mean():.1%} of {len(own)} "
            f"| {(others >= at).mean():.2%} of {len(others)} |"
        )


def of_sessions(sessions: Sequence[Sequence[Seen]]) -> Iterator[Setting]:
    """From several sessions of each person."""
    same, turned = (Setting(f"IDENTITY_{name}_THRESHOLD", by_own=True) for name in ("SAME_FACE", "TURNED_SAME_FACE"))
    elsewhere = Setting("IDENTITY_ENROLLED_ELSEWHERE_THRESHOLD")
    for seen in (s for theirs in sessions for s in theirs):
        same.own.append(least_alike(seen.front))
        turned.own.append(lowest_to_reference(seen.front, seen.movements))
    for theirs in sessions:
        elsewhere.own += [_best(a.front, b.front) for a, b in combinations(theirs, 2)]
    for mine, other in permutations([theirs[0] for theirs in sessions], 2):
        # Cut in half-way: some of the first half, then some of somebody else.
        same.others.append(least_alike([*mine.front[:3], *other.front[:3]]))
        turned.others.append(lowest_to_reference(mine.front, other.movements))
        elsewhere.others.append(_best(mine.front, other.front))
    yield from (same, turned, elsewhere)


def of_photos(people: Sequence[Sequence[Embedding]]) -> Iterator[Setting]:
    """From several photos of each person."""
    own, others = register.scores(people, 2)
    protected = Setting("IDENTITY_PROTECTED_THRESHOLD", own=own.tolist(), others=others.tolist())
    photographed = Setting("IDENTITY_SAME_PHOTOGRAPHED_THRESHOLD", by_own=True)
    photographed.own = [float(a @ b) for theirs in people for a, b in combinations(theirs, 2)]
    photographed.others = [float(a @ b) for x, y in combinations(people, 2) for a in x for b in y]
    grouping = Setting("INGEST_GROUPING_THRESHOLD")
    for i, mine in enumerate(people):
        mean = np.mean(np.stack(mine[:3]), axis=0)
        mean /= np.linalg.norm(mean)
        grouping.own += [float(face @ mean) for face in mine[3:]]
        grouping.others += [float(face @ mean) for j, theirs in enumerate(people) if j != i for face in theirs]
    yield from (protected, photographed, grouping)


def _best(a: Sequence[Embedding], b: Sequence[Embedding]) -> float:
    return float((np.stack(a) @ np.stack(b).T).max())


def sessions_of(reader: CaptureReader, rules: Rules, seed: int, count: int) -> list[Seen]:
    """Clean sessions of one person, measured as the service measures them."""
    dice, own = random.Random(seed), film(person(seed), 3)  # noqa: S311 - an experiment, no secret
    found = []
    for _ in range(count):
        capture = reader.read([Frame(shot.at_ms, _jpeg(shot.pixels)) for shot in genuine(own, _before_camera(dice))])
        seen = _seen(capture, rules)
        if len(seen.front) >= rules.capture.liveness.min_frontal_frames:
            found.append(seen)
    return found


def _seen(capture: Capture, rules: Rules) -> Seen:
    readings, liveness, matching = capture.readings, rules.capture.liveness, rules.matching
    faces = capture.embeddings(spread(frontal(readings, liveness), matching.compared_frames))
    movements = []
    for shown in excursions(readings, liveness):
        frames = [i for i in range(shown.first, shown.last) if readings[i].faces == 1]
        movements.append(capture.embeddings(spread(frames, matching.compared_per_movement)))
    return Seen([faces[i] for i in but_one(faces)], movements)


def _before_camera(dice: random.Random) -> Session:
    """A white screen, random colours and order; nothing of another session."""
    order = tuple(m.value for m in draw_challenge(dice.randrange))
    tint = screen([(c.colour, c.for_ms) for c in draw_colours(dice.randrange)])
    return Session(order=order, tint=tint, old_order=order, old_tint=tint, strength=1.0, lag_ms=60)


def _jpeg(pixels: RgbU8) -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 86])[1])


def measured(engine: FaceEngine, settings: IdentitySettings, seeds: Sequence[int], strangers: int) -> list[Setting]:
    """Every setting that belongs to a model and can be measured here. At least two people."""
    reader, rules = readers_of(settings, engine)[0], rules_of(settings)
    sessions = []
    for k, seed in enumerate(seeds):
        print(f"person {k + 1} of {len(seeds)}", file=sys.stderr, flush=True)
        sessions.append(sessions_of(reader, rules, seed, 2))
    seen = {seed: theirs for seed, theirs in zip(seeds, sessions, strict=True) if theirs}
    templates = {seed: theirs[0].front[: rules.matching.templates] for seed, theirs in seen.items()}
    first = seeds[0] + _STRANGERS_FROM
    compared = compare(engine, templates, range(first, first + strangers), altered=False, siblings=False)
    match = Setting("IDENTITY_MATCH_THRESHOLD", own=compared.own, others=compared.strangers)
    other = Setting("SAFETY_OTHER_THRESHOLD", own=compared.own, others=compared.strangers)
    photos = [faces for seed in seeds if len(faces := register.faces_of(engine, seed)) > 3]
    return [match, other, *of_sessions(list(seen.values())), *of_photos(photos)]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="such as deepface:ArcFace; its file lies in the models folder")
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--strangers", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=CHOOSING_FROM)
    given = parser.parse_args()
    if given.people < 2:
        parser.error("two people at least are compared")
    models = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models"))
    engine = load_engine(model_named(given.model), models)
    seeds = range(given.first_seed, given.first_seed + given.people)
    found = measured(engine, IdentitySettings(models_dir=models), seeds, given.strangers)
    print(f"{engine.model.id}: {len(seeds)} synthetic people from seed {seeds[0]}, {given.strangers} strangers\n")
    print("| setting | threshold | chosen by | own below | others at or above |\n|---|---|---|---|---|")
    print("\n".join(setting.line() for setting in found))
    print("\n" + "\n".join(f"{setting.name}={setting.threshold:.3f}" for setting in found))
    print("SAFETY_OWN_FLOOR, _CLEAR_MARGIN, _MARGIN: python -m semblance.safety.ml.measure --model " + given.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
