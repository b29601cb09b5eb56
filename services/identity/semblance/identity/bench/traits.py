"""What people and photos are sorted by, to see whom the opt-in serves worse."""

from __future__ import annotations

import math

import cv2
import numpy as np

from semblance.synthetic_people.people import Person
from semblance.synthetic_people.scenes import INDOORS
from semblance.synthetic_people.skin import texture_of

COVERING = ("bob02", "Braid01")
"""Hair that hangs over one eye."""
_LIGHTER_DEG, _DARKER_DEG = 19.0, -30.0
"""Individual typology angle: the usual classes in three, as our textures spread over them."""


def traits(who: Person) -> dict[str, str]:
    """Skin by its typology angle, glasses, hair over an eye, age and sex."""
    return {
        "skin": skin(who),
        "glasses": "glasses" if who.glasses else "no glasses",
        "hair": "hair over an eye" if who.hair.style in COVERING else "both eyes free",
        "age": who.age_word,
        "sex": who.sex,
    }


def skin(who: Person) -> str:
    """By the face texture's individual typology angle. Source: Chardon et al., Int. J. Cosmet. Sci. 13(4), 1991."""
    texture = texture_of(who)
    high, wide = texture.shape[:2]
    mean = texture[high // 4 : 3 * high // 4, wide // 4 : 3 * wide // 4, :3].reshape(-1, 3).mean(axis=0) / 255
    lightness, _, yellow = cv2.cvtColor(mean[None, None].astype(np.float32), cv2.COLOR_RGB2LAB)[0, 0]
    angle = math.degrees(math.atan2(float(lightness) - 50, float(yellow)))
    return "lighter" if angle >= _LIGHTER_DEG else "darker" if angle < _DARKER_DEG else "medium"


def pose(yaw_deg: float) -> str:
    """How far a photographed face is turned."""
    turned = abs(yaw_deg)
    return "turned 0 to 9" if turned < 10 else "turned 10 to 19" if turned < 20 else "turned 20 to 28"


def light(place: str) -> str:
    """Where a photo was taken."""
    if place in INDOORS:
        return "indoors"
    return place if place in ("at night", "at sunset") else "outdoors"
