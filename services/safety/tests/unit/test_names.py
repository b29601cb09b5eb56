"""Who is asked for by name, and what only looks like a name."""

# ruff: noqa: RUF001 - names in other scripts

from __future__ import annotations

import time
from pathlib import Path

import pytest

from semblance.safety.adapters.rules_file import MAX_NAMES, prompt_rules, public_figures
from semblance.safety.domain.errors import BadNames
from semblance.safety.domain.prompt import OTHER_PERSON, check_prompt, with_names

RULES = prompt_rules()
DEVELOPMENT = Path(__file__).parents[1] / "development" / "persons.tsv"


@pytest.mark.parametrize(
    "prompt",
    [
        "me dancing with Jonathan Okonjo",
        "ich neben Katrin Bollmann",
        "avec Sylvie de la Roche au café",
        "yo y Javier Urrutia",
        "Zeynep Karaca gibi",
        "рядом с Ириной, Ирина Соколова",
        "selfie with Maria O'Connell",
    ],
)
def test_a_named_person_is_refused(prompt: str) -> None:
    assert OTHER_PERSON in check_prompt(prompt, RULES).codes


@pytest.mark.parametrize(
    "prompt",
    [
        "me as Father Christmas",
        "in the style of Gustav Klimt",
        "like a Tim Burton movie",
        "with a German Shepherd",
        "Mona Lisa style",
        "me as Captain Nemo under the sea",
        "on the Charles Bridge in Prague",
        "with my Les Paul guitar",
    ],
)
def test_what_only_sounds_like_a_name_is_fine(prompt: str) -> None:
    assert check_prompt(prompt, RULES).codes == ()


def test_on_the_names_that_the_rules_were_written_with() -> None:
    rows = [line.split("\t") for line in DEVELOPMENT.read_text("utf-8").splitlines()[1:]]
    found = {"person": [], "fine": []}
    for _, label, text in rows:
        found[label].append(OTHER_PERSON in check_prompt(text, RULES).codes)
    assert len(rows) > 150
    assert sum(found["person"]) >= 0.95 * len(found["person"])
    assert sum(found["fine"]) <= 0.05 * len(found["fine"])


@pytest.mark.parametrize("prompt", ["in Hannah Brooks's clothes", "eine Jonathan Okonjo Maske", "mit Rosa Bellmann"])
def test_a_place_or_a_thing_hides_nobody(prompt: str) -> None:
    assert OTHER_PERSON in check_prompt(prompt, RULES).codes


def test_the_longest_prompt_is_read_for_names_at_once() -> None:
    for text in (
        *("Anna Berg " * 200, "in der Straße von Adam " * 87, "A" * 2000, "Aa " * 660, "mit van der " * 160),
        *("Xa " + "O'" * 990, "Anna " + "J. " * 660, "Anna " + "R.-" * 660, "McMacA " * 280, "rue " + "de la " * 330),
    ):
        started = time.thread_time()  # of this test's own work, not of what else the machine does
        check_prompt(text[:2000], RULES)
        assert time.thread_time() - started < 1.0


def test_a_style_clears_the_painter_and_nobody_else() -> None:
    assert OTHER_PERSON in check_prompt("Jonathan Okonjo in the style of Gustav Klimt", RULES).codes


def test_a_listed_name_is_found_in_any_spelling(tmp_path: Path) -> None:
    listed = tmp_path / "figures.txt"
    listed.write_text("# the operator's\nOlafine Quibbler\nБорис Вымышленный  # invented\n", "utf-8")
    rules = with_names(RULES, public_figures(listed))
    for prompt in ("as olafine quibbler", "o l a f i n e  quibbler", "0laf1ne qu1bbler", "я как борис вымышленный"):
        assert OTHER_PERSON in check_prompt(prompt, rules).codes, prompt
    assert check_prompt("olafine in a garden, a quibbler", rules).codes == ()


def test_many_names_cost_nothing() -> None:
    rules = with_names(RULES, [f"Firstname{k} Lastname{k}" for k in range(20_000)])
    assert check_prompt("me in a garden " * 20, rules).codes == ()


def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    short, long = tmp_path / "short.txt", tmp_path / "long.txt"
    short.write_text("Al\n")
    long.write_text("some name\n" * (MAX_NAMES + 1))
    for path in (tmp_path / "missing.txt", short, long):
        with pytest.raises(BadNames):
            public_figures(path)
    assert public_figures(None) == ()
