"""People who resemble somebody by a chosen amount: siblings for honest near misses, look-alikes for the worst case of
a matcher.

Likeness is the weight of the first person's shape and skin. It is a control, not a score: what SFace makes of it is in
docs/benchmarks/people.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from semblance.synthetic_people.face_shape import LIMIT, Slider
from semblance.synthetic_people.people import OLDEST_YEARS, YOUNGEST_YEARS, Makeup, Person, Skin, person

SIBLING, LOOK_ALIKE = 0.5, 0.85
NO_MAKEUP = Makeup((0.5, 0.2, 0.17), 0.0, (0.1, 0.08, 0.08), 0.0, 0.0)


def mixed_sliders(a: tuple[Slider, ...], b: tuple[Slider, ...], likeness: float) -> tuple[Slider, ...]:
    """likeness of a plus so much of b that the spread of faces stays what it was."""
    rest = float(np.sqrt(max(0.0, 1 - likeness * likeness)))
    total: dict[str, float] = {}
    for sliders, weight in ((a, likeness), (b, rest)):
        for name, value in sliders:
            total[name] = total.get(name, 0.0) + value * weight
    return tuple((name, round(min(value, LIMIT), 4)) for name, value in total.items())


def other_sex(texture: str) -> str:
    return texture.replace("_female", "_male") if "_female" in texture else texture.replace("_male", "_female")


def mixed_skin(a: Skin, b: Skin, likeness: float, same_sex: bool) -> Skin:
    """Textures belong to a sex: a sister gets the female twin of her brother's. Moles, freckles and scars are
    everyone's own."""
    tone = [x * likeness + y * (1 - likeness) for x, y in zip(a.tone, b.tone, strict=True)]
    blend = {name: weight * (1 - likeness) for name, weight in b.blend}
    for name, weight in a.blend:
        own = name if same_sex else other_sex(name)
        blend[own] = blend.get(own, 0.0) + weight * likeness
    return replace(
        b,
        blend=tuple((name, round(weight, 5)) for name, weight in blend.items()),
        tone=(round(tone[0], 4), round(tone[1], 4), round(tone[2], 4)),
        contrast=round(a.contrast * likeness + b.contrast * (1 - likeness), 4),
        lip_tint=a.lip_tint if likeness > 0.5 else b.lip_tint,
    )


def relative(of: Person, seed: int, likeness_0_1: float) -> Person:
    """Somebody new, drawn from `seed`, who is like `of` by the given weight. Their seed is `seed`. Raises ValueError
    outside 0-1."""
    if not 0.0 <= likeness_0_1 <= 1.0:
        raise ValueError(f"likeness must lie in 0-1, not {likeness_0_1}")
    own = person(seed)
    same_sex = own.sex == of.sex
    ancestry = np.asarray(of.ancestry) * likeness_0_1 + np.asarray(own.ancestry) * (1 - likeness_0_1)
    return replace(
        own,
        ancestry=(round(float(ancestry[0]), 5), round(float(ancestry[1]), 5), round(float(ancestry[2]), 5)),
        muscle=round(of.muscle * likeness_0_1 + own.muscle * (1 - likeness_0_1), 4),
        weight=round(of.weight * likeness_0_1 + own.weight * (1 - likeness_0_1), 4),
        sliders=mixed_sliders(of.sliders, own.sliders, likeness_0_1),
        skin=mixed_skin(of.skin, own.skin, likeness_0_1, same_sex),
    )


def sibling(of: Person, seed: int, likeness_0_1: float = SIBLING) -> Person:
    """A brother or sister within ten years of age, of the same ancestry and natural hair colour."""
    rng = np.random.default_rng([seed, of.seed, 0x51B])
    born = relative(of, seed, likeness_0_1)
    years = float(np.clip(of.age_years + rng.uniform(-10, 10), YOUNGEST_YEARS, OLDEST_YEARS))
    hair = replace(
        born.hair,
        colour=of.hair.colour,
        rgb=of.hair.rgb,
        brow_rgb=of.hair.brow_rgb,
        brow=of.hair.brow if rng.random() < likeness_0_1 else born.hair.brow,
    )
    eye = of if rng.random() < 0.5 + likeness_0_1 / 2 else born
    # Skin runs in a family more closely than the bones of a face do.
    skin = mixed_skin(of.skin, person(seed).skin, max(likeness_0_1, 0.8), born.sex == of.sex)
    return replace(
        born,
        skin=skin,
        ancestry=of.ancestry,
        age_years=round(years, 2),
        hair=hair,
        eye_colour=eye.eye_colour,
        eye_rgb=eye.eye_rgb,
    )


def look_alike(of: Person, seed: int, likeness_0_1: float = LOOK_ALIKE) -> Person:
    """Somebody of the same sex, age, hair and brows with a similar face: an attacker who was chosen for it."""
    own = person(seed)
    if own.sex != of.sex:
        # The other sex's textures and makeup do not fit: start from the original's and let the shape differ.
        own = replace(
            own,
            sex=of.sex,
            skin=replace(of.skin, seed=own.skin.seed, moles=own.skin.moles),
            makeup=NO_MAKEUP if of.sex == "male" else of.makeup,
        )
    rest = 1 - likeness_0_1
    return replace(
        own,
        age_years=of.age_years,
        ancestry=of.ancestry,
        muscle=round(of.muscle * likeness_0_1 + own.muscle * rest, 4),
        weight=round(of.weight * likeness_0_1 + own.weight * rest, 4),
        sliders=mixed_sliders(of.sliders, own.sliders, likeness_0_1),
        skin=mixed_skin(of.skin, own.skin, likeness_0_1, True),
        hair=of.hair,
        eye_colour=of.eye_colour,
        eye_rgb=of.eye_rgb,
        glasses=of.glasses,
    )
