"""The benchmark's arithmetic and page, and that held-out prompts are held out."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from semblance.safety.bench import held_out
from semblance.safety.bench.prompts import measure, write
from semblance.safety.bench.rates import rate
from semblance.safety.domain.normalise import plain
from semblance.safety.ml.phrasebook import FINE, INTENTS, phrases, topic_phrases
from semblance.safety.ml.train_limits import rows, things


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(0, 20, 0.0, 0.1684), (20, 20, 0.8316, 1.0), (5, 10, 0.1871, 0.8129), (0, 0, 0, 1)],
)
def test_exact_bounds(hits: int, tries: int, low: float, high: float) -> None:
    found = rate(hits, tries)
    assert (found["low_95"], found["high_95"]) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("folder", "at_least"), [(held_out.HELD_OUT, 800), (held_out.SECOND, 300)])
def test_no_held_out_prompt_was_trained_on(folder: Path, at_least: int) -> None:
    development = Path(__file__).parents[1] / "development" / "persons.tsv"
    trained = {plain(p.text) for p in (*phrases(), *topic_phrases())}
    trained |= {plain(row.prompt) for row in rows()} | {plain(thing[1]) for thing in things()}
    trained |= {plain(line.split("\t")[2]) for line in development.read_text("utf-8").splitlines()[1:]}
    held = [p.text for p in (*held_out.prompts(folder), *held_out.persons(folder), *held_out.limits(folder))]
    assert len(held) > at_least
    assert not [text for text in held if plain(text) in trained]
    assert len(_near(held, trained)) <= 0.01 * len(held)


def _near(held: list[str], trained: set[str]) -> list[str]:
    """Held-out texts of three words or more that share three quarters of all words with a training phrase."""
    word_sets = [frozenset(text.split()) for text in trained]
    with_word = defaultdict(list)
    for number, words in enumerate(word_sets):
        for word in words:
            with_word[word].append(number)
    found = []
    for text in held:
        words = frozenset(plain(text).split())
        shared = Counter(number for word in words for number in with_word[word])
        if len(words) >= 3 and any(n >= 0.75 * len(words | word_sets[k]) for k, n in shared.most_common(50)):
            found.append(text)
    return found


def test_the_sets_cover_every_intent_in_every_language() -> None:
    found = held_out.prompts()
    languages = {p.language for p in found}
    assert len(languages) == 14
    assert {(p.language, p.label) for p in found} == {(lang, label) for lang in languages for label in (*INTENTS, FINE)}


@pytest.mark.timeout(900)
def test_what_was_published_still_holds(tmp_path: Path) -> None:
    """Rates do not depend on the machine. Seconds do, and are not asked for here: a few stand for all."""
    found = measure(timed=20)
    write(found, tmp_path)
    assert json.loads((tmp_path / "safety-prompts.json").read_text())["goals"] == found["goals"]
    assert (tmp_path / "safety-prompts.md").read_text().count("\n| ") > 60
    both = found["prompts"]["both"]
    assert both["recall"]["rate"] > 0.9
    assert both["false_alarms"]["rate"] < 0.1
    assert found["second"]["prompts"]["both"]["recall"]["rate"] > 0.9
    assert both["recall"]["rate"] > found["prompts"]["rules"]["recall"]["rate"]
