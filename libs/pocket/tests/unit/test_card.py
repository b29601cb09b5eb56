"""The model card tells the figures of the last benchmark."""

import json
from pathlib import Path

import pytest

from semblance.pocket import card, weights_dir

BENCHMARK = Path(__file__).parents[4] / "docs" / "benchmarks" / "pocket.json"


def test_the_card_holds_the_benchmarks_figures() -> None:
    text = (weights_dir() / card.CARD_FILE).read_text()
    assert card.fill(text, json.loads(BENCHMARK.read_text())) == text


def test_other_figures_replace_those_that_stand_there() -> None:
    found = json.loads(BENCHMARK.read_text())
    found["goals"] = [dict(found["goals"][0], value=0.123, met=False)]
    filled = card.fill((weights_dir() / card.CARD_FILE).read_text(), found)
    assert "| 0.123 ± " in filled
    assert filled.count("| **no** |") == 1


def test_a_card_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        card.fill("# a card", {})
