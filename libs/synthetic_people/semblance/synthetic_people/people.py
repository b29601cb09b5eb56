"""A person who does not exist, drawn from one integer. Adults only: the youngest is 25 and no child target is in the
pack.

Ancestry here names three corners of MakeHuman's shape space; they are that project's stereotypes, not anthropology. We
sample between them evenly so that no group of shapes or skins is rare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from semblance.synthetic_people.assets import load
from semblance.synthetic_people.face_shape import Slider, draw_sliders

HELD_OUT_FROM = 1_000_000
"""Seeds from here on are never used for training: bundled people, tests and gates draw from them only."""

YOUNGEST_YEARS, OLDEST_YEARS = 25.0, 80.0
FULLY_OLD_YEARS = 90.0
"""The age that the assets' "old" targets depict; "young" depicts 25."""

Sex = Literal["female", "male"]
Rgb = tuple[float, float, float]

HAIR_COLOURS: dict[str, Rgb] = {
    "black": (0.018, 0.014, 0.012),
    "dark brown": (0.05, 0.028, 0.016),
    "brown": (0.12, 0.062, 0.03),
    "blond": (0.48, 0.32, 0.14),
    "red": (0.32, 0.085, 0.025),
    "grey": (0.36, 0.35, 0.34),
    "white": (0.72, 0.71, 0.69),
}
EYE_COLOURS: dict[str, Rgb] = {
    "dark brown": (0.045, 0.022, 0.012),
    "brown": (0.13, 0.06, 0.025),
    "hazel": (0.2, 0.13, 0.05),
    "green": (0.14, 0.2, 0.09),
    "blue": (0.12, 0.22, 0.42),
    "grey": (0.22, 0.26, 0.3),
}
HAIR_WORDS = {
    "afro01": "afro",
    "bob01": "bob",
    "bob02": "bob",
    "Braid01": "braided",
    "long01": "long",
    "ponytail01": "ponytail",
    **dict.fromkeys(("short01", "short02", "short03", "short04"), "short"),
    **{own: own for own in ("cropped", "curly", "receding", "bald")},
}
"""Hair style to the word that captions use. Styles in lower case without a number are grown as shells, see hair.py."""

WOMEN_HAIR = {
    "long01": 0.24,
    "ponytail01": 0.18,
    "Braid01": 0.15,
    "bob02": 0.10,
    "short04": 0.08,
    "short01": 0.05,
    "curly": 0.07,
    "afro01": 0.05,
    "cropped": 0.03,
}
MEN_HAIR = {
    "short01": 0.15,
    "short02": 0.13,
    "short03": 0.13,
    "short04": 0.13,
    "cropped": 0.15,
    "curly": 0.06,
    "receding": 0.08,
    "bald": 0.08,
    "afro01": 0.03,
    "long01": 0.04,
    "ponytail01": 0.02,
}
LIPSTICKS: tuple[Rgb, ...] = (
    (0.55, 0.06, 0.08),
    (0.6, 0.2, 0.2),
    (0.35, 0.04, 0.12),
    (0.62, 0.26, 0.28),
    (0.5, 0.16, 0.1),
)


@dataclass(frozen=True)
class Skin:
    """blend: (texture, weight) pairs that sum to one. tone, lip_tint: linear factors per channel (lips on top of the
    skin). seed drives pores, blotches, freckles."""

    blend: tuple[tuple[str, float], ...]
    tone: Rgb
    contrast: float
    redness_0_1: float
    circles_0_1: float
    freckles_0_1: float
    moles: tuple[tuple[float, float, float], ...]
    scar: tuple[float, float, float, float] | None
    lip_tint: Rgb
    seed: int


@dataclass(frozen=True)
class Makeup:
    """Strengths 0-1; colours are linear RGB."""

    lips: Rgb
    lips_0_1: float
    lids: Rgb
    lids_0_1: float
    blush_0_1: float


@dataclass(frozen=True)
class Hair:
    """brow_gain scales the opacity of the brows, lash picks one of four sets. beard is none, stubble, moustache,
    goatee, short or full."""

    style: str
    colour: str
    rgb: Rgb
    brow: int
    brow_gain: float
    brow_rgb: Rgb
    lash: int
    beard: str
    stubble_0_1: float


@dataclass(frozen=True)
class Glasses:
    """Half width and half height of a lens, rim thickness, in decimetres; exponent 1 is an ellipse, small is a
    rectangle."""

    width: float
    height: float
    exponent: float
    thickness: float
    rgb: Rgb


@dataclass(frozen=True)
class Person:
    """All that makes a face this face. The same seed gives the same person on any machine."""

    seed: int
    sex: Sex
    age_years: float
    ancestry: tuple[float, float, float]
    muscle: float
    weight: float
    sliders: tuple[Slider, ...]
    skin: Skin
    makeup: Makeup
    hair: Hair
    eye_colour: str
    eye_rgb: Rgb
    glasses: Glasses | None

    @property
    def age_word(self) -> str:
        return "young" if self.age_years < 42 else "middle-aged" if self.age_years < 60 else "old"

    @property
    def noun(self) -> str:
        return "woman" if self.sex == "female" else "man"


def rgb(values: np.ndarray) -> Rgb:
    r, g, b = (round(float(x), 5) for x in np.clip(values, 0.0, 1.0))
    return r, g, b


def pick(rng: np.random.Generator, table: dict[str, float]) -> str:
    weights = np.array(list(table.values()))
    return str(rng.choice(list(table), p=weights / weights.sum()))


def draw_skin(rng: np.random.Generator, sex: Sex, ancestry: np.ndarray, age: float) -> Skin:
    """age 0-1. Textures of the nearest ages and ancestries, with a strong random part: two people of one kind must
    differ."""
    by_age = {"young": max(0.0, 1 - 2 * age), "middleage": 1 - abs(2 * age - 1), "old": max(0.0, 2 * age - 1)}
    weights: dict[str, float] = {}
    for name in load().skins:
        stage, kind, who = name.split("_")
        if who.rstrip("2") != sex:
            continue
        near = ancestry[("african", "asian", "caucasian").index(kind)] ** 1.6 + 1e-3
        weights[name] = (by_age[stage] + 0.04) * near * float(rng.gamma(0.7)) + 1e-6
    total = sum(weights.values())
    blend = tuple((n, round(w / total, 5)) for n, w in weights.items() if w / total > 0.01)
    dark = float(ancestry[0])
    lightness = np.exp(rng.normal(-0.03, 0.2) - 0.25 * dark * rng.random())
    tone = lightness * np.exp(rng.normal(0, 0.05, 3) * np.array([0.7, 1.0, 1.3]))
    moles = tuple(
        (
            round(float(rng.uniform(-0.62, 0.62)), 4),
            round(float(rng.uniform(6.4, 7.9)), 4),
            round(float(rng.uniform(0.008, 0.022)), 4),
        )
        for _ in range(int(rng.integers(0, 5)))
    )
    scar = None
    if rng.random() < 0.06:
        x, y, turn = rng.uniform(-0.5, 0.5), rng.uniform(6.5, 7.8), rng.uniform(0, np.pi)
        scar = (round(float(x), 4), round(float(y), 4), round(float(turn), 4), round(float(rng.uniform(0.1, 0.25)), 4))
    return Skin(
        blend=blend,
        tone=(round(float(tone[0]), 4), round(float(tone[1]), 4), round(float(tone[2]), 4)),
        contrast=round(float(rng.uniform(0.8, 1.25)), 4),
        redness_0_1=round(float(rng.beta(1.3, 2.5)), 4),
        circles_0_1=round(float(rng.beta(1.2, 2.5)), 4),
        freckles_0_1=round(float(rng.uniform(0.3, 1.0)), 4) if rng.random() < (0.28 if dark < 0.4 else 0.05) else 0.0,
        moles=moles,
        scar=scar,
        lip_tint=rgb(
            np.array([0.92, 0.5, 0.47]) * (1 - 0.2 * dark) * np.exp(rng.normal(0, 0.14, 3) * np.array([0.6, 1, 1]))
        ),
        seed=int(rng.integers(2**31)),
    )


def draw_makeup(rng: np.random.Generator, sex: Sex) -> Makeup:
    if sex == "male" or rng.random() < 0.4:
        return Makeup((0.5, 0.2, 0.17), 0.0, (0.1, 0.08, 0.08), 0.0, 0.0)
    lips = np.array(LIPSTICKS[int(rng.integers(len(LIPSTICKS)))]) * np.exp(rng.normal(0, 0.15, 3))
    lids = np.array(
        [(0.06, 0.05, 0.06), (0.15, 0.07, 0.04), (0.05, 0.08, 0.14), (0.16, 0.06, 0.12)][int(rng.integers(4))]
    )
    return Makeup(
        rgb(lips),
        round(float(rng.uniform(0.2, 0.85)), 4),
        rgb(lids),
        round(float(rng.beta(1.2, 2.2)), 4),
        round(float(rng.uniform(0, 0.6)), 4),
    )


def draw_hair(rng: np.random.Generator, sex: Sex, ancestry: np.ndarray, years: float) -> Hair:
    dark = ancestry[0] > 0.45 or ancestry[1] > 0.5
    palette = (
        {"black": 0.55, "dark brown": 0.35, "brown": 0.08, "blond": 0.01, "red": 0.01}
        if dark
        else {"black": 0.14, "dark brown": 0.25, "brown": 0.26, "blond": 0.23, "red": 0.12}
    )
    colour = pick(rng, palette)
    grown = colour
    if rng.random() < np.clip((years - 45) / 30, 0, 0.85):
        colour = pick(rng, {"grey": 0.65, "white": 0.35})
    style = pick(rng, WOMEN_HAIR if sex == "female" else MEN_HAIR)
    if style == "afro01" and ancestry[0] < 0.3 and rng.random() < 0.6:
        style = "short02" if sex == "male" else "ponytail01"
    if style == "receding" and years < 35:
        style = "cropped"
    tone = np.array(HAIR_COLOURS[colour]) * np.exp(rng.normal(0, 0.22)) * np.exp(rng.normal(0, 0.07, 3))
    brow = np.array(HAIR_COLOURS[grown if rng.random() < 0.6 else colour]) * float(rng.uniform(0.35, 0.8))
    beard = (
        pick(rng, {"none": 0.42, "stubble": 0.2, "moustache": 0.07, "goatee": 0.08, "short": 0.13, "full": 0.10})
        if sex == "male"
        else "none"
    )
    stubble = {"stubble": float(rng.uniform(0.35, 0.9)), "none": float(rng.uniform(0, 0.2))}.get(
        beard, float(rng.uniform(0.1, 0.5))
    )
    return Hair(
        style=style,
        colour=colour,
        rgb=rgb(tone),
        brow=int(rng.integers(1, 13)),
        brow_gain=round(float(rng.uniform(1.2, 3.2)), 4),
        brow_rgb=rgb(brow + 0.004),
        lash=int(rng.integers(1, 5)) if sex == "female" else 2,
        beard=beard,
        stubble_0_1=round(stubble, 4) if sex == "male" else 0.0,
    )


def draw_glasses(rng: np.random.Generator) -> Glasses:
    frames = ((0.015, 0.015, 0.015), (0.10, 0.04, 0.015), (0.35, 0.3, 0.25), (0.22, 0.025, 0.025), (0.03, 0.05, 0.12))
    return Glasses(
        width=round(float(rng.uniform(0.2, 0.265)), 4),
        height=round(float(rng.uniform(0.14, 0.235)), 4),
        exponent=round(float(rng.choice([1.0, 0.7, 0.42])), 4),
        thickness=round(float(rng.uniform(0.009, 0.022)), 4),
        rgb=frames[int(rng.integers(len(frames)))],
    )


@lru_cache(maxsize=64)
def person(seed: int) -> Person:
    """The person of this seed. About 2 ms; drawing the first picture of somebody costs 0.1 s more for their skin."""
    rng = np.random.default_rng([seed, 0x5E3B])
    sex: Sex = "female" if rng.random() < 0.5 else "male"
    ancestry = rng.dirichlet([0.35] * 3)
    years = float(rng.uniform(YOUNGEST_YEARS, OLDEST_YEARS) if rng.random() < 0.6 else rng.uniform(YOUNGEST_YEARS, 45))
    dark = ancestry[0] > 0.45 or ancestry[1] > 0.5
    tints = (
        {"dark brown": 0.6, "brown": 0.36, "hazel": 0.04}
        if dark
        else {"dark brown": 0.1, "brown": 0.22, "hazel": 0.14, "green": 0.16, "blue": 0.26, "grey": 0.12}
    )
    tint = pick(rng, tints)
    hair = draw_hair(np.random.default_rng([seed, 2]), sex, ancestry, years)
    return Person(
        seed=seed,
        sex=sex,
        age_years=round(years, 2),
        ancestry=(round(float(ancestry[0]), 5), round(float(ancestry[1]), 5), round(float(ancestry[2]), 5)),
        muscle=round(float(rng.uniform(-1, 1)), 4),
        weight=round(float(rng.uniform(-1, 1)), 4),
        sliders=draw_sliders(np.random.default_rng([seed, 3]), years),
        skin=draw_skin(
            np.random.default_rng([seed, 4]),
            sex,
            ancestry,
            (years - YOUNGEST_YEARS) / (FULLY_OLD_YEARS - YOUNGEST_YEARS),
        ),
        makeup=draw_makeup(np.random.default_rng([seed, 5]), sex),
        hair=hair,
        eye_colour=tint,
        eye_rgb=rgb(np.array(EYE_COLOURS[tint]) * np.exp(rng.normal(0, 0.18, 3))),
        glasses=draw_glasses(np.random.default_rng([seed, 6])) if rng.random() < 0.16 else None,
    )


def without_glasses(of: Person) -> Person:
    return replace(of, glasses=None)
