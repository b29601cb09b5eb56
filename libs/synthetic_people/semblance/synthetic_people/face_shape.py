"""Where a head's vertices are: macro shape (sex, ancestry, age, weight) plus about a hundred independent sliders."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from semblance.synthetic_people.assets import Floats, load

if TYPE_CHECKING:
    from semblance.synthetic_people.people import Person

Slider = tuple[str, float]
"""A target's name and its weight, 0-1."""

SIGMA = {
    "head": 0.2,
    "forehead": 0.18,
    "eyebrows": 0.55,
    "eyes": 0.46,
    "nose": 0.56,
    "mouth": 0.38,
    "chin": 0.45,
    "cheek": 0.5,
    "ears": 0.3,
    "neck": 0.13,
}
"""Standard deviation of a slider in each region. Wider than the prototype: strangers looked too alike to SFace."""
LIMIT = 0.95
OUTLINES = ("oval", "round", "square", "rectangular", "diamond", "triangular", "invertedtriangular")
POLES = (
    "incr",
    "decr",
    "up",
    "down",
    "in",
    "out",
    "forward",
    "backward",
    "concave",
    "convex",
    "compress",
    "uncompress",
)


@lru_cache(maxsize=1)
def families() -> dict[tuple[str, str], dict[str, list[str]]]:
    """{(region, slider): {pole: target names}}; left and right halves of one slider are listed together."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name in sorted(load().targets):
        region, leaf = name.split("/")
        if region in ("macro", "unit"):
            continue
        if leaf[:2] in ("l-", "r-"):
            leaf = leaf[2:]
        stem, _, end = leaf.rpartition("-")
        pole = end if end in POLES else "one"
        found.setdefault((region, stem if pole != "one" else leaf), {}).setdefault(pole, []).append(name)
    return found


def draw_sliders(rng: np.random.Generator, years: float) -> tuple[Slider, ...]:
    """Independent normal sliders with a slight left-right asymmetry, and one of seven outlines of the head."""
    chosen: list[Slider] = []
    outline = f"head-{OUTLINES[int(rng.integers(len(OUTLINES)))]}"
    for (region, stem), poles in families().items():
        value = float(np.clip(rng.normal(0, SIGMA[region] * (0.6 if "trans" in stem else 1.0)), -LIMIT, LIMIT))
        skew = rng.uniform(0.9, 1.1, 2)
        if stem.removeprefix("head-") in OUTLINES:
            value = (
                float(rng.uniform(0.1, 0.16 if "triangular" in stem or "diamond" in stem else 0.65))
                if stem == outline
                else 0.0
            )
        elif stem == "head-age":
            value = abs(value) * (1 if years > 50 else -0.3)
        elif stem.endswith("scale-vert") and region == "head":
            value *= 0.7
        names = list(poles.values())
        if len(names) == 1:
            if value < 0.05:
                continue
            side = names[0]
        else:
            down = next(p for p in poles if p in ("decr", "down", "in", "backward", "concave", "compress"))
            side = poles[down] if value < 0 else next(v for p, v in poles.items() if p != down)
        chosen += [(target, round(abs(value) * float(skew[k % 2]), 4)) for k, target in enumerate(side)]
    return tuple(chosen)


def macro_weights(of: Person) -> list[Slider]:
    """The assets' macro targets, interpolated: ancestry x sex x age, and muscle x weight x sex x age."""
    old = (of.age_years - 25.0) / 65.0
    ages = (("young", 1 - old), ("old", old))
    out = [
        (f"macro/{kind}-{of.sex}-{age}", share * part)
        for kind, share in zip(("african", "asian", "caucasian"), of.ancestry, strict=True)
        for age, part in ages
    ]
    for muscle, strong in (
        ("averagemuscle", 1 - abs(of.muscle)),
        ("maxmuscle", max(of.muscle, 0.0)),
        ("minmuscle", max(-of.muscle, 0.0)),
    ):
        for weight, heavy in (
            ("averageweight", 1 - abs(of.weight)),
            ("maxweight", max(of.weight, 0.0)),
            ("minweight", max(-of.weight, 0.0)),
        ):
            out += [(f"macro/universal-{of.sex}-{age}-{muscle}-{weight}", strong * heavy * part) for age, part in ages]
    return [(name, weight) for name, weight in out if weight > 0]


@lru_cache(maxsize=8)
def head_of(of: Person) -> Floats:
    """Neutral vertices (v, 3) of a person, to be copied before they are moved."""
    pack = load()
    vertices = pack.base.copy()
    for name, weight in (*macro_weights(of), *of.sliders):
        if name in pack.targets:
            pack.add(vertices, name, weight)
    vertices.setflags(write=False)
    return vertices
