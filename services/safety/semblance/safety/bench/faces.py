"""What the filter finds and what it costs, on pictures with known answers:

    python -m semblance.safety.bench.faces [--each 8] [--out FOLDER] [--models DIR] [--skip-thorough]

Writes faces.json and faces.md: faces found by disguise and size, faces of others that would be let through, own
pictures that would be blocked, false faces, whether the fast way decides as the thorough one, and CPU time of the
whole filter.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from semblance.faces import FaceEngine, RgbU8
from semblance.safety.bench import scenes
from semblance.safety.bench.cost import cpu_of_filter
from semblance.safety.bench.faces_page import markdown
from semblance.safety.domain.verdict import FaceSeen, Reason, UnknownFaces, judge
from semblance.safety.main import engine_of, eyes_of, rules_of
from semblance.safety.ml.eyes import PictureEyes
from semblance.safety.settings import SafetySettings
from semblance.synthetic_people import bundled

Templates = dict[str, npt.NDArray[np.float32]]


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=8, help="pictures of each kind and size")
    parser.add_argument("--out", type=Path, default=Path("out/bench-safety"))
    parser.add_argument("--models", type=Path, default=SafetySettings().models_dir)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip-thorough", action="store_true", help="do not compare with the thorough way")
    arguments = parser.parse_args(argv)
    settings = SafetySettings(models_dir=arguments.models)
    engine = engine_of(settings)
    ways = {"fast": eyes_of(settings, engine)}
    if not arguments.skip_thorough:
        ways["thorough"] = eyes_of(settings.model_copy(update={"thorough": True}), engine)
    report = measure(ways, engine, settings, each=arguments.each, seed=arguments.seed)
    report["cpu_ms"] = {way: cpu_of_filter(eyes) for way, eyes in ways.items()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "faces.json").write_text(json.dumps(report, indent=1))
    (arguments.out / "faces.md").write_text(markdown(report))
    print(markdown(report))
    return 0


def measure(
    ways: dict[str, PictureEyes], engine: FaceEngine, settings: SafetySettings, *, each: int, seed: int
) -> dict[str, Any]:
    """Every rate, by way of looking."""
    judged = _Judge(engine, settings)
    report: dict[str, Any] = {"each": each, "seed": seed, "people": "bundled, who do not exist", "differ": []}
    for way in ways:
        report[way] = {"found": defaultdict(lambda: [0, 0]), "missed": defaultdict(lambda: [0, 0])}
        report[way] |= {"let_through": defaultdict(lambda: [0, 0]), "own_blocked": defaultdict(lambda: [0, 0])}
        report[way] |= {"false_faces": defaultdict(lambda: [0, 0]), "group": [0, 0]}
    for scene in scenes.hidden_faces(engine, each, seed):
        answers = {}
        for way, eyes in ways.items():
            faces = judged.faces(eyes, scene.image, scene.subject)
            hit = next((face for face in faces if _is_at(face, scene)), None)
            key = f"{scene.kind}|{scene.size_px}"
            answers[way] = judged.reasons(faces)
            _count(report[way]["found"][key], hit is not None)
            _count(report[way]["missed"][scene.kind], not answers[way])
            # With unknown faces allowed only the likeness is left to stop it.
            _count(report[way]["let_through"][key], not judged.reasons(faces, UnknownFaces.ALLOW))
        _compare(report, f"{scene.kind} {scene.size_px} px", answers)
    for scene in scenes.own_pictures(engine, 2 * each):
        answers = {way: judged.reasons(judged.faces(eyes, scene.image, scene.subject)) for way, eyes in ways.items()}
        for way, reasons in answers.items():
            _count(report[way]["own_blocked"][scene.kind], bool(reasons))
        _compare(report, f"own, {scene.kind}", answers)
    for scene in scenes.faceless(2 * each, seed):
        for way, eyes in ways.items():
            _count(report[way]["false_faces"][scene.kind], bool(_found(eyes, scene.image)))
    for image, people in scenes.group_photos():
        for way, eyes in ways.items():
            report[way]["group"][0] += min(people, len(_found(eyes, image)))
            report[way]["group"][1] += people
    return report


class _Judge:
    """What the service would say, with everybody bundled enrolled."""

    def __init__(self, engine: FaceEngine, settings: SafetySettings) -> None:
        self._rules = rules_of(settings)
        self._known: Templates = {name: _templates(engine, name) for name in bundled.people()}

    def faces(self, eyes: PictureEyes, image: RgbU8, subject: str) -> list[FaceSeen]:
        """Every face with its scores."""
        seen = []
        for face in eyes.faces(image):
            if face.embedding is None:
                seen.append(FaceSeen(face.box_px, face.found_0_1, -1.0, -1.0, readable=False))
                continue
            best = {name: float((known @ face.embedding).max()) for name, known in self._known.items()}
            own = best.pop(subject)
            seen.append(FaceSeen(face.box_px, face.found_0_1, own, max(best.values())))
        return seen

    def reasons(self, faces: list[FaceSeen], unknown: UnknownFaces = UnknownFaces.BLOCK) -> tuple[Reason | str, ...]:
        """Why not; empty when it would be let through. A doubt is no pass."""
        rules = self._rules.__class__(**{**self._rules.__dict__, "unknown_faces": unknown})
        judgement = judge(faces, enrolled=True, nude_parts=(), rules=rules)
        return judgement.reasons or (("doubt",) if judgement.doubt else ())


def _found(eyes: PictureEyes, image: RgbU8) -> list[Any]:
    try:
        return list(eyes.faces(image))
    except Exception:  # noqa: BLE001 - too many places: the picture is blocked, and no face was found in it
        return []


def _templates(engine: FaceEngine, name: str) -> npt.NDArray[np.float32]:
    """What identity would enrol, from the frames in which the person looks straight ahead."""
    frames = [cv2.imread(str(frame.path)) for frame in bundled.capture(name) if frame.action == "rest"]
    images = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8) for frame in frames]
    return np.stack([engine.embed(image, engine.detect(image)[0]) for image in images])


def _is_at(face: FaceSeen, scene: scenes.Scene) -> bool:
    x, y, width, height = face.box_px
    off = max(abs(x + width / 2 - scene.middle_px[0]), abs(y + height / 2 - scene.middle_px[1]))
    return off < 0.6 * scene.size_px and 0.4 < width / scene.size_px < 2.5


def _count(pair: list[int], hit: bool) -> None:
    pair[0] += int(hit)
    pair[1] += 1


def _compare(report: dict[str, Any], what: str, answers: dict[str, tuple[Reason | str, ...]]) -> None:
    report["compared"] = report.get("compared", 0) + (len(answers) > 1)
    if len({bool(reasons) for reasons in answers.values()}) > 1:
        report["differ"].append(what)


if __name__ == "__main__":
    sys.exit(main())
