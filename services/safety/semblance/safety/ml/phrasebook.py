"""Training phrases from phrases/<language>.yaml: templates in which [a|b] is either, told out and set in frames."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from importlib import resources

import yaml

FINE, NONE = "fine", "none"
_ANYTHING = "anything"
INTENTS = ("sexual", "minors", "violence", "self-harm", "hate", "fraud")
_CHOICE = re.compile(r"\[([^\]]*)\]")
_AT_MOST, _AT_MOST_ANYTHING = 14, 60
"""Phrases drawn from one template, so that no long template outweighs the others."""
_TOPIC_FRAMES = ("me, {}", "{}, soft light", "a portrait with {}", "{} at sunset", "no {}", "nothing with {}")


@dataclass(frozen=True)
class Phrase:
    """`group` is the template's number: phrases of one template are alike, and are never split between folds."""

    text: str
    label: str
    language: str
    group: int


def phrases(seed: int = 7) -> list[Phrase]:
    """The same list for the same seed and files."""
    found, group = [], 0
    rng = random.Random(seed)  # noqa: S311 - no secret, and to be repeatable
    folder = resources.files("semblance.safety.ml").joinpath("phrases")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".yaml"):
            continue
        document = yaml.safe_load(file.read_text("utf-8"))
        for key in (*INTENTS, FINE, _ANYTHING):
            for template in document[key]:
                group += 1
                label = FINE if key == _ANYTHING else key
                for text in _drawn(template, rng, _AT_MOST_ANYTHING if key == _ANYTHING else _AT_MOST):
                    framed = rng.choice(document["frames"]).format(text)
                    found += [Phrase(t, label, file.name[:2], group) for t in dict.fromkeys((text, framed))]
    return found


def topic_phrases(seed: int = 7) -> list[Phrase]:
    """What belongs to a topic of people's limits, from topics.yaml; NONE belongs to none."""
    text = resources.files("semblance.safety.ml").joinpath("topics.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    rng = random.Random(seed)  # noqa: S311 - as above
    found, group = [], 0
    for label, templates in {**document["topics"], NONE: document["none"]}.items():
        for template in templates:
            group += 1
            for phrase in _drawn(template, rng, at_most=80):
                framed = rng.choice(_TOPIC_FRAMES).format(phrase)
                found += [Phrase(t, label, "", group) for t in (phrase, framed)]
    return found


def _drawn(template: str, rng: random.Random, at_most: int = _AT_MOST) -> list[str]:
    parts = _CHOICE.split(template)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    told_out = [" ".join("".join(words).split()) for words in itertools.product(*choices)]
    return told_out if len(told_out) <= at_most else rng.sample(told_out, at_most)
