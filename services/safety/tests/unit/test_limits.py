"""A person's own limits: what breaks them, what only looks like it, and what they cannot catch."""

# ruff: noqa: RUF001 - look-alike characters are part of the point

from __future__ import annotations

import time

import pytest

from semblance.safety.adapters.rules_file import topics
from semblance.safety.domain.errors import InvalidPrompt
from semblance.safety.domain.limits import LIMIT_BROKEN, NOT_UNDERSTOOD, STYLE_DENIED, broken_limits, without_harmless

TOPICS = topics()
BROKEN = [
    ("no alcohol", "me raising a glass of red wine"),
    ("No alcohol!", "a pint of b33r in my hand"),
    ("please don't show me drinking", "me with a cocktail on the beach"),
    ("nothing political", "at a campaign rally with flags"),
    ("nothing political", "v o t i n g in a booth"),
    ("no swimwear", "me in a bikini"),
    ("no swimwear", "wearing a ｂｉｋｉｎｉ"),
    ("no guns or knives", "holding a kitchen knife"),
    ("never with weapons", "me with a sword"),
    ("no cigarettes", "smoking on a balcony"),
    ("no red cars", "leaning on a red car"),
    ("no clowns", "me as a clown at the circus"),
    ("not on motorcycles", "riding a motorcycle"),
    ("no parties", "me at a party"),
    ("only portraits", "me running a marathon"),
    ("only portraits, no hats", "a portrait with a hat"),
    ("nur Porträts", "ich beim Marathon"),
    ("bitte nur Porträts", "ich beim Marathon"),
    ("solo retratos", "yo corriendo en el parque"),
    ("только портреты", "я на пляже"),
    ("no solo portraits", "a solo portrait"),
    ("no mayo", "a sandwich with mayo"),
    ("no mayo", "plajda bikini ile"),
    ("no dining", "dining in a restaurant"),
    ("no tiered cakes", "beside a tiered cake"),
    ("no anime", "in cartoon style"),
    ("kein Alkohol", "mit einem Glas Rotwein"),
    ("no alcohol", "une pinte de bière"),
    ("sin armas", "yo con una escopeta"),
    ("не курить, без алкоголя", "я с кружкой пива"),
    ("禁止吸烟", "我拿着雪茄"),
    ("no alcohol", "an alcohol-free mojito looks like any other"),
    ("no knives", "me with a kitchen knife"),
    ("no alcohol", "a root beer and then a whisky"),
]
KEPT = [
    ("no alcohol", "me in a park with a dog"),
    ("no alcohol", "a wineglass-shaped window"),
    ("nothing political", "me as an astronaut"),
    ("no red cars", "me in a red dress"),
    ("no red cars", "me beside a blue car"),
    ("no guns", "a portrait with begonias"),
    ("no cars", "a carpet and a careful cartographer"),
    ("only portraits", "a portrait in a garden"),
    ("nur Porträts", "ein Porträt im Garten"),
    ("solo retratos", "un retrato en el parque"),
    ("no solo portraits", "with my sister in a park"),
    ("no weapons", "me shooting hoops"),
    ("no clowns", "a crown on my head"),
    ("no alcohol", "me with an alcohol-free drink"),
    ("kein Alkohol", "ein alkoholfreies Getränk"),
    ("no smoking", "a smoking crater behind me"),
    ("no weapons", "slicing a loaf with a bread knife"),
    ("no weapons", "shooting a documentary about whales"),
    ("keine Waffen", "Waffeln mit Sahne"),
    ("no religion", "a Christmas tree"),
    ("no military", "a goldfish in a fish tank"),
    ("不要喝酒", "我拿着一杯茶"),
]


@pytest.mark.parametrize(("limit", "prompt"), BROKEN)
def test_broken(limit: str, prompt: str) -> None:
    assert broken_limits(prompt, [limit], [], TOPICS) == (LIMIT_BROKEN,)


@pytest.mark.parametrize(("limit", "prompt"), KEPT)
def test_kept(limit: str, prompt: str) -> None:
    assert broken_limits(prompt, [limit], [], TOPICS) == ()


def test_a_denied_style_is_told_from_a_limit() -> None:
    assert broken_limits("a watercolour of me", ["no cats"], ["painting"], TOPICS) == (STYLE_DENIED,)
    assert broken_limits("a manga me with a cat", ["no cats"], ["cartoon"], TOPICS) == (LIMIT_BROKEN, STYLE_DENIED)


@pytest.mark.parametrize("limit", ["please", "nothing!", "...", "no", "\u200b"])
def test_a_limit_that_says_nothing_lets_nothing_through(limit: str) -> None:
    assert broken_limits("a portrait", [limit], [], TOPICS) == (NOT_UNDERSTOOD,)


def test_said_plainly_a_paraphrase_gets_past() -> None:
    assert broken_limits("me toasting with a bubbly golden drink", ["no alcohol"], [], TOPICS) == ()


def test_harmless_phrases_are_not_shown_to_the_model_under_the_limit_that_they_only_seem_to_break() -> None:
    assert "beer" not in without_harmless("me with a Root Beer", ["no alcohol"], TOPICS)
    assert without_harmless("me with a Root Beer", ["no boats"], TOPICS) == "me with a Root Beer"
    assert "whisky" in without_harmless("a root beer and a whisky", ["no alcohol"], TOPICS)


@pytest.mark.parametrize("limits", [["no cats"] * 65, ["x" * 201]])
def test_too_many_and_too_long_are_invalid(limits: list[str]) -> None:
    with pytest.raises(InvalidPrompt):
        broken_limits("a portrait", limits, [], TOPICS)


def test_many_limits_take_no_time() -> None:
    limits = [f"no {'a' * n} or {'b ' * 60}" for n in range(1, 60)]
    started = time.thread_time()  # of this test's own work, not of what else the machine does
    broken_limits(("ab " * 700)[:2000], limits, [], TOPICS)
    assert time.thread_time() - started < 1.0
