"""Facial expressions as weights of the FACS-like unit targets."""

from __future__ import annotations

EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "smiling": {"mouthSmile": 0.85, "cheekSquint": 0.5},
    "laughing": {"mouthSmile": 0.9, "jawOpen": 0.33, "cheekSquint": 0.8, "mouthUpperUp": 0.35, "eyeSquint": 0.4},
    "surprised": {"browInnerUp": 0.9, "browOuterUp": 0.8, "jawOpen": 0.35, "eyeWide": 0.7},
    "sad": {"browInnerUp": 0.8, "mouthFrown": 0.8},
    "angry": {"browDown": 0.9, "noseSneer": 0.4, "mouthPress": 0.4, "eyeSquint": 0.4},
    "with closed eyes": {"eyeBlink": 0.95},
}
ODDS = (0.34, 0.32, 0.13, 0.07, 0.06, 0.05, 0.03)
SINGLE = (
    "browInnerUp",
    "jawOpen",
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthLeft",
    "mouthRight",
    "mouthClose",
    "mouthPucker",
    "mouthFunnel",
    "cheekPuff",
)


def units(weights: dict[str, float]) -> list[tuple[str, float]]:
    """Spell a two-sided weight out as its left and right targets."""
    out: list[tuple[str, float]] = []
    for name, weight in weights.items():
        out += (
            [(f"unit/{name}", weight)]
            if name in SINGLE or name.endswith(("Left", "Right"))
            else [(f"unit/{name}Left", weight), (f"unit/{name}Right", weight)]
        )
    return out


def opens_mouth(weights: dict[str, float]) -> bool:
    """Whether teeth can show; they are left out of the mesh otherwise, which saves a fifth of the time."""
    return (
        weights.get("jawOpen", 0) > 0.04
        or weights.get("mouthSmile", 0) > 0.3
        or weights.get("mouthUpperUp", 0) > 0.1
        or weights.get("mouthFunnel", 0) > 0.1
    )
