"""Other people of a library, public figures, unknown faces, doubts, and what is too old or too slow."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.safety import reviews
from semblance.safety.adapters import tables
from semblance.safety.adapters.store import DROP_PIXELS
from semblance.safety.adapters.sweeper import sweep
from semblance.safety.adapters.work import work_kinds
from semblance.safety.domain.errors import NotInReview
from semblance.safety.domain.verdict import UnknownFaces
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("bench", ["sqlite", "postgres"], indirect=True)
DAY_S = 86_400


def blocked(events: list[Any]) -> list[str]:
    (event,) = events
    assert isinstance(event, safety_pb.ImageBlocked)
    return list(event.reason_codes)


def row(bench: Any) -> Any:
    with bench.database.read() as session:
        return session.execute(sa.select(tables.checks)).one()


@pytest.mark.parametrize(
    ("own", "library", "figure", "reasons"),
    [
        (0.62, 0.61, -1.0, ["face-of-library-person"]),
        (0.62, -1.0, 0.65, ["public-figure"]),
        (0.62, 0.7, 0.7, ["face-of-library-person", "public-figure"]),
        (0.1, 0.7, -1.0, ["face-not-covered", "face-of-library-person"]),
    ],
)
def test_a_friend_and_a_public_figure_are_reasons_of_their_own(
    bench: Any, own: float, library: float, figure: float, reasons: list[str]
) -> None:
    bench.matcher.scores = [(own, 0.1)]
    bench.library.scores, bench.figures.scores = [library], [figure]
    assert blocked(bench.filtered()) == reasons
    (face,) = row(bench).audit["measured"]["faces"]
    assert (face["library_score"], face["figure_score"]) == (library, figure)


def test_the_subject_who_is_plainly_nearer_than_a_friend_passes(bench: Any) -> None:
    bench.matcher.scores, bench.library.scores = [(0.8, 0.1)], [0.65]
    (allowed,) = bench.filtered()
    assert isinstance(allowed, safety_pb.ImageAllowed)


def test_a_library_that_cannot_be_asked_is_a_block_in_the_end(bench: Any) -> None:
    bench.library.broken = Unavailable("ingest does not answer")
    assert bench.filtered() == []
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]


def two_faces(bench: Any, other: tuple[float, float] = (0.1, 0.2)) -> None:
    bench.eyes.seen = [bench.face(), bench.face(100.0)]
    bench.matcher.scores = [(0.8, 0.1), other]


def test_an_unknown_face_is_blocked_unless_an_operator_says_otherwise(bench: Any) -> None:
    two_faces(bench)
    assert blocked(bench.filtered()) == ["face-not-covered"]


def test_an_unknown_face_may_be_allowed_but_never_a_known_one(bench: Any) -> None:
    bench.set_up(unknown_faces=UnknownFaces.ALLOW)
    two_faces(bench)
    (allowed,) = bench.filtered()
    assert (type(allowed), allowed.face_count) == (safety_pb.ImageAllowed, 2)


@pytest.mark.parametrize("policy", [UnknownFaces.ALLOW, UnknownFaces.BLUR])
def test_a_known_face_is_blocked_whatever_the_policy(bench: Any, policy: UnknownFaces) -> None:
    bench.set_up(unknown_faces=policy)
    two_faces(bench, (0.1, 0.61))
    assert blocked(bench.filtered()) == ["face-of-another-person"]
    assert bench.in_quarantine() == []


def test_a_picture_of_strangers_alone_is_blocked_whatever_the_policy(bench: Any) -> None:
    bench.set_up(unknown_faces=UnknownFaces.ALLOW)
    bench.matcher.scores = [(0.1, 0.1)]
    assert blocked(bench.filtered()) == ["face-not-covered"]


def test_a_blurred_picture_is_other_bytes_and_the_first_are_destroyed(bench: Any) -> None:
    bench.set_up(unknown_faces=UnknownFaces.BLUR)
    two_faces(bench)
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    (allowed,) = testing.emitted(bench.database)
    assert isinstance(allowed, safety_pb.ImageAllowed)
    assert bench.eyes.blurred == [(100.0, 10.0, 40.0, 50.0)]
    assert allowed.sha256 == hashlib.sha256(b"blurred").hexdigest() != rendered.sha256
    assert bench.in_quarantine() == [allowed.quarantine_key] != [rendered.quarantine_key]
    assert bench.quarantine.get(rendered.subject_id, allowed.quarantine_key) == b"blurred"
    ids = {"subject_id": rendered.subject_id, "consent_id": rendered.consent_id, "image_id": rendered.image_id}
    testing.deliver(bench.pictures, bench.database, generation_pb.ImageRevoked(**ids))
    bench.work()
    assert bench.in_quarantine() == []


def test_what_is_blurred_after_the_picture_was_given_up_is_destroyed_too(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper ends the picture, and its pixels go, between the last question of the look and its new bytes."""
    bench.set_up(unknown_faces=UnknownFaces.BLUR)
    two_faces(bench)
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    put = bench.quarantine.put

    def late(*args: Any) -> None:
        bench.clock.advance(bench.settings.wait_max_s + 1)
        sweep(bench.database, bench.ports, bench.store_of)
        kinds = work_kinds(bench.ports, bench.store_of, at_once=1, attempts=1, look_s=60)
        testing.run_work({DROP_PIXELS: kinds[DROP_PIXELS]}, bench.database)
        assert bench.in_quarantine() == []
        put(*args)

    monkeypatch.setattr(bench.quarantine, "put", late)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]
    assert bench.in_quarantine() == []


@pytest.mark.parametrize("left", [(0.5, -1.0), (0.1, 0.62), (0.1, 0.1, True)])
def test_a_face_that_is_still_known_after_the_blur_is_blocked(bench: Any, left: Any) -> None:
    bench.set_up(unknown_faces=UnknownFaces.BLUR)
    two_faces(bench)
    bench.eyes.seen_after = [bench.face(), bench.face(101.0)]
    after: list[Any] = [(0.8, 0.1), left]
    before = bench.matcher.match
    answers = iter([bench.matcher.scores, after])

    def match(*args: Any, **kwargs: Any) -> Any:
        bench.matcher.scores = next(answers)
        return before(*args, **kwargs)

    bench.matcher.match = match
    assert blocked(bench.filtered()) == ["face-not-covered"]
    assert bench.in_quarantine() == []


def doubtful(bench: Any) -> Any:
    bench.matcher.scores = [(0.66, 0.59)]
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    ids = {"subject_id": rendered.subject_id, "consent_id": rendered.consent_id, "image_id": rendered.image_id}
    assert testing.emitted(bench.database) == [safety_pb.ImageHeld(**ids, consent_revision=1)]
    assert row(bench).state == "review"
    assert bench.in_quarantine() == [rendered.quarantine_key]
    return rendered


def verdicts(bench: Any) -> list[Any]:
    """What was told after the one word that it is held."""
    held, *rest = testing.emitted(bench.database)
    assert isinstance(held, safety_pb.ImageHeld)
    return rest


def decide(bench: Any, image_id: str, *, allow: bool) -> None:
    reviews.decide(bench.database, bench.ports.verdict_rules, image_id, allow=allow)
    bench.work()


def test_a_doubt_waits_and_an_operator_allows_it_once(bench: Any) -> None:
    rendered = doubtful(bench)
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    decide(bench, rendered.image_id, allow=True)
    (allowed,) = verdicts(bench)
    assert isinstance(allowed, safety_pb.ImageAllowed)
    with pytest.raises(NotInReview):
        decide(bench, rendered.image_id, allow=False)
    bench.clock.advance(2 * DAY_S)
    bench.work()
    assert len(verdicts(bench)) == 1


def test_a_doubt_refused_is_blocked_and_destroyed(bench: Any) -> None:
    rendered = doubtful(bench)
    decide(bench, rendered.image_id, allow=False)
    assert blocked(verdicts(bench)) == ["review-refused"]
    assert bench.in_quarantine() == []


def test_a_doubt_that_nobody_decides_ends_as_blocked(bench: Any) -> None:
    doubtful(bench)
    bench.clock.advance(DAY_S - 60)
    bench.work()
    assert verdicts(bench) == []
    bench.clock.advance(61)
    bench.work()
    assert blocked(verdicts(bench)) == ["review-expired"]
    assert bench.in_quarantine() == []


def test_a_consent_withdrawn_during_the_review_is_a_block(bench: Any) -> None:
    rendered = doubtful(bench)
    bench.consents.revoke(rendered.consent_id)
    decide(bench, rendered.image_id, allow=True)
    assert blocked(verdicts(bench)) == ["consent-revoked"]
    assert bench.in_quarantine() == []


def test_a_person_erased_during_the_review_leaves_nothing(bench: Any) -> None:
    rendered = doubtful(bench)
    bench.keyring.destroy(rendered.subject_id)
    request = platform_pb.ErasureRequested(subject_id=rendered.subject_id, erasure_id=new_id())
    testing.deliver(bench.erasures, bench.database, request)
    bench.work()
    with pytest.raises(NotInReview):
        decide(bench, rendered.image_id, allow=True)
    bench.clock.advance(2 * DAY_S)
    bench.work()
    (erased,) = verdicts(bench)
    assert isinstance(erased, platform_pb.ServiceErased)
    assert bench.in_quarantine() == []


def test_a_picture_removed_during_the_review_gets_no_verdict(bench: Any) -> None:
    rendered = doubtful(bench)
    ids = {"subject_id": rendered.subject_id, "consent_id": rendered.consent_id, "image_id": rendered.image_id}
    testing.deliver(bench.pictures, bench.database, generation_pb.ImageRemoved(**ids))
    bench.work()
    bench.clock.advance(2 * DAY_S)
    bench.work()
    assert verdicts(bench) == []
    assert bench.in_quarantine() == []


def test_a_picture_that_waited_too_long_is_blocked_unseen(bench: Any) -> None:
    testing.deliver(bench.pictures, bench.database, bench.rendered())
    bench.clock.advance(bench.settings.wait_max_s + 1)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]
    assert bench.eyes.looked == 0


def test_a_look_that_takes_too_long_is_tried_again_and_then_a_block(bench: Any) -> None:
    bench.set_up(look_s=1e-9)
    assert bench.filtered() == []
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]
    assert bench.in_quarantine() == []


@pytest.mark.parametrize("outcome", ["allowed", "blocked"])
def test_an_event_replayed_a_day_later_changes_nothing(bench: Any, outcome: str) -> None:
    if outcome == "blocked":
        bench.matcher.scores = [(0.1, 0.1)]
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert len(testing.emitted(bench.database)) == 1
    bench.clock.advance(DAY_S)
    bench.matcher.scores = [(0.9, 0.0)]
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert len(testing.emitted(bench.database)) == 1
    assert row(bench).state == outcome


def test_an_event_replayed_after_the_erasure_brings_nobody_back(bench: Any) -> None:
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.keyring.destroy(rendered.subject_id)
    request = platform_pb.ErasureRequested(subject_id=rendered.subject_id, erasure_id=new_id())
    testing.deliver(bench.erasures, bench.database, request)
    bench.work()
    before = len(testing.emitted(bench.database))
    bench.clock.advance(dt.timedelta(days=1).total_seconds())
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert len(testing.emitted(bench.database)) == before
    with bench.database.read() as session:
        assert session.execute(sa.select(tables.checks)).all() == []


@pytest.mark.parametrize("scores", [(0.8, float("nan")), (float("nan"), 0.1), (float("nan"), float("nan"))])
def test_a_score_that_is_no_number_lets_nothing_out(bench: Any, scores: tuple[float, float]) -> None:
    bench.matcher.scores = [scores]
    testing.deliver(bench.pictures, bench.database, bench.rendered())
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]
