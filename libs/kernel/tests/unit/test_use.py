"""What a picture is for: the list, what people deny in their own words, and names in logs."""

from __future__ import annotations

import pytest

from semblance.kernel.errors import Invalid
from semblance.kernel.spoken_name import ENCODED_MAX, logged_name, plain_name, spoken_name
from semblance.kernel.use import Use, parse_use, parse_uses, refusal

EVERYTHING = tuple(Use)


def test_where_nothing_is_said_nothing_need_be_declared() -> None:
    for use in (None, *Use):
        assert refusal(use, allowed=(), denied=()) is None


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ("advertising", {Use.ADVERTISING}),
        ("social-media", {Use.SOCIAL_MEDIA}),
        ("No Advertisements!", {Use.ADVERTISING}),
        ("politics", {Use.POLITICAL}),
        ("ads, politics and dating apps", {Use.ADVERTISING, Use.POLITICAL, Use.DATING}),
        ("\uff50\uff4f\uff4c\uff49\uff54\uff49\uff43\uff53", {Use.POLITICAL}),
        ("adult sites", {Use.OTHER}),
        ("adopting dogs", {Use.OTHER}),
        ("billboards", {Use.OTHER}),
        ("Werbung", {Use.OTHER}),
        ("no use", {Use.OTHER}),
        ("anything but greeting cards", {Use.GREETING_CARD, Use.OTHER}),
    ],
)
def test_a_persons_words_name_uses_and_what_they_leave_open_is_not_other(words: str, out: set[Use]) -> None:
    for use in Use:
        against = refusal(use, allowed=(), denied=[words])
        assert (against is not None) is (use in out)
        if against is not None:
            assert against.code == "use-denied"
            assert set(against.allowed) == set(Use) - out
    undeclared = refusal(None, allowed=(), denied=[words])
    assert undeclared is not None
    assert undeclared.code == "use-required"
    assert all(use.value in undeclared.remedy for use in undeclared.allowed)


def test_what_is_denied_goes_before_what_is_allowed() -> None:
    allowed = (Use.GREETING_CARD, Use.ADVERTISING)
    assert refusal(Use.GREETING_CARD, allowed=allowed, denied=["ads"]) is None
    for use in (Use.ADVERTISING, Use.PERSONAL):
        against = refusal(use, allowed=allowed, denied=["ads"])
        assert against is not None
        assert against.allowed == (Use.GREETING_CARD,)
    nothing = refusal(None, allowed=(Use.ADVERTISING,), denied=["ads"])
    assert nothing is not None
    assert nothing.allowed == ()
    assert "no use" in nothing.remedy


def test_only_words_of_the_list_are_declared() -> None:
    assert (parse_use(""), parse_use("dating")) == (None, Use.DATING)
    assert parse_uses(["dating", "personal", "dating", ""]) == (Use.PERSONAL, Use.DATING)
    for text in ("Dating", "ads", " dating"):
        with pytest.raises(Invalid, match="no use in the list"):
            parse_use(text)


@pytest.mark.parametrize("name", ["Photo Booth", "Zoë & Söhne 100%", "写真館", "A" * 60, "😀" * 40, "a/b?c#d+e"])
def test_a_name_comes_back_from_the_log(name: str) -> None:
    logged = logged_name(name)
    assert logged.isascii()
    assert " " not in logged
    assert len(logged) <= ENCODED_MAX
    assert name.startswith(spoken_name(logged))
    assert spoken_name(logged)
    if len(name.encode()) < 60:
        assert spoken_name(logged) == name


def test_no_control_character_gets_into_a_name_or_out_of_a_log() -> None:
    assert plain_name(" a\x1b[31mb\u202e\n c ") == "a[31mb c"
    assert spoken_name("a%1B%5B31m%0Ab%E2%80%AE%FF") == "a[31mb\ufffd"
    assert len(plain_name("a" * 1000)) == 60
    assert logged_name("\ud800") == ""
