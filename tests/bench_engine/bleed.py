"""Two people in one picture, each in a part of it: how much of either gets into the other's face."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.diffusion import Backbone, RenderRequest, load_backbone, lora_settings
from semblance.diffusion.engine import Region
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.request import EngineRequest, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.slots import FlatAdapter, flatten
from semblance.faces import OpenCvFaceEngine, RgbU8, similarity
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ml.judging import upscale
from semblance.generation.ml.options import renderer_settings
from semblance.generation.ports import Beside
from semblance.generation.settings import GenerationSettings
from semblance.generation.testing.engines import opened
from semblance.pocket import weights_dir
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import Recipe
from semblance.pocket.sittings import learn, take_sitter
from semblance.safety.settings import SafetySettings
from semblance.synthetic_people import HELD_OUT_FROM

NAME = "bleed"
PEOPLE, TAKES, SHOWN_PX = 6, 4, 256
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
PROMPT = "in a garden"
OWN_SHARE, PASSED = 0.95, 0.75
Row = dict[str, Any]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Person:
    """reference: what the adapter is drawn with; template: the mean of six photos that nothing was learnt from."""

    lora: bytes
    reference: Floats
    template: Floats


@dataclass(frozen=True)
class Seen:
    """One picture's faces: the cosine of each with whose part it is in, and with the other."""

    faces: int
    own: list[float]
    other: list[float]


def measure(out: Path) -> Row:
    """Everybody learns, then stands beside the next: in parts, in parts of the backbone's own square, in no parts, and
    alone."""
    reader, backbone = FaceReader(), load_backbone(weights_dir())
    people = [_person(backbone, HELD_OUT_FROM + k, reader) for k in range(PEOPLE)]
    faces = OpenCvFaceEngine(Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")))
    engine = StepEngine(backbone, EngineSettings(lanes=(2 * TAKES,)))
    flat = [flatten(person.lora, engine.layout) for person in people]
    pairs = [(k, (k + 1) % PEOPLE) for k in range(PEOPLE)]
    edge = backbone.config.resolution_px
    trigger = backbone.config.trigger
    ways = {
        "in parts, each as large as a picture of one": ((edge, 2 * edge), True),
        "in parts of the backbone's own square": ((edge, edge), True),
        "no parts, the same two adapters everywhere": ((edge, 2 * edge), False),
    }
    found: Row = {"pairs": len(pairs), "takes": TAKES, "ways": {}}
    sheet: list[RgbU8] = []
    for way, (size, in_parts) in ways.items():
        seen = []
        for a, b in pairs:
            worn = _worn([(people[k], flat[k], k) for k in (a, b)], trigger, in_parts=in_parts)
            made = _draw(engine, worn, f"a photo of {trigger}, {PROMPT}", size, seed=a)
            seen += [_seen(picture, (people[a], people[b]), faces) for picture in made]
            sheet.append(np.concatenate([_framed(picture) for picture in made], 1))
        found["ways"][way] = _told(seen, 2)
    alone = []
    for k, person in enumerate(people):
        worn = (Worn(f"person {k}", flat[k], person.reference),)
        made = _draw(engine, worn, f"a photo of {trigger}, {PROMPT}", (edge, edge), seed=k)
        alone += [_alone(picture, person, faces) for picture in made]
    engine.close()
    found["ways"]["alone"] = _told(alone, 1)
    found["service"] = _service(people, backbone.digest, pairs, faces)
    cv2.imwrite(str(out / "engine-together.jpg"), cv2.resize(np.concatenate(sheet), None, fx=0.25, fy=0.25)[:, :, ::-1])
    return found


def _person(backbone: Backbone, seed: int, reader: FaceReader) -> Person:
    who = take_sitter(seed, Recipe(), reader)
    lora = learn(backbone, who, lora_settings(backbone.config.lora), reader)
    template = who.kept_embeddings[np.abs(who.kept_embeddings).sum(1) > 0].mean(0)
    return Person(lora, who.reference, np.asarray(template / np.linalg.norm(template), np.float32))


def _worn(people: Sequence[tuple[Person, FlatAdapter, int]], trigger: str, *, in_parts: bool) -> tuple[Worn, ...]:
    regions = [Region(*edges, f"a photo of {trigger}, {PROMPT}") if in_parts else None for edges in (LEFT, RIGHT)]
    return tuple(
        Worn(f"person {k}", flat, person.reference, region=region)
        for (person, flat, k), region in zip(people, regions, strict=True)
    )


def _draw(engine: StepEngine, worn: tuple[Worn, ...], prompt: str, size: tuple[int, int], *, seed: int) -> list[RgbU8]:
    picture = RenderRequest(prompt, seed=1000 + TAKES * seed, count=TAKES)
    ticket = engine.submit(EngineRequest(picture, worn, height_px=size[0], width_px=size[1]))
    while engine.turn():
        pass
    return [upscale(made, SHOWN_PX) for made in ticket.result(0)]


def _framed(picture: RgbU8) -> RgbU8:
    """A square in the middle of as wide a frame as a picture of two has."""
    side = (2 * SHOWN_PX - picture.shape[1]) // 2
    return np.pad(picture, ((0, 0), (side, side), (0, 0)), constant_values=255)


def _seen(picture: RgbU8, pair: tuple[Person, Person], faces: OpenCvFaceEngine) -> Seen:
    own, other = [], []
    found = faces.detect(picture)
    for face in found:
        mine = int(face.landmarks[:, 0].mean() >= picture.shape[1] / 2)
        embedding = faces.embed(picture, face)
        own.append(similarity(embedding, pair[mine].template))
        other.append(similarity(embedding, pair[1 - mine].template))
    return Seen(len(found), own, other)


def _alone(picture: RgbU8, person: Person, faces: OpenCvFaceEngine) -> Seen:
    found = faces.detect(picture)
    return Seen(len(found), [similarity(faces.embed(picture, face), person.template) for face in found], [])


def _told(seen: list[Seen], people: int) -> Row:
    own, other = [s for each in seen for s in each.own], [s for each in seen for s in each.other]
    return {
        "pictures": len(seen),
        "all_seen": round(sum(each.faces == people for each in seen) / len(seen), 3),
        "faces": len(own),
        "own": _spread(own),
        "other": _spread(other) if other else None,
        "own_first": round(float(np.mean(np.greater(own, other))), 3) if other else None,
    }


def _spread(values: Sequence[float]) -> Row:
    low, middle, high = np.percentile(values, (10, 50, 90)) if values else (0.0, 0.0, 0.0)
    return {"p10": round(float(low), 2), "median": round(float(middle), 2), "p90": round(float(high), 2)}


def _service(people: Sequence[Person], digest: str, pairs: Sequence[tuple[int, int]], faces: OpenCvFaceEngine) -> Row:
    """As generation draws them, best of its batches; and whether everybody would be recognised, as safety asks."""
    floor = SafetySettings.model_fields["own_floor"].default
    renderer = EngineRenderer(renderer_settings(GenerationSettings()), faces)
    adapters = [opened(person.lora, person.reference.tobytes(), digest) for person in people]
    passed, likeness = [], []
    for number, (a, b) in enumerate([*pairs, *((b, a) for a, b in pairs)]):
        order = Order(number, None, None, None, Area(*LEFT))
        made = renderer.draw(
            Words(PROMPT, "", ("", "")),
            order,
            adapters[a],
            lambda _s, _n: None,
            beside=[Beside(adapters[b], Area(*RIGHT))],
        )
        picture = cv2.cvtColor(cv2.imdecode(np.frombuffer(made.png, np.uint8), 1), cv2.COLOR_BGR2RGB)
        seen = _seen(np.asarray(picture, np.uint8), (people[a], people[b]), faces)
        both = seen.faces == 2 and len(seen.own) == 2
        passed.append(both and min(seen.own) >= floor and all(o > t for o, t in zip(seen.own, seen.other, strict=True)))
        likeness.append(made.likeness or 0.0)
    renderer.close()
    return {"drawings": len(passed), "recognised": sum(passed), "floor": floor, "least_like": _spread(likeness)}


def goals(found: Row) -> list[Row]:
    """Of the way that the service draws."""
    parts, service = found["ways"]["in parts, each as large as a picture of one"], found["service"]
    share = service["recognised"] / service["drawings"]
    return [
        {
            "goal": "two people in a picture: faces more like their own person than like the other (pocket)",
            "target": f">= {OWN_SHARE:g}",
            "value": parts["own_first"],
            "spread": f"{parts['faces']} faces of {found['pairs']} pairs",
            "met": parts["own_first"] >= OWN_SHARE,
        },
        {
            "goal": "two people in a picture as the service draws it: both recognised at safety's floor (pocket)",
            "target": f">= {PASSED:g}",
            "value": round(share, 2),
            "spread": f"{service['recognised']} of {service['drawings']}",
            "met": share >= PASSED,
        },
    ]


def section(found: Row) -> str:
    """Markdown."""
    rows = "\n".join(
        f"| {way} | {row['pictures']} | {row['all_seen']:.0%} | {_words(row['own'])} | {_words(row['other'])} | {'' if row['own_first'] is None else format(row['own_first'], '.0%')} |"
        for way, row in found["ways"].items()
    )
    service = found["service"]
    return f"""## Two people in one picture

{found["pairs"]} pairs of {PEOPLE} people who do not exist, each beside the next, {found["takes"]} pictures a pair, on the embedded backbone. A face is compared (SFace)
with the mean of six photos of whose part it is in, and of the other; "alone" is the same people in pictures of their own.

| way | pictures | everybody seen | own, median (10 to 90 %) | other | own first |
|---|---|---|---|---|---|
{rows}

As the service draws them (a canvas on which each part is as large as a picture of one, best of up to twelve): in {service["recognised"]} of {service["drawings"]} both
faces were found, more like their own person, and at or above safety's `own_floor` ({service["floor"]:g}). The rest is refused, never published. The less like of the two:
{_words(service["least_like"])}, by the reference faces. Few people, and none of them exists: this shows the order of things and no rate.

In the picture a row is a pair, with its {found["takes"]} pictures: rows 1 to {found["pairs"]} are the first way, {found["pairs"] + 1} to {2 * found["pairs"]} (narrow) the second, {2 * found["pairs"] + 1} to {3 * found["pairs"]} the third.

![Pairs in the three ways, from above: as large as a picture of one each, the backbone's own square, no parts](engine-together.jpg)
"""


def _words(spread: Row | None) -> str:
    return "" if spread is None else f"{spread['median']} ({spread['p10']} to {spread['p90']})"
