"""Captions from the same parameters as the pixels: `a photo of a young woman with long brown hair, wearing glasses,
smiling, outdoors`."""

from __future__ import annotations

import numpy as np

from semblance.synthetic_people.people import HAIR_WORDS, Person
from semblance.synthetic_people.scenes import Scene

BEARDS = {
    "moustache": "with a moustache",
    "goatee": "with a goatee",
    "short": "with a short beard",
    "full": "with a beard",
}


def hair_words(who: Person) -> str:
    style = HAIR_WORDS[who.hair.style]
    if style in ("bald", "receding"):
        return "bald" if style == "bald" else f"with receding {who.hair.colour} hair"
    return f"with {style} {who.hair.colour} hair"


def caption(p: Person, s: Scene, rng: np.random.Generator, subject: str | None = None, detail: float = 1.0) -> str:
    """One description. subject replaces "a young woman"; detail is the chance (0-1) that each further phrase is said.
    Hair is a fact about the person, so a named subject (`sks person`) is told without it."""

    def said() -> bool:
        """One draw a phrase, in a fixed order."""
        return detail >= 1.0 or rng.random() < detail

    article = "an" if s.style[0] in "aeiou" else "a"
    age = f"{p.age_word} " if said() else ""
    who = subject or f"{'an' if age.startswith('o') else 'a'} {age}{p.noun}"
    parts = [f"{article} {s.style} of {who}"]
    if subject is None:
        if said():
            parts[0] += f", {hair_words(p)}" if p.hair.style == "bald" else f" {hair_words(p)}"
        if p.hair.beard in BEARDS and said():
            parts.append(BEARDS[p.hair.beard])
        if p.glasses and said():
            parts.append("wearing glasses")
    if s.clothes.hat and said():
        parts.append("wearing a hat" if s.clothes.hat == "hat" else "wearing a beanie")
    if s.expression != "neutral" and said():
        parts.append(s.expression)
    if abs(s.yaw_deg) > 25 and said():
        parts.append("looking to the right" if s.yaw_deg > 0 else "looking to the left")
    if said():
        parts.append(s.place)
    return ", ".join(parts)
