"""`make bench-pocket`: adapters for people that training never saw, judged by two embedders and a classifier."""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from semblance.pocket import card, dataset, obedience, parallel, pictures, sittings, weights_dir
from semblance.pocket.copies import Copies, copies
from semblance.pocket.domains import DOMAINS
from semblance.pocket.drawing import PLAIN_PROMPTS, sheet
from semblance.pocket.judges import DlibJudge
from semblance.pocket.measures import Likeness, best_of, likeness
from semblance.pocket.obedience import WISHES
from semblance.pocket.recognition import FaceReader
from semblance.pocket.report import write_report
from semblance.pocket.settings import Recipe
from semblance.pocket.sittings import PAINTED_PROMPTS, TAKES, Bench, Sitting
from semblance.pocket.truths import HEADS, labelled
from semblance.synthetic_people import HELD_OUT_FROM

GALLERY_PEOPLE, CLASSIFIER_PEOPLE, DLIB_PHOTOS = 100, 3000, 4
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Gallery:
    """Photos of GALLERY_PEOPLE, none of which any adapter or condition saw: SFace and dlib embeddings, and whose."""

    sface: Floats
    sface_owner: NDArray[np.int64]
    dlib: Floats
    dlib_owner: NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """Embeddings of the plain pictures (people * prompts * takes, 128), and who was meant."""

    sface: Floats
    dlib: Floats
    meant: NDArray[np.int64]
    reference: Floats


def gallery(stored: pictures.Pictures, sat: list[Sitting], judge: DlibJudge) -> Gallery:
    """The kept photos of the sitters, and the photos of the other held-out people."""
    seeds = [s.sitter.seed for s in sat]
    strangers = np.flatnonzero((~np.isin(stored.person, seeds)) & stored.found)
    few = np.concatenate([strangers[stored.person[strangers] == p][:DLIB_PHOTOS] for p in np.unique(stored.person)])
    kept = np.concatenate([s.sitter.kept for s in sat])
    owner = np.repeat(seeds, [len(s.sitter.kept) for s in sat])
    pixels = np.concatenate([kept, stored.pixels[few]])
    return Gallery(
        np.concatenate([*(s.sitter.kept_embeddings for s in sat), stored.embeddings[strangers]]),
        np.concatenate([owner, stored.person[strangers]]),
        judge.embeddings(pixels, np.ones(len(pixels), bool)),
        np.concatenate([owner, stored.person[few]]),
    )


def look(sat: list[Sitting], made: list[NDArray[np.uint8]], reader: FaceReader, judge: DlibJudge | None) -> Drawn:
    """Embed what the sittings drew; without a judge the dlib rows stay zero."""
    pixels = np.concatenate(made)
    each = len(made[0])
    sface = reader.embeddings(pixels)
    found = np.abs(sface).sum(1) > 0
    dlib = np.zeros_like(sface) if judge is None else judge.embeddings(pixels, found)
    return Drawn(
        sface,
        dlib,
        np.repeat([s.sitter.seed for s in sat], each),
        np.repeat(np.stack([s.sitter.reference for s in sat]), each, 0),
    )


def judged(drawn: Drawn, people: Gallery) -> dict[str, dict[str, Likeness]]:
    """{"first", "best"} x {"sface", "dlib"}; best of the takes by SFace to the reference, as the service picks."""
    takes = {
        "first": np.arange(0, len(drawn.sface), TAKES),
        "best": best_of(drawn.sface, drawn.reference, TAKES),
    }
    out: dict[str, dict[str, Likeness]] = {}
    for name, rows in takes.items():
        out[name] = {"sface": likeness(drawn.sface[rows], drawn.meant[rows], people.sface, people.sface_owner)}
        if np.abs(drawn.dlib).sum():
            out[name]["dlib"] = likeness(drawn.dlib[rows], drawn.meant[rows], people.dlib, people.dlib_owner)
    return out


def prompts_obeyed(sat: list[Sitting], model: obedience.Classifier) -> dict[str, list[float]]:
    """For each group the share of right pictures, one number a person. Who wears glasses anyway is not asked to."""
    first = obedience.answer(model, np.stack([s.sitter.photos[0] for s in sat]))["glasses"]
    wears = first == HEADS["glasses"].index("yes")
    found: dict[str, list[float]] = {}
    for k, sitting in enumerate(sat):
        right: dict[str, list[bool]] = {}
        for wish, picture in zip(WISHES, sitting.wished, strict=True):
            if wish.group == "glasses" and wears[k]:
                continue
            right.setdefault(wish.group, []).append(bool(obedience.obeyed(model, picture[None], wish)[0]))
        for group, answers in right.items():
            found.setdefault(group, []).append(float(np.mean(answers)))
    return found


def painted_found(sat: list[Sitting], reader: FaceReader) -> float:
    """Share of painted pictures in which YuNet sees a face."""
    rows = [k for k, wish in enumerate(WISHES) if wish.prompt in PAINTED_PROMPTS]
    made = np.concatenate([s.wished[rows] for s in sat])
    return float((np.abs(reader.embeddings(made)).sum(1) > 0).mean())


def domain_rank1(bench: Bench, people: Gallery, reader: FaceReader) -> dict[str, dict[str, float]]:
    """For each domain rank-1 of the people tried on it, of the same people with their own photos, and of the changed
    photos themselves: what SFace still makes out is all that the embedding can pass on."""
    out = {}
    for name in DOMAINS:
        seeds = [HELD_OUT_FROM + k for k in range(bench.domain_people)]
        value = {}
        for label, domain in (("own photos", ""), ("changed", name)):
            sat = [sittings.load(bench.path(seed, domain)) for seed in seeds]
            best = judged(look(sat, [s.plain for s in sat], reader, None), people)["best"]["sface"]
            value[label] = best.rank1
            value[label + ", share"] = best.share
            photos = np.concatenate([s.sitter.photos for s in sat])
            owner = np.repeat(seeds, [len(s.sitter.photos) for s in sat])
            value[label + ", photos"] = likeness(
                reader.embeddings(photos), owner, people.sface, people.sface_owner
            ).rank1
        out[name] = value
    return out


def measure(bench: Bench, processes: int) -> dict[str, Any]:
    """Sit everybody who has not sat yet, then judge. Returns what the report says."""
    parallel.launch(sittings.run, processes, bench)
    torch.set_num_threads(1)
    reader, judge = FaceReader(), DlibJudge()
    sat = [sittings.load(bench.path(seed, "")) for seed, domain in bench.tasks() if not domain]
    stored = pictures.load_folder(bench.workspace / "held-out")
    people = gallery(stored, sat, judge)
    model, right = classifier(bench.workspace)
    adapter = judged(look(sat, [s.plain for s in sat], reader, judge), people)
    bare = judged(look(sat, [s.bare for s in sat], reader, judge), people)
    obeys = prompts_obeyed(sat, model)
    return {
        "people": len(sat),
        "gallery_people": len(np.unique(people.sface_owner)),
        "pictures": len(sat) * len(PLAIN_PROMPTS),
        "adapter": _plain(adapter),
        "embedding alone": _plain(bare),
        "painted": {"found": painted_found(sat, reader), "pictures": len(sat) * len(PAINTED_PROMPTS)},
        "obedience": {group: [round(v, 3) for v in values] for group, values in obeys.items()},
        "classifier": right,
        "own_by_person": {"adapter": own_by_person(sat, reader, "plain"), "alone": own_by_person(sat, reader, "bare")},
        "copies": asdict(diversity(sat)),
        "domains": domain_rank1(bench, people, reader) if bench.domain_people else {},
        "domain_people": bench.domain_people,
        "training_cpu_s": [round(s.training_cpu_s, 1) for s in sat],
        "training_wall_s": [round(s.training_wall_s, 1) for s in sat],
        "picture_cpu_s": [round(s.picture_cpu_s, 2) for s in sat],
        "peak_gib": round(max(s.peak_bytes for s in sat) / 2**30, 2),
    }


def own_by_person(sat: list[Sitting], reader: FaceReader, drawn: str) -> list[float]:
    """Ascending, one a person: mean cosine of every take with the kept photos; a take without a face counts as 0.
    What the training service's likeness_floor is set from."""
    means = [float((reader.embeddings(getattr(s, drawn)) @ s.sitter.kept_embeddings.T).mean()) for s in sat]
    return sorted(round(mean, 3) for mean in means)


def diversity(sat: list[Sitting]) -> Copies:
    """How near the drawn pictures are to the photos that were learnt, against the person's other photos."""
    return copies([(s.sitter.photos, s.sitter.kept, s.plain[::TAKES]) for s in sat])


def classifier(workspace: Path) -> tuple[obedience.Classifier, dict[str, float]]:
    """Trained once a workspace; renders its people first if they are not there. The last of the training people: their
    glasses come and go and a third of their pictures are painted, so it meets enough of what is rare."""
    path = workspace / "classifier.pt"
    kept = obedience.load(path)
    if kept is not None:
        return kept
    recipe = Recipe()
    people = range(max(0, recipe.data.people - CLASSIFIER_PEOPLE), recipe.data.people)
    dataset.render_people(workspace / "train", people, recipe, dataset.Share())
    model, right = obedience.train_classifier(labelled(workspace / "train", recipe, people))
    obedience.save(path, model, right)
    return model, right


def contact_sheet(sat: list[Sitting], rows: int) -> NDArray[np.uint8]:
    """A person a row: three of the photos learnt from, the plain prompts, then some styles and places."""
    shown = [0, 1, 4, 9, 11, 12, 13]
    reader = FaceReader()
    made = []
    for s in sat[:rows]:
        best = best_of(reader.embeddings(s.plain), np.repeat(s.sitter.reference[None], len(s.plain), 0), TAKES)
        made.append(np.concatenate([s.sitter.photos[:3], s.plain[best], s.wished[shown]]))
    return sheet(made)


def _plain(found: dict[str, dict[str, Likeness]]) -> dict[str, Any]:
    return {
        take: {judge: {k: round(v, 4) for k, v in asdict(value).items()} for judge, value in judges.items()}
        for take, judges in found.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=Path(".cache/pocket"))
    parser.add_argument("--weights", type=Path, default=weights_dir())
    parser.add_argument("--name", default="bench", help="folder of the sittings in the workspace")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--domain-people", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--change", type=json.loads, default={}, help="JSON of LoRA settings to change")
    parser.add_argument("--report", type=Path, help="folder to write pocket.md, pocket.json and the sheet into")
    parser.add_argument("--card", action="store_true", help="renew the figures in the weights' model card")
    options = parser.parse_args(arguments)
    dataset.render_held_out_people(options.workspace, Recipe(), GALLERY_PEOPLE, dataset.Share())
    bench = Bench(
        options.workspace,
        options.weights,
        options.workspace / options.name,
        options.people,
        options.domain_people,
        options.change,
    )
    found = measure(bench, options.processes)
    folder = options.report or bench.folder
    folder.mkdir(parents=True, exist_ok=True)
    sat = [sittings.load(bench.path(seed, "")) for seed, domain in bench.tasks() if not domain]
    cv2.imwrite(str(folder / "pocket-people.jpg"), contact_sheet(sat, 10)[:, :, ::-1])
    content = write_report(folder, found)
    if options.card:
        card.write(options.weights, content)
    print(json.dumps(content["goals"], indent=2))


if __name__ == "__main__":
    main()
