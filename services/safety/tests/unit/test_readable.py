"""How a model gets to read a prompt: disguises off, scripts kept, length no hiding place."""

# ruff: noqa: RUF001 - other scripts are the point

from __future__ import annotations

import pytest

from semblance.safety.adapters.rules_file import prompt_rules
from semblance.safety.domain.readable import MAX_PARTS, readable, readings

HARMLESS = prompt_rules().harmless


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("Голая Женщина", "голая женщина"),
        ("nаkеd", "naked"),  # Cyrillic a and e
        ("n\u200bu\u00adde", "nude"),
        ("ｎｕｄｅ", "nude"),
        ("ein Ärger in Straße", "ein ärger in straße"),
        ("İstanbul'da", "istanbul'da"),
    ],
)
def test_scripts_are_kept_and_disguises_are_not(prompt: str, read: str) -> None:
    assert readable(prompt) == read


@pytest.mark.parametrize(
    ("prompt", "read"), [("n4ked", "naked"), ("p0rn at home", "porn at home"), ("n u d e", "nude")]
)
def test_a_disguised_prompt_has_a_second_reading(prompt: str, read: str) -> None:
    assert readings(prompt).whole == (prompt, read)


@pytest.mark.parametrize("prompt", ["35mm film, 4k", "in the 1920s", "me and 4 friends", "a 3d render"])
def test_numbers_are_no_disguise(prompt: str) -> None:
    assert len(readings(prompt).whole) == 1


def test_a_harmless_phrase_clears_its_span_and_no_more() -> None:
    whole = readings("a chicken breast beside a naked man", HARMLESS).whole[0]
    assert "chicken" not in whole
    assert "beside a naked man" in whole


def test_a_long_prompt_is_read_clause_by_clause_to_its_end() -> None:
    prompt = "a quiet garden with old trees and a stone path " * 30 + ", a forged passport"
    read = readings(prompt[:2000])
    assert read.whole == ()
    assert 2 <= len(read.parts) <= MAX_PARTS
    assert read.parts[-1].endswith("a forged passport")


def test_text_without_spaces_is_cut_too() -> None:
    assert len(readings("花园里的老树和石头小路" * 60).parts) > 1


@pytest.mark.parametrize("prompt", ["me in a garden", "सर्दियों में पेड़", "庭で", "сад", "π and µ and é"])
def test_scripts_that_are_read(prompt: str) -> None:
    assert not readings(prompt).unread


@pytest.mark.parametrize("prompt", ["אני בגן", "me, მე ბაღში", "Ελληνικά κείμενο", "நான் தோட்டத்தில்"])
def test_scripts_that_nobody_reads(prompt: str) -> None:
    assert readings(prompt).unread


def test_what_only_the_word_lists_read_is_not_shown_to_the_model() -> None:
    assert readings("सर्दियों में पेड़").whole == ()
