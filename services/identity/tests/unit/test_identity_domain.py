"""Releases, sessions, lock-outs, consents, matching: the rules without any I/O."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import random

import numpy as np
import pytest

from semblance.identity.domain import consent as consents
from semblance.identity.domain.capture import check_frames
from semblance.identity.domain.challenge import HEAD, Movement, draw_challenge
from semblance.identity.domain.errors import (
    AdultsOnly,
    InvalidCapture,
    InvalidConsent,
    InvalidEmbedding,
    InvalidRelease,
    LockedOut,
    NonceMismatch,
    NoticeChanged,
    PurposeNotReleased,
    SessionClosed,
    SessionNotPassed,
    SessionUsed,
)
from semblance.identity.domain.illumination import ScreenColour
from semblance.identity.domain.matching import but_one, farthest_like, least_alike, lowest_to_reference, parse_embedding
from semblance.identity.domain.release import Notice, check_release
from semblance.identity.domain.sampling import spread
from semblance.identity.domain.session import Asked, LockOut, Session, SessionState
from semblance.identity.settings import IdentitySettings
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import ConsentId, ReleaseId, SessionId, SubjectId

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
NOTICE = Notice(version="1", language="en", text="read me", sha256="ab" * 32)
ALL = frozenset(Purpose)
THEN = Asked("n2", (Movement.TURN_LEFT,), (ScreenColour("#ff0000", 400),))


def session(**changes: object) -> Session:
    made = Session(
        id=SessionId("s"),
        subject_id=SubjectId("p"),
        release_id=ReleaseId("r"),
        device_sha256="d",
        challenge=(Movement.NOD,),
        nonce="n1",
        state=SessionState.CREATED,
        tries_left=3,
        created_at=NOW,
        expires_at=NOW + dt.timedelta(minutes=10),
    )
    return dataclasses.replace(made, **changes)


def test_a_release_needs_an_adult_the_current_notice_a_name_and_a_purpose() -> None:
    good = {"notice": NOTICE, "notice_sha256": NOTICE.sha256, "signed_name": " Ada B ", "adult": True, "purposes": ALL}
    assert check_release(**good) == "Ada B"
    for change, error in [
        ({"adult": False}, AdultsOnly),
        ({"notice_sha256": "00" * 32}, NoticeChanged),
        ({"signed_name": "   "}, InvalidRelease),
        ({"signed_name": "x" * 201}, InvalidRelease),
        ({"signed_name": "a\x00b"}, InvalidRelease),
        ({"purposes": frozenset()}, InvalidRelease),
    ]:
        with pytest.raises(error):
            check_release(**{**good, **change})


def test_being_an_adult_is_asked_before_anything_else() -> None:
    with pytest.raises(AdultsOnly) as refused:
        check_release(notice=NOTICE, notice_sha256="wrong", signed_name="", adult=False, purposes=frozenset())
    assert refused.value.code == "adults-only"


def test_a_challenge_is_every_checkable_movement_once_in_any_order() -> None:
    dice = random.Random(1)
    orders = {draw_challenge(dice.randrange) for _ in range(400)}
    assert orders == set(itertools.permutations(Movement))
    assert {draw_challenge(dice.randrange, expression=False) for _ in range(100)} == set(itertools.permutations(HEAD))


def test_a_try_spends_its_nonce_and_the_third_miss_ends_the_session() -> None:
    now = session()
    for left in (2, 1, 0):
        now = now.begin_try(nonce=now.nonce, then=Asked(f"next{left}", (Movement.NOD,)), now=NOW)
        assert (now.tries_left, now.state) == (left, SessionState.IN_PROGRESS)
        with pytest.raises(NonceMismatch):
            now.begin_try(nonce="n1", then=THEN, now=NOW)
        now = now.missed(["closer"], "too_small")
    assert now.state is SessionState.FAILED
    with pytest.raises(SessionClosed):
        now.begin_try(nonce=now.nonce, then=THEN, now=NOW)


def test_a_session_closes_after_its_time_without_anybody_writing_so() -> None:
    late = NOW + dt.timedelta(minutes=10)
    assert session().seen_at(late).state is SessionState.EXPIRED
    assert session(state=SessionState.SUCCEEDED).seen_at(late).state is SessionState.SUCCEEDED
    with pytest.raises(SessionClosed, match="expired"):
        session().begin_try(nonce="n1", then=THEN, now=late)


def test_a_fault_of_ours_costs_no_try_and_no_nonce() -> None:
    before = session()
    begun = before.begin_try(nonce="n1", then=THEN, now=NOW)
    assert begun.asked == THEN
    given_back = begun.give_try_back(before.asked)
    assert given_back.asked == before.asked
    assert given_back.begin_try(nonce="n1", then=THEN, now=NOW).tries_left == 2


def test_a_session_gives_one_consent() -> None:
    passed = session(state=SessionState.SUCCEEDED)
    spent = passed.spend_on(ConsentId("c"))
    with pytest.raises(SessionUsed):
        spent.spend_on(ConsentId("c2"))
    with pytest.raises(SessionNotPassed):
        session().spend_on(ConsentId("c"))


LOCK = LockOut(failures=5, pause_s=1800, growth=4, longest_s=86_400, memory_s=172_800)


def test_five_failures_lock_out_from_the_fifth_on() -> None:
    failed = [NOW - dt.timedelta(seconds=60 * k) for k in range(5)]
    with pytest.raises(LockedOut) as locked:
        LOCK.require_open(failed, NOW)
    assert locked.value.retry_after_s == 1800
    LOCK.require_open(failed, NOW + dt.timedelta(seconds=1800))
    LOCK.require_open(failed[:4], NOW)


def test_every_further_round_of_failures_pauses_for_longer_up_to_a_limit() -> None:
    assert [LOCK.pause_after(n).total_seconds() for n in (0, 4, 5, 9, 10, 15, 20, 500)] == [
        *(0, 0, 1800, 1800, 7200, 28_800, 86_400, 86_400)
    ]
    earlier = [NOW - dt.timedelta(hours=3, seconds=k) for k in range(5)]
    LOCK.require_open([*earlier, *[NOW] * 4], NOW)
    with pytest.raises(LockedOut) as locked:
        LOCK.require_open([*earlier, *[NOW] * 5], NOW)
    assert locked.value.retry_after_s == 7200


def test_a_pause_is_never_forgotten_before_it_ends() -> None:
    with pytest.raises(ValueError, match="lock_out_memory_s"):
        IdentitySettings(lock_out_memory_s=3600)


def test_frames_have_limits() -> None:
    good = [(k * 100, 1000) for k in range(8)]
    check_frames(good)
    for bad in (
        good[:7],
        [*good, (700, 10)],
        [(k, 10) for k in range(121)],
        [*good, (800, 0)],
        [*good, (900, 1 << 20)],
    ):
        with pytest.raises(InvalidCapture):
            check_frames(bad)
    with pytest.raises(InvalidCapture):
        check_frames([(k * 10_000, 10) for k in range(8)])
    with pytest.raises(InvalidCapture):
        check_frames([(k - 1, 10) for k in range(8)])


def test_a_consent_lasts_one_to_365_days_and_never_exceeds_its_release() -> None:
    base = {"consent_id": ConsentId("c"), "subject_id": SubjectId("p"), "now": NOW}
    default = consents.new_consent(**base, purposes=ALL, released=ALL, days=0)
    assert (default.expires_at - NOW).days == 180
    with pytest.raises(PurposeNotReleased):
        consents.new_consent(**base, purposes=ALL, released=frozenset({Purpose.PHOTOS}), days=1)
    for days, purposes in [(-1, ALL), (366, ALL), (30, frozenset())]:
        with pytest.raises(InvalidConsent):
            consents.new_consent(**base, purposes=purposes, released=ALL, days=days)
    revoked = consents.revoke(default, NOW)
    assert (revoked.revision, revoked.revoked_at) == (2, NOW)
    assert consents.revoke(revoked, NOW + dt.timedelta(1)) is revoked


def test_a_caller_cannot_call_a_withdrawal_an_erasure() -> None:
    assert consents.parse_reason("") is consents.RevocationReason.WITHDRAWN
    assert consents.parse_reason("operator") is consents.RevocationReason.OPERATOR
    for reason in ("erasure", "because"):
        with pytest.raises(InvalidConsent):
            consents.parse_reason(reason)


def test_an_embedding_is_128_finite_numbers_of_unit_length() -> None:
    good = np.zeros(128)
    good[3] = 1.0
    assert parse_embedding(list(good)).dtype == np.float32
    for bad in (good[:127], good * 2, good * np.nan, np.zeros(128)):
        with pytest.raises(InvalidEmbedding):
            parse_embedding(list(bad))


def test_the_worst_face_decides() -> None:
    a, b = np.eye(128, dtype=np.float32)[:2]
    assert lowest_to_reference([a, a], [[a]]) == pytest.approx(1.0)
    assert lowest_to_reference([a, a], [[a, a, a], [a, b, b]]) == pytest.approx(0.0)
    assert lowest_to_reference([a, a], [[a, a, b]]) == pytest.approx(1.0)
    assert lowest_to_reference([a, a], [[a, b]]) == pytest.approx(0.0)
    assert lowest_to_reference([a], []) == lowest_to_reference([a], [[]]) == 1.0
    assert least_alike([a, a, b]) == pytest.approx(0.0)


def test_one_frame_in_eight_may_differ_and_is_left_out() -> None:
    a, b = np.eye(128, dtype=np.float32)[:2]
    assert but_one([a, a, b, a, a, a, a, a]) == (0, 1, 3, 4, 5, 6, 7)
    assert but_one([a, a, b, a, a, a, a]) == tuple(range(7))
    two = [a, a, b, a, a, b, a, a]
    assert least_alike([two[i] for i in but_one(two)]) == pytest.approx(0.0)


def test_a_spread_keeps_both_ends() -> None:
    assert spread(range(10), 3) == [0, 4, 9]
    assert spread([5, 6], 3) == [5, 6]
    assert spread(range(9), 1) == [4]


def test_of_a_turn_the_farthest_frame_that_is_the_person_is_enrolled() -> None:
    a, b = np.eye(128, dtype=np.float32)[:2]
    nearly = parse_embedding((0.8 * a + 0.6 * b).tolist())
    assert farthest_like([a, a], [a, nearly], [12.0, -31.0], 0.6) is nearly
    assert farthest_like([a, a], [a, b], [12.0, -31.0], 0.6) is a, "the far frame shows somebody else"
    assert farthest_like([a, a], [b], [31.0], 0.6) is None
    assert farthest_like([a], [], [], 0.6) is None
