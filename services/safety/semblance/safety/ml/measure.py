"""How alike made pictures are to the person and to others: what `own_floor` and `other_threshold` are chosen from.

    python -m semblance.safety.ml.measure [--lora] [--pictures 12] [--backbone DIR] [--models DIR]

For each bundled synthetic person: the reference embedding of their photos (with --lora an adapter as well),
pictures from four prompts, every face in them compared with templates taken from everybody's captures. Synthetic people
stand in for real ones here, and for no more than the pipeline.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from semblance.diffusion import (
    Adapter,
    Backbone,
    RenderRequest,
    TrainingPicture,
    load_backbone,
    lora_settings,
    train_lora,
)
from semblance.diffusion import render as draw
from semblance.faces import SFACE, Face, FaceEngine, OpenCvFaceEngine, RgbU8, align, model_named, unit
from semblance.faces.choice import load_engine
from semblance.faces.scanning import OnnxFaceScanner
from semblance.pocket import weights_dir
from semblance.safety.ml.eyes import PictureEyes
from semblance.safety.ml.looking import FaceLooker, LookRules
from semblance.safety.ml.nudity import NudityDetector
from semblance.safety.settings import SafetySettings
from semblance.synthetic_people import bundled

PROMPTS = ("a photo of {}", "a photo of {}, smiling", "a photo of {}, outdoors", "an oil painting of {}")
FLOORS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50)
Floats = npt.NDArray[np.float32]


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lora", action="store_true", help="learn an adapter for each person first; minutes each")
    parser.add_argument("--pictures", type=int, default=12, help="for each person")
    parser.add_argument("--backbone", type=Path, default=weights_dir())
    parser.add_argument("--models", type=Path, default=SafetySettings().models_dir)
    parser.add_argument("--model", default=SFACE.id, help="the face model that compares; what draws speaks SFace")
    arguments = parser.parse_args(argv)
    sface, engine = OpenCvFaceEngine(arguments.models), load_engine(model_named(arguments.model), arguments.models)
    backbone = load_backbone(arguments.backbone)
    templates = {name: templates_of(name, engine) for name in bundled.people()}
    own: list[float] = []
    other: list[float] = []
    faceless = 0
    for name in templates:
        pictures = made_of(name, backbone, sface, count=arguments.pictures, lora=arguments.lora)
        mine, theirs, without = scores(pictures, name, templates, engine)
        print(f"{name}: own {np.round(mine, 2)} best other {np.round(theirs, 2)} without a face {without}")
        own, other, faceless = own + mine, other + theirs, faceless + without
    # Where cosines lie is a model's own: for another than SFace floors are tried that block 2 to 40 % of own faces.
    floors = FLOORS if engine.model == SFACE else tuple(np.quantile(own, np.linspace(0.02, 0.4, len(FLOORS))))
    print(f"face model {engine.model.id}")
    report(np.asarray(own), np.asarray(other), faceless, backbone.digest, floors)


def templates_of(name: str, engine: FaceEngine) -> Floats:
    """(n, d): what identity would enrol, from the frames in which the person looks straight ahead."""
    frames = [read(frame.path) for frame in bundled.capture(name) if frame.action == "rest"]
    return np.stack([engine.embed(image, engine.detect(image)[0]) for image in frames])


def made_of(name: str, backbone: Backbone, engine: OpenCvFaceEngine, *, count: int, lora: bool) -> list[RgbU8]:
    """Pictures of the person, as generation would make them."""
    images = [read(photo.path) for photo in bundled.person_photos(name, ("portrait",))]
    found: list[tuple[RgbU8, Face]] = [(image, engine.detect(image)[0]) for image in images]
    reference = unit(np.mean([engine.embed(image, face) for image, face in found], axis=0))
    weights = learn(found, reference, backbone) if lora else None
    request = [
        RenderRequest(prompt.format(backbone.config.trigger), seed, count=-(-count // len(PROMPTS)))
        for seed, prompt in enumerate(PROMPTS)
    ]
    return [picture for r in request for picture in draw(backbone, r, Adapter(weights, reference))][:count]


def learn(found: Sequence[tuple[RgbU8, Face]], reference: Floats, backbone: Backbone) -> bytes:
    """An adapter learnt from the photos."""
    framing, side = np.asarray(backbone.config.framing, np.float32), backbone.config.resolution_px
    crops = [align(image, face.landmarks, framing, side) for image, face in found]
    learnt = [TrainingPicture(crop, backbone.config.caption) for crop in crops]
    settings = lora_settings(backbone.config.lora)
    return train_lora(
        backbone, learnt, settings, reference=reference, progress=lambda *_: None, cancelled=lambda: False
    )


def scores(
    pictures: Sequence[RgbU8], name: str, templates: dict[str, Floats], engine: FaceEngine
) -> tuple[list[float], list[float], int]:
    """Of every face the best cosine with the person's templates and with anybody else's; pictures without a face."""
    looker = FaceLooker(OnnxFaceScanner(SafetySettings().models_dir), LookRules())
    eyes = PictureEyes(looker, engine, NudityDetector())
    own: list[float] = []
    other: list[float] = []
    faceless = 0
    for picture in pictures:
        found = eyes.faces(picture)
        faceless += not found
        for face in (face.embedding for face in found if face.embedding is not None):
            best = {who: float((known @ face).max()) for who, known in templates.items()}
            own.append(best.pop(name))
            other.append(max(best.values()))
    return own, other, faceless


def report(own: Floats, other: Floats, faceless: int, digest: str, floors: Sequence[float]) -> None:
    """Shares of the subject's own faces that a floor would block, and of others' best scores that would pass it."""
    print(f"backbone {digest[:12]}: {len(own)} faces, {faceless} pictures without one")
    for floor in floors:
        blocked, passing = float((own < floor).mean()), float((other >= floor).mean())
        print(f"floor {floor:.2f}: own below {blocked:.3f}, best other at or above {passing:.3f}")
    print(f"better with somebody else by more than 0.05: {float((other > own + 0.05).mean()):.3f}")


def read(path: Path) -> RgbU8:
    """An image file's pixels."""
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), dtype=np.uint8)


if __name__ == "__main__":
    main()
