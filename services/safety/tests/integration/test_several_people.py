"""Pictures of several people: everybody in one must have agreed to it, and each face is its own person's.

Generation makes no such pictures yet: the events here are made by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from semblance.safety.domain.verdict import UnknownFaces
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("bench", ["sqlite", "postgres"], indirect=True)


@dataclass
class Pair:
    """A picture that ada asked for, of herself and of bob, who gave her a grant."""

    bench: Any
    rendered: generation_pb.ImageRendered
    bob: generation_pb.FurtherSubject

    def deliver(self) -> None:
        testing.deliver(self.bench.pictures, self.bench.database, self.rendered)

    def verdict(self) -> Any:
        self.deliver()
        self.bench.work()
        (event,) = testing.emitted(self.bench.database)
        return event

    def refused(self) -> list[str]:
        event = self.verdict()
        assert isinstance(event, safety_pb.ImageBlocked)
        assert self.bench.in_quarantine() == []
        return list(event.reason_codes)


def pair_of(bench: Any, **told: Any) -> Pair:
    """The first face is ada's, the second bob's; neither is anybody else's."""
    rendered = bench.rendered(**told)
    asker = rendered.requester_id or rendered.subject_id
    bob = further(bench, grantee_id=asker)
    rendered.further_subjects.append(bob)
    bench.eyes.seen = [bench.face(), bench.face(100.0)]
    bench.matcher.of[rendered.subject_id] = [(0.8, 0.1), (0.1, 0.1)]
    bench.matcher.of[bob.subject_id] = [(0.2, 0.1), (0.7, 0.1)]
    return Pair(bench, rendered, bob)


def further(bench: Any, *, grantee_id: str | None) -> generation_pb.FurtherSubject:
    consent = bench.consents.grant(new_id(), grantee_id=grantee_id)
    return generation_pb.FurtherSubject(subject_id=consent.subject_id, consent_id=consent.id, consent_revision=1)


@pytest.fixture
def pair(bench: Any) -> Pair:
    return pair_of(bench)


def row(bench: Any) -> Any:
    with bench.database.read() as session:
        return session.execute(sa.select(tables.checks)).one()


def test_two_who_both_agreed_may_be_seen_together(bench: Any, pair: Pair) -> None:
    ada, bob = pair.rendered.subject_id, pair.bob.subject_id
    allowed = pair.verdict()
    assert isinstance(allowed, safety_pb.ImageAllowed)
    assert (allowed.face_count, list(allowed.further_subjects)) == (2, [pair.bob])
    assert bench.matcher.asked == [(ada, pair.rendered.consent_id, (bob,)), (bob, pair.bob.consent_id, (ada,))]
    assert bench.library.asked == [(ada, (bob,)), (bob, (ada,))], "each is a stranger in nobody's photos"
    kept = row(bench)
    assert kept.further_subjects == [], "nothing is asked about bob any more"
    first, second = kept.audit["measured"]["faces"]
    assert (first["own_scores"], second["own_scores"]) == ([0.8, 0.2], [0.1, 0.7])
    assert (first["own_score"], second["own_score"]) == (0.8, 0.7)
    pair.deliver()
    bench.work()
    assert len(testing.emitted(bench.database)) == 1


def test_a_picture_of_one_of_them_is_not_what_both_agreed_to(bench: Any, pair: Pair) -> None:
    bench.eyes.seen = [bench.face()]
    assert pair.refused() == ["person-missing"]


def test_a_third_face_is_nobodys(bench: Any, pair: Pair) -> None:
    bench.eyes.seen = [bench.face(), bench.face(100.0), bench.face(200.0)]
    bench.matcher.of[pair.rendered.subject_id].append((0.1, 0.1))
    bench.matcher.of[pair.bob.subject_id].append((0.2, 0.1))
    assert pair.refused() == ["face-not-covered"]


def test_a_third_person_s_face_is_theirs(bench: Any, pair: Pair) -> None:
    for scores in (bench.matcher.of[pair.rendered.subject_id], bench.matcher.of[pair.bob.subject_id]):
        scores[1] = (0.5, 0.9)
    assert pair.refused() == ["face-of-another-person"]


def test_twins_who_both_agreed_may_be_seen(bench: Any, pair: Pair) -> None:
    bench.matcher.of = {who: [(0.72, 0.1), (0.7, 0.1)] for who in bench.matcher.of}
    assert isinstance(pair.verdict(), safety_pb.ImageAllowed)


def test_a_protected_face_that_is_bobs_own_stands_beside_adas(bench: Any, pair: Pair) -> None:
    """Identity says of each call whether a face is more like the register than like this one person."""
    bench.matcher.of[pair.rendered.subject_id][1] = (0.1, 0.1, True)
    assert isinstance(pair.verdict(), safety_pb.ImageAllowed)


def test_a_protected_face_is_blocked(bench: Any, pair: Pair) -> None:
    bench.matcher.of[pair.bob.subject_id][1] = (0.7, 0.1, True)
    assert pair.refused() == ["protected-face"]


def test_a_friend_of_either_is_blocked(bench: Any, pair: Pair) -> None:
    bench.library.of[pair.bob.subject_id] = [-1.0, 0.69]
    assert pair.refused() == ["face-of-library-person"]


def test_one_who_is_not_enrolled_has_no_face_here(bench: Any, pair: Pair) -> None:
    bench.matcher.of[pair.bob.subject_id] = [(-1.0, 0.1), (-1.0, 0.1)]
    bench.matcher.strangers = {pair.bob.subject_id}
    assert pair.refused() == ["face-not-covered"]


def test_somebody_who_withdrew_before_the_look_ends_it_unseen(bench: Any, pair: Pair) -> None:
    bench.consents.revoke(pair.bob.consent_id)
    assert pair.refused() == ["consent-of-another-required"]
    assert bench.eyes.looked == 0


def test_somebody_who_withdraws_while_it_is_looked_at_is_heard(bench: Any, pair: Pair) -> None:
    bench.eyes.before = lambda: bench.consents.revoke(pair.bob.consent_id)
    assert pair.refused() == ["consent-of-another-required"]
    assert bench.eyes.looked == 1


def test_the_subjects_own_withdrawal_keeps_its_name(bench: Any, pair: Pair) -> None:
    bench.consents.revoke(pair.rendered.consent_id)
    assert pair.refused() == ["consent-revoked"]


@pytest.mark.parametrize("grantee", ["nobody", "a stranger"])
def test_a_consent_that_was_not_given_to_whoever_asked_covers_nobody(bench: Any, grantee: str) -> None:
    """Bob lets himself, or somebody else, make pictures of him: ada may not."""
    pair = pair_of(bench)
    other = further(bench, grantee_id=None if grantee == "nobody" else new_id())
    pair.rendered.further_subjects[0].CopyFrom(other)
    assert pair.refused() == ["consent-of-another-required"]


def test_somebody_elses_consent_covers_nobody(bench: Any, pair: Pair) -> None:
    pair.rendered.further_subjects[0].consent_id = further(bench, grantee_id=pair.rendered.subject_id).consent_id
    assert pair.refused() == ["consent-of-another-required"]


def test_an_app_needs_a_grant_of_each(bench: Any) -> None:
    app = new_id()
    pair = pair_of(bench, requester_id=app)
    assert isinstance(pair.verdict(), safety_pb.ImageAllowed)
    assert [owner_id for owner_id, _ in bench.library.asked][-1] == app


def test_bob_may_be_in_a_picture_of_ada_that_he_asked_for(bench: Any) -> None:
    bob = further(bench, grantee_id=None)
    pair = pair_of(bench, requester_id=bob.subject_id)
    pair.rendered.further_subjects[0].CopyFrom(bob)
    bench.matcher.of[bob.subject_id] = [(0.2, 0.1), (0.7, 0.1)]
    assert isinstance(pair.verdict(), safety_pb.ImageAllowed)


def test_more_people_than_a_picture_may_be_of_are_a_crowd(bench: Any, pair: Pair) -> None:
    for _ in range(bench.settings.people_max):
        pair.rendered.further_subjects.append(further(bench, grantee_id=pair.rendered.subject_id))
    assert pair.refused() == ["too-many-faces"]
    assert bench.eyes.looked == 0


def test_an_unknown_face_beside_two_is_blurred_and_the_two_stay(bench: Any, pair: Pair) -> None:
    bench.set_up(unknown_faces=UnknownFaces.BLUR)
    bench.eyes.seen = [bench.face(), bench.face(100.0), bench.face(200.0)]
    bench.eyes.seen_after = [bench.face(), bench.face(100.0)]
    bench.matcher.of[pair.rendered.subject_id].append((0.1, 0.1))
    bench.matcher.of[pair.bob.subject_id].append((0.2, 0.1))
    assert isinstance(pair.verdict(), safety_pb.ImageAllowed)
    assert bench.eyes.blurred == [(200.0, 10.0, 40.0, 50.0)]


def test_a_doubt_is_settled_under_everybodys_consent(bench: Any, pair: Pair) -> None:
    for scores in (bench.matcher.of[pair.rendered.subject_id], bench.matcher.of[pair.bob.subject_id]):
        scores[1] = (scores[1][0] - 0.05, 0.59)
    assert isinstance(pair.verdict(), safety_pb.ImageHeld)
    bench.consents.revoke(pair.bob.consent_id)
    reviews.decide(bench.database, bench.ports.verdict_rules, pair.rendered.image_id, allow=True)
    bench.work()
    *_, blocked = testing.emitted(bench.database)
    assert list(blocked.reason_codes) == ["consent-of-another-required"]
    assert bench.in_quarantine() == []


def test_a_review_ends_when_somebody_in_the_picture_withdraws(bench: Any, pair: Pair) -> None:
    for scores in (bench.matcher.of[pair.rendered.subject_id], bench.matcher.of[pair.bob.subject_id]):
        scores[1] = (scores[1][0] - 0.05, 0.59)
    assert isinstance(pair.verdict(), safety_pb.ImageHeld)
    bench.work()
    assert row(bench).state == "review"
    bench.consents.revoke(pair.bob.consent_id)
    bench.consents.stale = True
    bench.work()
    assert row(bench).state == "review", "nobody can say"
    bench.consents.stale = False
    bench.work()
    _, blocked = testing.emitted(bench.database)
    assert list(blocked.reason_codes) == ["consent-of-another-required"]
    assert bench.in_quarantine() == []


def test_somebody_who_is_erased_ends_the_pictures_that_show_them(bench: Any, pair: Pair) -> None:
    bench.matcher.broken = Unavailable("identity does not answer")
    pair.deliver()
    bench.work()
    request = platform_pb.ErasureRequested(subject_id=pair.bob.subject_id, erasure_id=new_id())
    assert testing.deliver(bench.erasures, bench.database, request) == ["handled", "duplicate"]
    bench.work()
    blocked, erased = sorted(testing.emitted(bench.database), key=lambda each: each.DESCRIPTOR.name)
    assert list(blocked.reason_codes) == ["consent-of-another-required"]
    assert blocked.subject_id == pair.rendered.subject_id
    assert {each.store: each.count for each in erased.stores}["database:check_people"] == 1
    assert row(bench).further_subjects == []
    assert bench.in_quarantine() == []
    bench.matcher.broken = None
    bench.work(until_decided=True)
    assert len(testing.emitted(bench.database)) == 2
