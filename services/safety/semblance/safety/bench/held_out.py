"""The held-out prompts of tests/bench, two sets, as its README describes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semblance.safety.ml.phrasebook import FINE

HELD_OUT = Path(__file__).parents[3] / "tests" / "bench"
SECOND = HELD_OUT / "held_out_2"
_NOT_COUNTED = "not-counted"


@dataclass(frozen=True)
class Prompt:
    """`label` is FINE or a code of rules/prompts.yaml; `kind` is plain, paraphrase, disguise or look-alike."""

    text: str
    label: str
    language: str
    kind: str = "plain"
    limit: str = ""


def prompts(folder: Path = HELD_OUT) -> list[Prompt]:
    """Prompts about nobody else, fine and not."""
    return [
        Prompt(text, label, file.stem, kind)
        for file in sorted((folder / "prompts").glob("*.tsv"))
        for label, kind, text in _rows(file)
        if label != _NOT_COUNTED
    ]


def persons(folder: Path = HELD_OUT) -> list[Prompt]:
    """Prompts that name another person, or seem to."""
    return [
        Prompt(text, "other-person" if label == "person" else FINE, language)
        for language, label, text in _rows(folder / "persons.tsv")
    ]


def limits(folder: Path = HELD_OUT) -> list[Prompt]:
    """Prompts under a limit; `kind` is the limit's topic."""
    return [
        Prompt(text, "limit" if broken == "yes" else FINE, language, topic, limit)
        for language, topic, limit, broken, text in _rows(folder / "limits.tsv")
    ]


def _rows(file: Path) -> list[list[str]]:
    return [line.split("\t") for line in file.read_text("utf-8").splitlines()[1:]]
