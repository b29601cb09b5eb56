"""A picture's way through the filter: allowed only when everything was checked and nothing objects."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.objects import QUARANTINE
from semblance.safety.adapters import tables
from semblance.safety.domain.verdict import NudePart
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("bench", ["sqlite", "postgres"], indirect=True)


def blocked(events: list[Any]) -> list[str]:
    (event,) = events
    assert isinstance(event, safety_pb.ImageBlocked)
    return list(event.reason_codes)


def row(bench: Any) -> Any:
    with bench.database.read() as session:
        return session.execute(sa.select(tables.checks)).one()


def test_the_subjects_own_face_is_allowed_and_stays_for_provenance(bench: Any) -> None:
    rendered = bench.rendered()
    assert testing.deliver(bench.pictures, bench.database, rendered) == ["handled", "duplicate"]
    testing.deliver(bench.pictures, bench.database, rendered)  # the same picture told of by another event
    bench.work()
    (allowed,) = testing.emitted(bench.database)
    assert allowed == safety_pb.ImageAllowed(
        subject_id=rendered.subject_id,
        consent_id=rendered.consent_id,
        consent_revision=1,
        image_id=rendered.image_id,
        adapter_id=rendered.adapter_id,
        quarantine_key=rendered.quarantine_key,
        sha256=rendered.sha256,
        face_count=1,
        backbone_digest="sha256:abc",
    )
    assert bench.in_quarantine() == [rendered.quarantine_key]
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert len(testing.emitted(bench.database)) == 1
    assert bench.eyes.looked == 1


@pytest.mark.parametrize(
    ("scores", "reasons"),
    [
        ([(0.1, 0.0)], ["face-not-covered"]),
        ([(0.9, 0.0), (0.0, 0.0)], ["face-not-covered"]),
        ([(0.5, 0.9)], ["face-of-another-person"]),
        ([(0.6, 0.1, True)], ["protected-face"]),
        ([(0.9, 0.0), (0.1, 0.0, True)], ["face-not-covered", "protected-face"]),
    ],
)
def test_other_faces_are_blocked_and_destroyed(bench: Any, scores: Any, reasons: list[str]) -> None:
    bench.matcher.scores = scores
    bench.eyes.seen = [bench.face(10.0 * k) for k in range(len(scores))]
    assert blocked(bench.filtered()) == reasons
    assert bench.in_quarantine() == []


def test_no_face_is_blocked(bench: Any) -> None:
    bench.eyes.seen = []
    assert blocked(bench.filtered()) == ["no-face"]


def test_nudity_is_the_first_refusal_and_no_face_is_compared(bench: Any) -> None:
    bench.eyes.nude = [NudePart("FEMALE_BREAST_EXPOSED", 0.8, (1.0, 2.0, 3.0, 4.0))]
    bench.matcher.broken = Unavailable("identity does not answer")
    assert blocked(bench.filtered()) == ["nudity"]


def test_a_crowd_is_blocked(bench: Any) -> None:
    bench.eyes.seen = [bench.face(k) for k in range(500)]
    assert blocked(bench.filtered()) == ["too-many-faces"]


def test_the_verdict_keeps_its_scores_and_thresholds_but_no_embedding(bench: Any) -> None:
    bench.matcher.scores = [(0.8, 0.1, False, 41)]
    bench.filtered()
    audit = row(bench).audit
    assert audit["measured"]["index_revision"] == 41, "and what it was compared with"
    (face,) = audit["measured"]["faces"]
    assert (face["own_score"], face["other_score"], face["box_px"]) == (0.8, 0.1, [10.0, 10.0, 40.0, 50.0])
    assert audit["rules"]["own_floor"] == bench.settings.own_floor
    assert "embedding" not in str(audit)


def test_identity_away_for_good_is_a_block(bench: Any) -> None:
    bench.matcher.broken = Unavailable("identity does not answer")
    assert bench.filtered() == []
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]
    assert bench.in_quarantine() == []
    assert bench.eyes.looked == bench.settings.filter_attempts


def test_identity_away_for_a_moment_is_not(bench: Any) -> None:
    bench.matcher.broken = Unavailable("identity does not answer")
    bench.filtered()
    bench.matcher.broken = None
    bench.work(until_decided=True)
    (allowed,) = testing.emitted(bench.database)
    assert isinstance(allowed, safety_pb.ImageAllowed)


def test_a_bug_in_the_check_is_a_block(bench: Any) -> None:
    bench.eyes.broken = ValueError("a bug")
    bench.filtered()
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]


def test_consents_that_cannot_be_known_are_a_block(bench: Any) -> None:
    bench.consents.stale = True
    bench.filtered()
    bench.work(until_decided=True)
    assert blocked(testing.emitted(bench.database)) == ["check-unavailable"]


def test_a_withdrawn_consent_is_a_block(bench: Any) -> None:
    rendered = bench.rendered()
    bench.consents.revoke(rendered.consent_id)
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["consent-revoked"]
    assert bench.eyes.looked == 0


def test_a_consent_withdrawn_while_looking_is_a_block(bench: Any) -> None:
    rendered = bench.rendered()
    bench.eyes.before = lambda: bench.consents.revoke(rendered.consent_id)
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["consent-revoked"]


def test_a_consent_of_somebody_else_is_a_block(bench: Any) -> None:
    rendered, other = bench.rendered(), bench.rendered()
    rendered.consent_id = other.consent_id
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["consent-required"]


@pytest.mark.parametrize("fault", ["digest", "missing", "tampered"])
def test_pixels_that_are_not_the_ones_announced_are_a_block(bench: Any, fault: str) -> None:
    rendered = bench.rendered()
    if fault == "digest":
        rendered.sha256 = "0" * 64
    elif fault == "missing":
        bench.quarantine.remove(rendered.quarantine_key)
    else:
        sealed = bench.objects.get(QUARANTINE, rendered.quarantine_key)
        bench.objects.put(QUARANTINE, rendered.quarantine_key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert blocked(testing.emitted(bench.database)) == ["unreadable"]


@pytest.mark.parametrize("message_class", [generation_pb.ImageRemoved, generation_pb.ImageRevoked])
def test_a_picture_nobody_wants_any_more_is_not_judged(bench: Any, message_class: Any) -> None:
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    ids = {"subject_id": rendered.subject_id, "consent_id": rendered.consent_id, "image_id": rendered.image_id}
    assert testing.deliver(bench.pictures, bench.database, message_class(**ids)) == ["handled", "duplicate"]
    bench.work()
    assert testing.emitted(bench.database) == []
    assert bench.in_quarantine() == []
    assert row(bench).state == "cancelled"


def test_a_picture_removed_while_it_is_looked_at_gets_no_verdict(bench: Any) -> None:
    rendered = bench.rendered()
    testing.deliver(bench.pictures, bench.database, rendered)
    ids = {"subject_id": rendered.subject_id, "consent_id": rendered.consent_id, "image_id": rendered.image_id}
    removed = generation_pb.ImageRemoved(**ids)
    bench.eyes.before = lambda: testing.deliver(bench.pictures, bench.database, removed)
    bench.work()
    assert testing.emitted(bench.database) == []
    assert bench.in_quarantine() == []


def test_an_unknown_picture_removed_is_nothing(bench: Any) -> None:
    removed = generation_pb.ImageRemoved(subject_id=new_id(), image_id=new_id())
    assert testing.deliver(bench.pictures, bench.database, removed) == ["handled", "duplicate"]


def test_erasure_destroys_and_counts(bench: Any) -> None:
    first = bench.rendered()
    second = bench.rendered(subject_id=first.subject_id)
    other = bench.rendered()
    for rendered in (first, second, other):
        testing.deliver(bench.pictures, bench.database, rendered)
    erasure_id = new_id()
    bench.keyring.destroy(first.subject_id)
    request = platform_pb.ErasureRequested(subject_id=first.subject_id, erasure_id=erasure_id)
    assert testing.deliver(bench.erasures, bench.database, request) == ["handled", "duplicate"]
    bench.work()
    (erased,) = [m for m in testing.emitted(bench.database) if isinstance(m, platform_pb.ServiceErased)]
    assert (erased.service, erased.erasure_id, erased.subject_id) == ("safety", erasure_id, first.subject_id)
    assert {s.store: s.count for s in erased.stores} == {
        "database:checks": 2,
        "objects:quarantine": 2,
        "queue:work": 2,
        "database:check_requesters": 0,
        "database:check_people": 0,
    }
    assert bench.in_quarantine() == [other.quarantine_key]
    assert row(bench).subject_id == other.subject_id


def test_an_erasure_of_nobody_is_answered_too(bench: Any) -> None:
    request = platform_pb.ErasureRequested(subject_id=new_id(), erasure_id=new_id())
    testing.deliver(bench.erasures, bench.database, request)
    bench.work()
    (erased,) = testing.emitted(bench.database)
    assert {s.count for s in erased.stores} == {0}


def test_a_picture_that_comes_after_its_person_is_gone_leaves_no_trace(bench: Any) -> None:
    rendered = bench.rendered()
    bench.keyring.destroy(rendered.subject_id)
    testing.deliver(bench.pictures, bench.database, rendered)
    bench.work()
    assert testing.emitted(bench.database) == []
    assert bench.in_quarantine() == []
    with bench.database.read() as session:
        assert session.execute(sa.select(tables.checks)).all() == []


def test_every_event_has_a_handler_or_is_left_to_others(bench: Any) -> None:
    left = {
        "semblance.contracts.generation.v1.ImageRequested",  # nothing to look at yet
        "semblance.contracts.generation.v1.ImageFailed",  # nothing ever came
        "semblance.contracts.identity.v1.ConsentGranted",  # the consent view reads these
        "semblance.contracts.identity.v1.ConsentRevoked",
        "semblance.contracts.platform.v1.ServiceErased",  # identity collects these
        "semblance.contracts.platform.v1.ErasureCompleted",
    }
    testing.handles_every_event(bench.subscriptions(), "safety", frozenset(left))
