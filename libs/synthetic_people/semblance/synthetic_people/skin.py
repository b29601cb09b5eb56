"""A person's head skin: a blend of photographed-looking CC0 textures, then painted by our own procedures."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from semblance.synthetic_people import regions
from semblance.synthetic_people.assets import Bytes, Floats, load
from semblance.synthetic_people.people import Person, Skin


def noise(rng: np.random.Generator, shape: tuple[int, int], sigma_px: float) -> Floats:
    """Smooth noise of unit variance."""
    small = max(1, int(sigma_px / 2))
    field = rng.standard_normal((shape[0] // small + 8, shape[1] // small + 8), np.float32)
    field = cv2.GaussianBlur(field, (0, 0), max(0.6, sigma_px / small))
    field = cv2.resize(field, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(field / (field.std() + 1e-6), np.float32)


def blend(of: Skin, size: tuple[int, int]) -> Floats:
    """Weighted mean of the person's textures in sRGB 0-1, with their contrast."""
    pack = load()
    mixed = np.zeros((*next(iter(pack.skins.values())).shape[:2], 3), np.float32)
    for name, weight in of.blend:
        mixed += pack.skins[name].astype(np.float32) * (weight / 255.0)
    mean = mixed.mean((0, 1))
    mixed = (mixed - mean) * of.contrast + mean
    return np.asarray(cv2.resize(mixed, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def mix(texture: Floats, colour: tuple[float, float, float] | Floats, amount: Floats) -> Floats:
    """Linear colour over an sRGB texture; amount (h, w) 0-1."""
    target = np.asarray(colour, np.float32) ** (1 / 2.2)
    return np.asarray(texture + (target - texture) * amount[:, :, None], np.float32)


def freckles(rng: np.random.Generator, p: Floats, strength: float) -> Floats:
    dots = cv2.GaussianBlur((rng.random(p.shape[:2]) > 0.985).astype(np.float32), (0, 0), 1.1) * 4
    where = (
        regions.spot(p, 0.32, 7.0, 0.34, 0.3)
        + 0.4 * regions.spot(p, 0.0, 7.7, 0.5, 0.3)
        + regions.spot(p, 0.0, 7.0, 0.2, 0.2)
    )
    return np.asarray(np.clip(dots, 0, 1) * np.clip(where, 0, 1) * strength * 0.6, np.float32)


def scar(p: Floats, line: tuple[float, float, float, float]) -> Floats:
    x, y, turn, length = line
    dx, dy = p[..., 0] - x, p[..., 1] - y
    along, across = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
    return np.asarray(
        np.exp(-((across / 0.012) ** 2) - np.clip(np.abs(along) - length / 2, 0, 9) ** 2 / 0.0004)
        * regions.ramp(p[..., 2], 0.8, 1.0),
        np.float32,
    )


def painted(of: Person) -> Floats:
    """sRGB 0-1 (h, w, 3)."""
    p, rng, skin = regions.positions(), np.random.default_rng(of.skin.seed), of.skin
    shape = (p.shape[0], p.shape[1])
    texture = blend(skin, shape)
    texture *= np.asarray(skin.tone, np.float32) ** (1 / 2.2)
    grain = 1 + 0.05 * noise(rng, shape, 34) + 0.03 * noise(rng, shape, 12) + 0.016 * noise(rng, shape, 1.2)
    texture *= grain[:, :, None]
    flush = (
        np.clip(
            regions.spot(p, 0.5, 6.98, 0.24, 0.24) + 0.7 * regions.spot(p, 0.0, 6.93, 0.16, 0.14, mirrored=False), 0, 1
        )
        * skin.redness_0_1
    )
    texture *= 1 - flush[:, :, None] * np.array([0.0, 0.15, 0.13], np.float32)
    circles = regions.spot(p, 0.29, 7.13, 0.15, 0.07) * skin.circles_0_1
    texture *= 1 - circles[:, :, None] * np.array([0.14, 0.2, 0.15], np.float32)
    if skin.freckles_0_1:
        texture *= 1 - freckles(rng, p, skin.freckles_0_1)[:, :, None] * np.array([0.5, 0.8, 0.95], np.float32)
    for x, y, radius in skin.moles:
        texture *= 1 - 0.6 * regions.spot(p, x, y, radius, radius, mirrored=False)[:, :, None]
    if skin.scar:
        texture = mix(texture, (0.6, 0.4, 0.36), 0.55 * scar(p, skin.scar))
    cheek = texture[regions.spot(p, 0.45, 6.85, 0.2, 0.2) > 0.5].mean(0) ** 2.2
    texture = mix(texture, cheek * np.asarray(skin.lip_tint, np.float32), regions.lips() * 0.75)
    paint = of.makeup
    if paint.lips_0_1:
        dim = float(np.clip(0.35 + 1.3 * cheek.mean(), 0.4, 1.0))
        texture = mix(texture, np.asarray(paint.lips, np.float32) * dim, regions.lips() * paint.lips_0_1)
        texture = mix(texture, paint.lids, np.clip(regions.spot(p, 0.31, 7.36, 0.16, 0.075) * paint.lids_0_1, 0, 0.8))
        texture = mix(
            texture,
            np.array([0.55, 0.16, 0.14], np.float32) * dim,
            regions.spot(p, 0.52, 6.98, 0.16, 0.16) * paint.blush_0_1 * 0.45,
        )
    return hair_shadow(of, rng, texture, p)


def hair_shadow(of: Person, rng: np.random.Generator, texture: Floats, p: Floats) -> Floats:
    """Stubble, and the scalp that shows between hairs."""
    strands = 0.5 + 0.5 * np.clip(noise(rng, (p.shape[0], p.shape[1]), 1.0), -1, 1)
    if of.hair.stubble_0_1:
        where = regions.beard(p, "full") * (1 - regions.lips()) * of.hair.stubble_0_1
        dark = np.minimum(np.asarray(of.hair.rgb), np.array([0.16, 0.12, 0.1])) * 0.6 + np.array([0.012, 0.014, 0.016])
        texture = mix(texture, np.asarray(dark, np.float32), np.clip(where * (0.3 + 0.5 * strands), 0, 0.8))
    if of.hair.style != "bald":
        cover = regions.scalp(p, 1.0 if of.hair.style == "receding" else 0.0) * (
            0.35 if of.hair.style == "receding" else 0.75
        )
        texture = mix(texture, np.asarray(of.hair.rgb, np.float32) * 0.8, cover * (0.75 + 0.25 * strands))
    elif of.sex == "male":
        texture = mix(texture, np.asarray(of.hair.rgb, np.float32), regions.scalp(p, 1.0) * 0.12 * strands)
    return texture


@lru_cache(maxsize=8)
def texture_of(of: Person) -> Bytes:
    """RGBA head skin (h, w, 4)."""
    colour = np.clip(painted(of) * 255, 0, 255).astype(np.uint8)
    out = np.dstack([colour, np.full(colour.shape[:2], 255, np.uint8)])
    out.setflags(write=False)
    return out


@lru_cache(maxsize=8)
def neck_colour(of: Person) -> Bytes:
    """One RGBA texel for neck and shoulders: the mean of the throat."""
    p = regions.positions()
    throat = (p[..., 1] < 6.3) & (p[..., 2] > 0.3)
    rgb = texture_of(of)[throat][:, :3].mean(0)
    return np.array([[[*rgb.astype(np.uint8), 255]]], np.uint8)
