"""Rules first, models after, and no pass without a model. The models here say what the test tells them."""

from __future__ import annotations

from typing import Any

import pytest

from semblance.safety.domain.errors import PromptModelUnavailable
from semblance.safety.domain.limit_clauses import clauses_of
from semblance.safety.domain.limits import LIMIT_BROKEN, STYLE_DENIED
from semblance.safety.domain.readable import NOT_READ
from semblance.safety.handlers.prompts import check


def test_what_neither_objects_to_passes(bench: Any) -> None:
    finding = check("me in a garden", bench.ports)
    assert (finding.codes, finding.message) == ((), "")


def test_the_model_refuses_what_no_rule_knows(bench: Any) -> None:
    bench.reader.codes = frozenset({"fraud", "hate"})
    finding = check("me in a garden", bench.ports)
    assert finding.codes == ("hate", "fraud")
    assert finding.message.startswith("Semblance makes no hateful")


def test_a_hard_rule_refuses_whatever_the_model_says(bench: Any) -> None:
    assert check("a nude portrait", bench.ports).codes == ("sexual",)


def test_a_harmless_phrase_is_not_shown_to_the_model_and_the_rest_is(bench: Any) -> None:
    check("a chicken breast on a blue plate", bench.ports)
    assert "breast" not in str(bench.reader.read)
    assert "blue plate" in str(bench.reader.read)


def test_a_model_that_fails_lets_nothing_through(bench: Any) -> None:
    bench.reader.broken_by = PromptModelUnavailable("the sentence encoder failed")
    with pytest.raises(PromptModelUnavailable):
        check("me in a garden", bench.ports)


def test_a_limit_is_broken_by_meaning(bench: Any) -> None:
    bench.reader.clauses = frozenset({0})
    assert check("me in a garden", bench.ports, limits=["no alcohol"]).codes == (LIMIT_BROKEN,)
    assert check("me in a garden", bench.ports, denied_styles=["no anime"]).codes == (STYLE_DENIED,)
    assert check("me in a garden", bench.ports).codes == ()


def test_a_script_that_nobody_reads_is_refused_unless_the_operator_has_a_model_for_it(bench: Any) -> None:
    prompt = "\u05d0\u05e0\u05d9 \u05d1\u05d2\u05df"
    assert check(prompt, bench.ports).codes == (NOT_READ,)
    bench.set_up(refuse_unread_scripts=False)
    assert check(prompt, bench.ports).codes == ()


@pytest.mark.parametrize(
    ("limits", "texts"),
    [
        (["no alcohol, nothing political"], [("alcohol", 0), ("political", 0)]),
        (["keine Waffen", "pas d'alcool"], [("waffen", 0), ("alcool", 1)]),
        (["only portraits", "sin coches o motos"], [("coches", 1), ("motos", 1)]),
        (["...", "no"], []),
    ],
)
def test_clauses_without_the_no(limits: list[str], texts: list[tuple[str, int]]) -> None:
    assert [(clause.text, clause.limit) for clause in clauses_of(limits)] == texts
