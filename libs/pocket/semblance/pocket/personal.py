"""`python -m semblance.pocket.personal`: how much an adapter adds to the likeness of people training never saw."""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    Backbone,
    LoraSettings,
    RenderRequest,
    TrainingPicture,
    load_backbone,
    lora_settings,
    render,
    train_lora,
)
from semblance.pocket import pictures, weights_dir
from semblance.pocket.dataset import render_person
from semblance.pocket.drawing import PLAIN_PROMPTS, sheet
from semblance.pocket.measures import Likeness, best_of, likeness
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import Recipe
from semblance.synthetic_people import HELD_OUT_FROM

_LEARNT, _KEPT, _TAKES = 8, 6, 4


@dataclass(frozen=True)
class Sitter:
    """Photos to learn from (8, 64, 64, 3) and their mean embedding (128,); kept (6, 128): photos to judge by."""

    seed: int
    photos: NDArray[np.uint8]
    reference: NDArray[np.float32]
    kept: NDArray[np.float32]


def sitter(seed: int, recipe: Recipe, reader: FaceReader) -> Sitter:
    """Photograph a person anew: 8 photos to learn from and 6 to judge by."""
    data = replace(recipe.data, pictures_per_person=_LEARNT + _KEPT, photo_share=1.0)
    taken = render_person(seed, replace(recipe, data=data), reader)
    mean = taken.embeddings[:_LEARNT].mean(0)
    reference = np.asarray(mean / np.linalg.norm(mean), np.float32)
    return Sitter(seed, taken.pixels[:_LEARNT], reference, taken.embeddings[_LEARNT:])


def draw_sitter(backbone: Backbone, who: Sitter, lora: bytes | None) -> NDArray[np.uint8]:
    """(prompts * takes, 64, 64, 3) of the plain prompts, with the adapter or with the embedding alone."""
    subject = backbone.config.trigger if lora else "a person"
    made = []
    for k, prompt in enumerate(PLAIN_PROMPTS):
        request = RenderRequest(prompt.replace("a person", subject), seed=who.seed + k, count=_TAKES)
        made.append(np.stack(render(backbone, request, Adapter(lora, who.reference))))
    return np.concatenate(made)


def measure(
    workspace: Path, folder: Path, people: int, changes: dict[str, Any], steps: int | None
) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """(results for embedding alone and with adapter, contact sheet)."""
    torch.set_num_threads(1)
    recipe, reader = Recipe(), FaceReader()
    backbone = load_backbone(folder)
    settings: LoraSettings = lora_settings(backbone.config.lora, **changes)
    if steps is not None:
        settings = replace(settings, steps=steps)
    sitters = [sitter(HELD_OUT_FROM + k, recipe, reader) for k in range(people)]
    drawn: dict[str, list[NDArray[np.uint8]]] = {"embedding": [], "adapter": []}
    seconds = []
    for who in sitters:
        started = time.process_time()
        learnt = [TrainingPicture(photo, backbone.config.caption) for photo in who.photos]
        lora = train_lora(
            backbone, learnt, settings, reference=who.reference, progress=_ignore, cancelled=lambda: False
        )
        seconds.append(time.process_time() - started)
        drawn["embedding"].append(draw_sitter(backbone, who, None))
        drawn["adapter"].append(draw_sitter(backbone, who, lora))
    results: dict[str, Any] = {"settings": asdict(settings), "training_cpu_s": [round(s, 1) for s in seconds]}
    for name, made in drawn.items():
        single, best = _judge(np.concatenate(made), sitters, workspace, reader)
        results[name] = {"first_take": asdict(single), "best_of_4": asdict(best)}
    rows = [
        np.concatenate([who.photos[:2], plain[::_TAKES], own[::_TAKES]])
        for who, plain, own in zip(sitters, drawn["embedding"], drawn["adapter"], strict=True)
    ]
    return results, sheet(rows)


def _judge(
    made: NDArray[np.uint8], sitters: list[Sitter], workspace: Path, reader: FaceReader
) -> tuple[Likeness, Likeness]:
    """Against the kept photos of the sitters and the photos of all other held-out people."""
    stored = pictures.load_folder(workspace / "held-out")
    strangers = (~np.isin(stored.person, [s.seed for s in sitters])) & stored.found
    gallery = np.concatenate([*(s.kept for s in sitters), stored.embeddings[strangers]])
    owner = np.concatenate([*(np.full(len(s.kept), s.seed) for s in sitters), stored.person[strangers]])
    per_sitter = len(made) // len(sitters)
    meant = np.repeat([s.seed for s in sitters], per_sitter)
    reference = np.repeat([s.reference for s in sitters], per_sitter, 0)
    embeddings = reader.embeddings(made)
    first, best = np.arange(0, len(made), _TAKES), best_of(embeddings, reference, _TAKES)
    return (
        likeness(embeddings[first], meant[first], gallery, owner),
        likeness(embeddings[best], meant[best], gallery, owner),
    )


def _ignore(_done: int, _of: int) -> None:
    """Nobody watches the progress here."""


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=Path(".cache/pocket"))
    parser.add_argument("--weights", type=Path, default=weights_dir())
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--steps", type=int, help="instead of what semblance.json says")
    parser.add_argument("--change", type=json.loads, default={}, help="JSON of LoRA settings to change")
    options = parser.parse_args(arguments)
    results, picture = measure(options.workspace, options.weights, options.people, options.change, options.steps)
    cv2.imwrite(str(options.workspace / "adapters.png"), picture[:, :, ::-1])
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
