"""Everything about a picture that is not the person: face they make, where they are, light, camera, clothes, medium."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from semblance.synthetic_people.expression import EXPRESSIONS, ODDS
from semblance.synthetic_people.people import Person, Rgb

STYLES = ("photo", "oil painting", "watercolor painting", "pencil sketch", "black and white photo", "cartoon")
STYLE_ODDS = (0.70, 0.07, 0.06, 0.06, 0.07, 0.04)
CLOTHES = {
    "male": (
        "male_casualsuit01",
        "male_casualsuit02",
        "male_casualsuit03",
        "male_casualsuit04",
        "male_casualsuit05",
        "male_casualsuit06",
        "male_elegantsuit01",
        "male_worksuit01",
    ),
    "female": ("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01"),
}
LIGHTS: dict[str, tuple[Rgb, Rgb]] = {
    "outdoors": ((1.9, 1.8, 1.6), (0.55, 0.65, 0.85)),
    "in a studio": ((1.8, 1.75, 1.7), (0.4, 0.4, 0.42)),
    "in an office": ((1.1, 1.05, 0.95), (0.75, 0.72, 0.68)),
    "at night": ((1.1, 0.75, 0.45), (0.16, 0.18, 0.28)),
    "on a beach": ((2.1, 2.0, 1.75), (0.7, 0.75, 0.85)),
    "in a forest": ((1.1, 1.15, 0.8), (0.45, 0.55, 0.38)),
    "in a city": ((1.3, 1.25, 1.2), (0.6, 0.65, 0.72)),
    "against a white wall": ((1.2, 1.18, 1.15), (0.75, 0.75, 0.75)),
    "at sunset": ((2.0, 1.25, 0.7), (0.45, 0.42, 0.55)),
    "in the snow": ((1.3, 1.35, 1.45), (0.85, 0.9, 1.0)),
    "in a library": ((1.25, 1.0, 0.75), (0.5, 0.42, 0.34)),
    "in a cafe": ((1.2, 0.95, 0.7), (0.5, 0.44, 0.38)),
}
PLACES = tuple(LIGHTS)
"""Each place to the linear colour of its key light and of its sky or room."""
INDOORS = ("in a studio", "in an office", "in a library", "in a cafe", "against a white wall")


RESTLESS = (
    ("mouthLeft", 0.0),
    ("mouthRight", 0.0),
    ("browInnerUp", 0.22),
    ("eyeSquintLeft", 0.0),
    ("eyeSquintRight", 0.0),
)
"""Units that are never quite still, and where they rest. Without the raised inner brow most neutral faces read as
angry."""


@dataclass(frozen=True)
class Light:
    """Where the key light is (degrees; azimuth 0 is behind the camera, positive to the image's right) and how strong
    (linear RGB)."""

    azimuth_deg: float
    elevation_deg: float
    key: Rgb
    sky: Rgb


@dataclass(frozen=True)
class Camera:
    """distance and half_height of the field in decimetres at the face; the aim is off the point between the eyes by
    shift_x, shift_y."""

    distance: float
    half_height: float
    shift_x: float
    shift_y: float
    rise: float


@dataclass(frozen=True)
class Clothes:
    """mesh in the pack; hue is multiplied in; own_colours keeps the texture's colours. hat is "", "hat" or "beanie"."""

    mesh: str
    rgb: Rgb
    own_colours: bool
    hat: str
    hat_rgb: Rgb


@dataclass(frozen=True)
class Finish:
    """What the medium and the file do. jpeg_quality 0 means never compressed; noise in 8-bit steps; blur_px for 128
    px pictures."""

    style: str
    contrast: float
    exposure_stops: float
    noise: float
    blur_px: float
    jpeg_quality: int
    vignette: float
    warmth: float


@dataclass(frozen=True)
class Scene:
    """yaw: positive turns the face to the image's right (their left). pitch: positive looks down. roll: positive tips
    the head to the image's left. gaze_x, gaze_y in degrees relative to the head. extra: further expression units, on
    top of `expression`."""

    seed: int
    expression: str
    strength: float
    extra: tuple[tuple[str, float], ...]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    gaze_x_deg: float
    gaze_y_deg: float
    place: str
    light: Light
    camera: Camera
    clothes: Clothes
    finish: Finish

    @property
    def style(self) -> str:
        return self.finish.style

    def unit_weights(self) -> dict[str, float]:
        """Expression units and their weights."""
        weights = {name: value * self.strength for name, value in EXPRESSIONS[self.expression].items()}
        for name, value in self.extra:
            weights[name] = weights.get(name, 0.0) + value
        return weights


def jitter(rng: np.random.Generator, colour: Rgb, sigma: float, tint: float) -> Rgb:
    r, g, b = (float(x) for x in np.array(colour) * np.exp(rng.normal(0, sigma)) * np.exp(rng.normal(0, tint, 3)))
    return round(r, 4), round(g, 4), round(b, 4)


def draw_light(rng: np.random.Generator, place: str) -> Light:
    key, sky = LIGHTS[place]
    low = place == "at sunset"
    azimuth = float(np.clip(rng.normal(0, 45), -110, 110))
    return Light(
        round(azimuth, 2),
        round(float(rng.uniform(3, 18) if low else rng.uniform(10, 60)), 2),
        jitter(rng, key, 0.16, 0.06),
        jitter(rng, sky, 0.14, 0.05),
    )


def draw_clothes(rng: np.random.Generator, who: Person, place: str) -> Clothes:
    mesh = str(rng.choice(CLOTHES[who.sex]))
    one = np.ones(3) * rng.uniform(0.02, 0.8)
    colour = rng.uniform(0.03, 0.75, 3) if rng.random() < 0.6 else one
    hat = ""
    fits = who.hair.style not in ("afro01", "curly")
    if fits and rng.random() < (0.35 if place == "in the snow" else 0.06):
        hat = "beanie" if place == "in the snow" or rng.random() < 0.5 else "hat"
    r, g, b = (round(float(x), 4) for x in colour)
    return Clothes(mesh, (r, g, b), bool(rng.random() < 0.3), hat, jitter(rng, (0.12, 0.1, 0.1), 0.6, 0.5))


def draw_finish(rng: np.random.Generator, style: str) -> Finish:
    return Finish(
        style=style,
        contrast=round(float(rng.uniform(0.92, 1.15)), 3),
        exposure_stops=round(float(rng.normal(0, 0.22)), 3),
        noise=round(float(rng.uniform(0.3, 3.0)), 3),
        blur_px=round(float(rng.uniform(0.4, 1.0)), 3) if rng.random() < 0.12 else 0.0,
        jpeg_quality=int(rng.integers(60, 96)) if rng.random() < 0.3 else 0,
        vignette=round(float(rng.beta(1, 3) * 0.35), 3),
        warmth=round(float(rng.normal(0, 0.035)), 4),
    )


def scene(who: Person, seed: int, **overrides: Any) -> Scene:
    """A picture to take of `who`. Overrides name any field of Scene, Light, Camera, Clothes or Finish
    (`style="photo"`, `hat="beanie"`); `place` also moves the light and `yaw_deg` the gaze. Raises TypeError for a
    name that none of them has."""
    rng = np.random.default_rng([seed, who.seed, 0x5CE7])
    expression = str(overrides.get("expression", rng.choice(list(EXPRESSIONS), p=ODDS)))
    place = str(overrides.get("place", PLACES[int(rng.integers(len(PLACES)))]))
    style = str(overrides.get("style", rng.choice(STYLES, p=STYLE_ODDS)))
    yaw = float(np.clip(rng.normal(0, 17), -45, 45))
    drawn = Scene(
        seed=seed,
        expression=expression,
        strength=round(float(rng.uniform(0.65, 1.05)), 3),
        extra=tuple((name, round(base + abs(float(rng.normal(0, 0.08))), 3)) for name, base in RESTLESS),
        yaw_deg=round(yaw, 2),
        pitch_deg=round(float(np.clip(rng.normal(0, 8), -20, 20)), 2),
        roll_deg=round(float(np.clip(rng.normal(0, 5), -14, 14)), 2),
        gaze_x_deg=round(
            float(np.clip(-0.6 * yaw + rng.normal(0, 4), -19, 19) if rng.random() < 0.75 else rng.normal(0, 7)), 2
        ),
        gaze_y_deg=round(float(np.clip(rng.normal(0, 4), -10, 10)), 2),
        place=place,
        light=draw_light(rng, place),
        camera=Camera(
            distance=round(float(rng.uniform(9, 16)), 3),
            half_height=round(float(rng.uniform(1.28, 1.62)), 3),
            shift_x=round(float(rng.normal(0, 0.07)), 3),
            shift_y=round(float(rng.normal(-0.12, 0.09)), 3),
            rise=round(float(rng.normal(0, 0.5)), 3),
        ),
        clothes=draw_clothes(rng, who, place),
        finish=draw_finish(rng, style),
    )
    return change(drawn, **overrides)


def change(given: Scene, **overrides: Any) -> Scene:
    """The scene with some fields replaced, wherever they live. Raises TypeError for an unknown name."""
    left = dict(overrides)
    parts: dict[str, Any] = {}
    for name in ("light", "camera", "clothes", "finish"):
        part = left.pop(name, getattr(given, name))
        fields = {k: left.pop(k) for k in list(left) if k in part.__dataclass_fields__}
        parts[name] = replace(part, **fields) if fields else part
    return replace(given, **parts, **left)
