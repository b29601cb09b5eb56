import pytest

from semblance.training.domain.advice import advice_for
from semblance.training.domain.leak import Leak, LeakRules, Match, OwnPicture, Place, measured

RULES = LeakRules(
    excess_max=0.1,
    shown_cosine=0.5,
    shown_margin=0.1,
    shown_max=0.25,
    swapped_max=0.25,
    other_margin=0.05,
    others_max=0.25,
)
HONEST = (Place(0.30, 0.31), Place(0.2, 0.25), Place(0.3, 0.25, 0.6), Place(0.25, 0.3, 0.65))
OWN = (OwnPicture(0.6, 0.4),) * 4
NOBODY_ELSE = (Match(0.6, 0.3, matches_other=False, protected=False),) * 4


def test_an_honest_adapter_passes_with_its_numbers() -> None:
    leak = measured(HONEST, OWN, NOBODY_ELSE, RULES)
    assert leak == Leak(excess=pytest.approx(0.0), shown=0, swapped=0, others=0, places=4)  # type: ignore[arg-type]
    assert RULES.passed(leak)


def test_the_person_unasked_is_a_leak() -> None:
    leak = measured((Place(0.55, 0.3), Place(0.3, 0.3), Place(0.3, 0.3), Place(0.55, 0.3)), OWN, NOBODY_ELSE, RULES)
    assert (leak.shown, leak.excess) == (0.5, pytest.approx(0.125))
    assert not RULES.passed(leak)


def test_a_backbone_whose_faces_are_all_like_the_person_is_not_the_adapters_fault() -> None:
    leak = measured((Place(0.6, 0.58), Place(0.55, 0.6)), OWN, NOBODY_ELSE, RULES)
    assert leak.shown == 0
    assert RULES.passed(leak)


def test_a_face_where_the_bare_backbone_drew_none_counts_as_shown_but_not_as_excess() -> None:
    leak = measured((Place(0.6, None), Place(0.3, 0.3)), OWN, NOBODY_ELSE, RULES)
    assert (leak.shown, leak.excess) == (0.5, 0.0)


def test_a_little_more_everywhere_is_a_leak_though_no_picture_shows_the_person() -> None:
    many_of_the_other_kind = (Place(0.2, 0.3, 0.6),) * 8
    for places in ((Place(0.45, 0.3),) * 4, (*(Place(0.45, 0.3),) * 4, *many_of_the_other_kind)):
        leak = measured(places, OWN, NOBODY_ELSE, RULES)
        assert (leak.shown, leak.excess) == (0, pytest.approx(0.15))
        assert not RULES.passed(leak)


def test_the_person_in_somebody_elses_place_is_a_leak() -> None:
    leak = measured((Place(0.3, 0.3), Place(0.35, 0.3, 0.3), Place(0.2, 0.2, 0.6)), OWN, NOBODY_ELSE, RULES)
    assert leak.swapped == 0.5
    assert not RULES.passed(leak)


def test_more_like_somebody_of_the_panel_is_a_leak_past_the_share() -> None:
    own = (OwnPicture(0.4, 0.5), OwnPicture(0.4, 0.44), OwnPicture(0.6, 0.4), OwnPicture(0.6, 0.4))
    leak = measured(HONEST, own, NOBODY_ELSE, RULES)
    assert leak.others == 0.25  # the second is nearer by less than the margin
    assert RULES.passed(leak)
    assert not RULES.passed(measured(HONEST, own[:2], NOBODY_ELSE, RULES))


@pytest.mark.parametrize(
    ("match", "theirs"),
    [
        (Match(0.6, 0.3, matches_other=False, protected=False), False),
        (Match(0.6, 0.62, matches_other=True, protected=False), False),  # within the margin
        (Match(0.5, 0.7, matches_other=True, protected=False), True),
        (Match(0.2, 0.55, matches_other=False, protected=False), False),  # like nobody
        (Match(0.9, 0.1, matches_other=False, protected=True), True),
    ],
)
def test_what_identity_says_of_the_adapters_own_faces(match: Match, theirs: bool) -> None:
    leak = measured(HONEST, OWN, (match,) * 4, RULES)
    assert leak.others == float(theirs)
    assert RULES.passed(leak) is not theirs


def test_what_cannot_be_seen_does_not_pass() -> None:
    assert not RULES.passed(measured((), OWN, NOBODY_ELSE, RULES))
    blinded = measured((Place(None, 0.3), Place(None, 0.3), Place(0.3, 0.3)), OWN, NOBODY_ELSE, RULES)
    assert blinded.blind
    assert not RULES.passed(blinded)
    faceless = measured((Place(None, None), Place(0.3, None)), OWN, NOBODY_ELSE, RULES)  # so is the backbone
    assert RULES.passed(faceless)


def test_every_refusal_says_what_to_do() -> None:
    for code in ("not-like-you", "leaks", "too-few-photos", "opt-in-again"):
        assert advice_for(code)
    assert advice_for("") == advice_for("internal") == ""
