"""Clocks that are apart are found by effects that come before their causes, and are a no where they blind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests import agreement, ledger, reconcile
from loadtests.ledger import Entry
from loadtests.reconcile import Told

WHO = {"subject_id": "who", "consent_id": "consent"}
ENTRIES = [
    Entry(ledger.ASKED, 100.0, "image", "key", **WHO),
    Entry(ledger.ACCEPTED, 100.1, "image", "key", "image-1", **WHO),
    Entry(ledger.SAW, 102.1, job_id="image-1", state="published"),
    Entry(ledger.REVOKED, 101.0, "consent", **WHO),
]
SAID = [(100.05, "ImageRequested"), (100.5, "ImageRendered"), (101.0, "ImageAllowed"), (102.0, "ImagePublished")]


def told(off_s: float = 0.0) -> list[Told]:
    """By a platform whose clock is so far off."""
    return [Told(name, "topic", name, "generation", at + off_s, at, "image-1", "who", "consent") for at, name in SAID]


@pytest.mark.parametrize(("off_s", "apart_s"), [(0.0, 0.0), (-0.04, 0.0), (0.09, 0.0), (-5.0, 4.95), (5.0, 4.9)])
def test_a_cause_that_is_later_than_its_effect_says_by_how_much(off_s: float, apart_s: float) -> None:
    found = agreement.apart_s(ENTRIES, told(off_s), {})
    assert found == pytest.approx(apart_s)
    [finding] = agreement.findings(found, 1.0)
    assert finding.met is (apart_s <= 1.0)


def test_a_platform_that_is_behind_hides_what_is_unsafe() -> None:
    """Why it is asked at all: published a second and more after the withdrawal's answer, and five seconds before it."""
    jobs = {"who": {"image-1": reconcile.Shown("image", "published", True)}}
    late = [*ENTRIES[:3], replace(ENTRIES[3], at=100.9)]
    assert reconcile.balance(late, jobs, told()).by_kind()[reconcile.UNSAFE] == 1
    assert reconcile.balance(late, jobs, told(-5.0)).by_kind()[reconcile.UNSAFE] == 0


def test_a_clock_that_was_set_wrong_on_purpose_and_one_machines_own_say_nothing() -> None:
    assert agreement.apart_s(ENTRIES, told(-5.0), {"generation": 5.0}) == 0
    assert agreement.apart_s(ENTRIES, [*told(), replace(told()[3], at=130.0)], {}) == 0  # said once more, later
    assert agreement.findings(None, 1.0) == []
