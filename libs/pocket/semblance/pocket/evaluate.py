"""`python -m semblance.pocket.evaluate`: a quick look at a backbone on people it never saw, by the embedding alone.

Minutes, not half an hour: for the middle of a training and for choosing the sampler. bench.py makes the report."""

import argparse
import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from semblance.pocket import pictures, weights_dir
from semblance.pocket.drawing import PLAIN_PROMPTS, Order, draw, sheet
from semblance.pocket.export import load_pipeline
from semblance.pocket.measures import Likeness, best_of, likeness
from semblance.pocket.pictures import Pictures
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import Recipe, SamplerSettings


@dataclass(frozen=True)
class HeldOut:
    """references (P, 128): mean embedding of the photos that condition; the gallery has others of the same people."""

    people: NDArray[np.int64]
    references: NDArray[np.float32]
    gallery: NDArray[np.float32]
    owner: NDArray[np.int64]
    examples: NDArray[np.uint8]
    """(P, 64, 64, 3) one of the conditioning photos."""


def split(stored: Pictures, references: int = 3) -> HeldOut:
    """The first photos of a person condition, the rest form the gallery. People with too few photos are left out."""
    people, means, gallery, owner, examples = [], [], [], [], []
    for who in np.unique(stored.person):
        rows = np.flatnonzero((stored.person == who) & stored.found & stored.is_photo)
        if len(rows) <= references:
            continue
        mean = stored.embeddings[rows[:references]].mean(0)
        people.append(int(who))
        means.append(mean / np.linalg.norm(mean))
        examples.append(stored.pixels[rows[0]])
        gallery.append(stored.embeddings[rows[references:]])
        owner += [int(who)] * (len(rows) - references)
    return HeldOut(
        np.array(people), np.array(means, np.float32), np.concatenate(gallery), np.array(owner), np.stack(examples)
    )


def generate(pipeline: Any, held: HeldOut, people: int, sampler: SamplerSettings, takes: int = 1) -> NDArray[np.uint8]:
    """(people * prompts * takes, 64, 64, 3): for each person each plain prompt, `takes` times."""
    made = []
    for k in range(people):
        for p, prompt in enumerate(PLAIN_PROMPTS):
            made.append(draw(pipeline, Order(prompt, held.references[k], takes, seed=k * 100 + p), sampler))
    return np.concatenate(made)


def measure(
    pipeline: Any, held: HeldOut, people: int, sampler: SamplerSettings, takes: int = 4
) -> tuple[Likeness, Likeness, NDArray[np.uint8]]:
    """(first take, best of `takes` by SFace to the references, the first takes)."""
    reader = FaceReader()
    made = generate(pipeline, held, people, sampler, takes)
    embeddings = reader.embeddings(made)
    meant = np.repeat(held.people[:people], len(PLAIN_PROMPTS) * takes)
    reference = np.repeat(held.references[:people], len(PLAIN_PROMPTS) * takes, 0)
    first = np.arange(0, len(made), takes)
    best = best_of(embeddings, reference, takes)
    single = likeness(embeddings[first], meant[first], held.gallery, held.owner)
    chosen = likeness(embeddings[best], meant[best], held.gallery, held.owner)
    return single, chosen, made[first]


def look(workspace: Path, folder: Path, people: int, changes: dict[str, Any], takes: int) -> dict[str, Any]:
    """Likeness of the first take and of the best, CPU-seconds a picture; writes likeness.png into the workspace."""
    torch.set_num_threads(1)
    described = json.loads((folder / "semblance.json").read_text())["sampler"]
    sampler = dataclasses.replace(Recipe().sampler, **(described | changes))
    pipeline = load_pipeline(folder)
    held = split(pictures.load_folder(workspace / "held-out"))
    started = time.process_time()
    single, best, made = measure(pipeline, held, people, sampler, takes)
    seconds = (time.process_time() - started) / (people * len(PLAIN_PROMPTS) * takes)
    rows = made.reshape(people, len(PLAIN_PROMPTS), *made.shape[1:])
    shown = [np.concatenate([held.examples[k : k + 1], rows[k]]) for k in range(min(people, 10))]
    cv2.imwrite(str(workspace / "likeness.png"), sheet(shown)[:, :, ::-1])
    return {"first": dataclasses.asdict(single), "best": dataclasses.asdict(best), "cpu_s_a_take": round(seconds, 3)}


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=Path(".cache/pocket"))
    parser.add_argument("--weights", type=Path, default=weights_dir())
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--change", type=json.loads, default={}, help="JSON of sampler settings to change")
    options = parser.parse_args(arguments)
    found = look(options.workspace, options.weights, options.people, options.change, options.takes)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
