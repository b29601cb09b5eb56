"""Renders people who do not exist, cuts their faces to the framing and stores them in chunks that can be resumed."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semblance.pocket import pictures, tokenizer
from semblance.pocket.framing import Points, align, random_jitter
from semblance.pocket.latents import fit
from semblance.pocket.pictures import Pictures
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import DataSettings, Recipe
from semblance.synthetic_people import (
    HELD_OUT_FROM,
    STYLE_ODDS,
    STYLES,
    Person,
    Scene,
    caption,
    draw_glasses,
    person,
    render,
    scene,
    without_glasses,
)

# "young woman", "old man": what a caption calls the person; replaced in some captions, see DataSettings.
_SUBJECT = re.compile(r"\b(an? )?((young|middle-aged|old|elderly) )?(woman|man)\b")


def neutral(text: str) -> str:
    """The caption with `a person` for the man or woman."""
    return _SUBJECT.sub(lambda m: ("a " if m.group(1) else "") + "person", text, count=1)


def render_person(seed: int, recipe: Recipe, reader: FaceReader) -> Pictures:
    """All training pictures of one person; turns away too far and unreadable photos are left out."""
    settings = recipe.data
    who = person(seed)
    rng = np.random.default_rng((recipe.seed, seed))
    pixels, embeddings, is_photo, captions = [], [], [], []
    for k in range(settings.pictures_per_person):
        shot = shot_of(who, k, rng, settings)
        picture = render(shot.who, shot.scene, settings.master_px)
        reading = reader.read(picture.pixels) if shot.photo else None
        if shot.photo and reading is None:
            continue
        # Photos are framed by the detector, as users' photos will be; painted styles, which it may miss, by the truth.
        landmarks = np.asarray(picture.truth.landmarks_px, np.float32) if reading is None else reading.landmarks
        jitter, told = told_of(shot, rng, settings)
        pixels.append(align(picture.pixels, landmarks, recipe.model.resolution_px, jitter))
        is_photo.append(shot.photo)
        embeddings.append(np.zeros(128, np.float32) if reading is None else reading.embedding)
        captions.append(told)
    return Pictures(
        np.stack(pixels), np.stack(embeddings), np.full(len(pixels), seed), np.array(is_photo), tuple(captions)
    )


@dataclass(frozen=True)
class Shot:
    """One picture to take. who: the person as they are in it; swapped: with glasses put on or taken off for it."""

    photo: bool
    who: Person
    scene: Scene
    swapped: bool = False


def shot_of(who: Person, k: int, rng: np.random.Generator, settings: DataSettings) -> Shot:
    """A person's k-th picture. Varied people wear glasses in some pictures only, else glasses are a trait of the face
    to the model, which no prompt changes; and all that is no photo is painted."""
    varied = settings.varied_from <= who.seed < HELD_OUT_FROM
    share = settings.varied_photo_share if varied else settings.photo_share
    photo = bool(rng.random() < share) or k < 2
    yaw = float(np.clip(rng.normal(0, 15), -settings.max_yaw_deg, settings.max_yaw_deg))
    overrides: dict[str, str | float] = {"style": "photo", "yaw_deg": yaw} if photo else {"yaw_deg": yaw}
    if not varied:
        return Shot(photo, who, scene(who, who.seed * 100 + k, **overrides))
    if not photo:
        odds = np.array(STYLE_ODDS[1:]) / sum(STYLE_ODDS[1:])
        overrides["style"] = str(rng.choice(STYLES[1:], p=odds))
    swapped = bool(rng.random() < settings.swapped_glasses_share)
    if swapped:
        who = without_glasses(who) if who.glasses else replace(who, glasses=draw_glasses(rng))
    return Shot(photo, who, scene(who, who.seed * 100 + k, **overrides), swapped)


def told_of(shot: Shot, rng: np.random.Generator, settings: DataSettings) -> tuple[Points, tuple[str, ...]]:
    """(jitter of the framing, captions) of a picture that is kept: drawn after the scene, in this order."""
    jitter = random_jitter(rng)
    return jitter, tuple(_describe(shot, rng, settings) for _ in range(settings.captions_per_picture))


def _describe(shot: Shot, rng: np.random.Generator, settings: DataSettings) -> str:
    """One caption: full or with phrases left out, of a man or woman or, in some, of a person."""
    detail = float(rng.choice([1.0, 0.75, 0.5]))
    if rng.random() >= settings.neutral_subject_share:
        text = caption(shot.who, shot.scene, rng, detail=detail)
    elif rng.random() < 0.5:  # as `sks person` will be told: without hair and age, which the identity must carry
        text = caption(shot.who, shot.scene, rng, subject="person", detail=detail)
    else:
        text = neutral(caption(shot.who, shot.scene, rng, detail=detail))
    if shot.swapped and "glasses" not in text:  # against the person's other photos: only the words can tell
        text += ", wearing glasses" if shot.who.glasses else ", without glasses"
    return text


@dataclass(frozen=True)
class Share:
    """Which of `parts` equal shares of the chunks one process renders."""

    part: int = 0
    parts: int = 1


def render_people(folder: Path, seeds: range, recipe: Recipe, share: Share) -> None:
    """Store people in chunks; chunks that exist are kept, so the stage can be killed and run again."""
    folder.mkdir(parents=True, exist_ok=True)
    reader = FaceReader()
    size = recipe.data.people_per_chunk
    for chunk, start in enumerate(range(0, len(seeds), size)):
        some = seeds[start : start + size]
        path = folder / f"people-{some[0]:07d}.npz"
        if chunk % share.parts != share.part or path.exists():
            continue
        digest = pictures.save(path, pictures.join([render_person(s, recipe, reader) for s in some]))
        with (folder / f"manifest-{share.part}.jsonl").open("a") as stream:
            stream.write(json.dumps({"file": path.name, "first_seed": some[0], "pixels_sha256": digest}) + "\n")


def render_training_people(workspace: Path, recipe: Recipe, share: Share) -> None:
    """The training set. Raises ValueError if it would reach the seeds of held-out people."""
    if recipe.data.people > HELD_OUT_FROM:
        raise ValueError("training people would reach the held-out seeds")
    render_people(workspace / "train", range(recipe.data.people), recipe, share)


def render_held_out_people(workspace: Path, recipe: Recipe, people: int, share: Share) -> None:
    """People for evaluation only, in photos only."""
    data = replace(recipe.data, pictures_per_person=8, photo_share=1.0)
    seeds = range(HELD_OUT_FROM, HELD_OUT_FROM + people)
    render_people(workspace / "held-out", seeds, replace(recipe, data=data), share)


def prepare(workspace: Path, recipe: Recipe) -> None:
    """Fit the patch transform and learn the tokenizer on what has been rendered so far; writes both once."""
    stored = pictures.load_folder(workspace / "train")
    sample = np.random.default_rng(recipe.seed).permutation(len(stored))[:4000]
    m = recipe.model
    fit(stored.pixels[sample], m.patch_px, m.latent_channels, m.whitening).save(workspace / "latents.npz")
    texts = [c for row in stored.captions for c in row] + ["a photo of sks person"] * 50
    tokenizer.write(workspace / "tokenizer", texts, m.merges)
