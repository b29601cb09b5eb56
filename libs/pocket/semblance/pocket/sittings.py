"""One sitting: a held-out person's photos, the adapter learnt from them, and the pictures drawn with it. Stored in one
file a sitting, so that a long measurement can be killed and run again, and shared among processes."""

import json
import os
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    Backbone,
    LoraSettings,
    RenderRequest,
    at_best_strength,
    load_backbone,
    lora_settings,
    render,
    train_lora,
    training_picture,
)
from semblance.pocket.dataset import render_person
from semblance.pocket.domains import DOMAINS
from semblance.pocket.drawing import PLAIN_PROMPTS
from semblance.pocket.obedience import WISHES
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import Recipe
from semblance.synthetic_people import HELD_OUT_FROM

PAINTED_PROMPTS = tuple(w.prompt for w in WISHES if w.group == "style" and w.word != "black and white photo")
LEARNT, KEPT, TAKES = 8, 6, 4
Photos = NDArray[np.uint8]


@dataclass(frozen=True)
class Sitter:
    """photos (8, 64, 64, 3) to learn from, reference (128,) their mean embedding; kept (6, 64, 64, 3) to judge by."""

    seed: int
    photos: Photos
    reference: NDArray[np.float32]
    kept: Photos
    kept_embeddings: NDArray[np.float32]


@dataclass(frozen=True)
class Sitting:
    """What one adapter drew. plain (prompts * takes), wished (one a wish), bare: plain prompts without an adapter."""

    sitter: Sitter
    plain: Photos
    wished: Photos
    bare: Photos
    training_cpu_s: float
    training_wall_s: float
    picture_cpu_s: float
    peak_bytes: int


@dataclass(frozen=True)
class Bench:
    """Where files lie and what is asked: changes are fields of LoraSettings; domains, the people each is tried on."""

    workspace: Path
    weights: Path
    folder: Path
    people: int
    domain_people: int
    changes: dict[str, Any]

    def tasks(self) -> list[tuple[int, str]]:
        """(seed, domain) of every sitting; "" is the person's own photos."""
        plain = [(HELD_OUT_FROM + k, "") for k in range(self.people)]
        return plain + [(HELD_OUT_FROM + k, name) for name in DOMAINS for k in range(self.domain_people)]

    def path(self, seed: int, domain: str) -> Path:
        """The sitting's file."""
        return self.folder / f"{seed}{'-' + domain.replace(' ', '-') if domain else ''}.npz"


def take_sitter(seed: int, recipe: Recipe, reader: FaceReader, domain: str = "") -> Sitter:
    """Photograph a person anew; in a domain the photos to learn from are changed, those to judge by are not.
    Raises ValueError when the detector finds a face in none of the changed photos."""
    data = replace(recipe.data, pictures_per_person=LEARNT + KEPT, photo_share=1.0)
    taken = render_person(seed, replace(recipe, data=data), reader)
    photos, embeddings = taken.pixels[:LEARNT], taken.embeddings[:LEARNT]
    if domain:
        photos = DOMAINS[domain](photos)
        embeddings = reader.embeddings(photos)
        embeddings = embeddings[np.abs(embeddings).sum(1) > 0]
    if not len(embeddings):
        raise ValueError(f"no face is found in any {domain} photo of person {seed}")
    mean = embeddings.mean(0)
    reference = np.asarray(mean / np.linalg.norm(mean), np.float32)
    return Sitter(seed, photos, reference, taken.pixels[LEARNT:], taken.embeddings[LEARNT:])


def draw_plain(backbone: Backbone, who: Sitter, lora: bytes | None, prompts: tuple[str, ...]) -> Photos:
    """(prompts * takes, 64, 64, 3), with the adapter or with the embedding alone."""
    subject = backbone.config.trigger if lora else "a person"
    made = []
    for k, prompt in enumerate(prompts):
        request = RenderRequest(prompt.replace("a person", subject), seed=who.seed + k, count=TAKES)
        made.append(np.stack(render(backbone, request, Adapter(lora, who.reference))))
    return np.concatenate(made)


def learn(backbone: Backbone, who: Sitter, settings: LoraSettings, reader: FaceReader) -> bytes:
    """The adapter, as the training service makes it."""
    learnt = [training_picture(photo, backbone.config) for photo in who.photos]
    lora = train_lora(backbone, learnt, settings, reference=who.reference, progress=_ignore, cancelled=lambda: False)

    def alike(pictures: Sequence[Photos]) -> float:
        return float((reader.embeddings(np.stack(pictures)) @ who.reference).mean())

    best = at_best_strength(backbone, Adapter(lora, who.reference), settings.strengths, alike).lora
    assert best is not None
    return best


def sit(bench: Bench, backbone: Backbone, reader: FaceReader, seed: int, domain: str) -> Sitting:
    """Learn and draw. In a domain only the plain prompts are drawn: only likeness is asked there."""
    who = take_sitter(seed, Recipe(), reader, domain)
    settings = lora_settings(backbone.config.lora, **bench.changes)
    cpu, wall = time.process_time(), time.monotonic()
    lora = learn(backbone, who, settings, reader)
    trained_cpu, trained_wall = time.process_time() - cpu, time.monotonic() - wall
    cpu = time.process_time()
    plain = draw_plain(backbone, who, lora, PLAIN_PROMPTS)
    drawn_cpu = (time.process_time() - cpu) / len(PLAIN_PROMPTS)
    wished, bare = np.zeros((0, 64, 64, 3), np.uint8), np.zeros((0, 64, 64, 3), np.uint8)
    if not domain:
        own = Adapter(lora, who.reference)
        texts = [wish.prompt.format(backbone.config.trigger) for wish in WISHES]
        wished = np.stack([render(backbone, RenderRequest(t, seed=seed + 50 + k), own)[0] for k, t in enumerate(texts)])
        bare = draw_plain(backbone, who, None, PLAIN_PROMPTS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Sitting(who, plain, wished, bare, trained_cpu, trained_wall, drawn_cpu, peak)


def run(rank: int, processes: int, bench: Bench) -> None:
    """Every sitting of this process's share that is not there yet."""
    torch.set_num_threads(1)
    bench.folder.mkdir(parents=True, exist_ok=True)
    backbone, reader = load_backbone(bench.weights), FaceReader()
    for seed, domain in bench.tasks()[rank::processes]:
        path = bench.path(seed, domain)
        if not path.exists():
            save(path, sit(bench, backbone, reader, seed, domain), bench.changes)


def save(path: Path, sitting: Sitting, changes: dict[str, Any]) -> None:
    """Write so that a reader never sees half of it."""
    flat = {k: v for k, v in asdict(sitting).items() if k != "sitter"} | asdict(sitting.sitter)
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, changes=np.array(json.dumps(changes)), **flat)
    os.replace(temporary, path)


def load(path: Path) -> Sitting:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as s:
        who = Sitter(int(s["seed"]), s["photos"], s["reference"], s["kept"], s["kept_embeddings"])
        return Sitting(
            who,
            s["plain"],
            s["wished"],
            s["bare"],
            float(s["training_cpu_s"]),
            float(s["training_wall_s"]),
            float(s["picture_cpu_s"]),
            int(s["peak_bytes"]),
        )


def _ignore(_done: int, _of: int) -> None:
    """Nobody watches the progress here."""
