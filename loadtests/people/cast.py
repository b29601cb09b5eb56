"""Faces in advance: `python -m loadtests.people.cast --faces 8`. The four bundled people come first; the others are
drawn into .cache/loadtest, about three quarters of a minute each on one core, once.

An account needs no face. A consent needs one that no other account has: the platform holds a second enrolment of a face
back for review. So the journeys that opt in need as many distinct faces as are walked at once, a few dozen at most, and
the thousands who browse have none. A photo that is sent again is a duplicate, and the platform says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from semblance.synthetic_people import bundled
from semblance.synthetic_people.build_bundled import SEED, jpeg, row
from semblance.synthetic_people.captions import caption
from semblance.synthetic_people.capture import ACTIONS
from semblance.synthetic_people.glow import film
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import HELD_OUT_FROM, Person, person

CACHE = Path(".cache/loadtest")
PHOTOS, SIZE_PX = 24, 384
# Far from the seeds that tests and benchmarks use, so that no run depends on another's people.
_FIRST = HELD_OUT_FROM + 500_000


def cast(faces: int, root: Path = CACHE) -> list[str]:
    """Names of `faces` people with photos and a film; whoever is missing is drawn."""
    names = list(bundled.people())[:faces]
    more = [f"drawn-{number:03d}" for number in range(faces - len(names))]
    known = set(bundled.people(root)) if (root / "people.json").exists() else set()
    missing = [name for name in more if name not in known]
    for name in missing:
        print(f"drawing {name}: {PHOTOS} photos and a film", file=sys.stderr, flush=True)
        _add(_drawn(name, root), root)
    if missing:
        bundled.people.cache_clear()
    return [*names, *more]


def photos(face: str, root: Path = CACHE) -> list[Path]:
    """Portraits of somebody."""
    of = bundled.HERE if face in bundled.people() else root
    return [photo.path.resolve() for photo in bundled.person_photos(face, ("portrait",), of)]


def _drawn(name: str, root: Path) -> dict[str, Any]:
    """The row of people.json, its files written."""
    who = person(_FIRST + int(name.rpartition("-")[2]))
    return {
        "name": name,
        "seed": who.seed,
        "photos": _photos(who, name, root),
        "challenge": list(ACTIONS),
        "frames": _film(who, name, root),
    }


def _photos(who: Person, name: str, root: Path) -> list[dict[str, Any]]:
    folder = root / "photos" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, shot in enumerate(photo_library(who, PHOTOS, SEED, SIZE_PX), 1):
        file = f"photos/{name}/{number:02d}.jpg"
        (root / file).write_bytes(jpeg(shot.picture.pixels, 88))
        text = caption(who, shot.scene, np.random.default_rng(number))
        rows.append(row(file, "portrait", "", text, (shot.picture.truth,)))
    return rows


def _film(who: Person, name: str, root: Path) -> list[dict[str, Any]]:
    for folder in ("capture", "glow"):
        (root / folder / name).mkdir(parents=True, exist_ok=True)
    rows = []
    for number, moment in enumerate(film(who, SEED)):
        if moment.dark.action == "hold":
            continue
        file = f"capture/{name}/{number:02d}.jpg"
        (root / file).write_bytes(jpeg(moment.dark.pixels, 86))
        (root / "glow" / name / f"{number:02d}.jpg").write_bytes(jpeg(moment.white, 86))
        truth = asdict(moment.dark.truth)
        rows.append({"file": file, "at_ms": moment.dark.at_ms, "action": moment.dark.action, "truth": truth})
    return rows


def _add(made: dict[str, Any], root: Path) -> None:
    """Into people.json, at once: who was drawn stays drawn when the next one is interrupted."""
    path = root / "people.json"
    found = json.loads(path.read_text())["people"] if path.exists() else []
    found = [each for each in found if each["name"] != made["name"]] + [made]
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"held_out_from": HELD_OUT_FROM, "people": found}))
    fresh.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw and say who there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=8)
    arguments = parser.parse_args(argv)
    for name in cast(arguments.faces):
        print(f"{name}: {len(photos(name))} photos")
    return 0


if __name__ == "__main__":
    sys.exit(main())
