"""Pictures that somebody else asked for: the people in their photos are looked for too."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.errors import Gone, Unavailable
from semblance.kernel.ids import new_id
from semblance.safety.adapters import tables
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("bench", ["sqlite", "postgres"], indirect=True)


def asked(bench: Any, requester_id: str) -> Any:
    """A picture that somebody asked for, looked at; the event that told of it."""
    rendered = bench.rendered(requester_id=requester_id)
    testing.deliver(bench.pictures, bench.database, rendered)
    return rendered


def verdict(bench: Any) -> Any:
    (event,) = testing.emitted(bench.database)
    return event


def requester_kept(bench: Any) -> str:
    with bench.database.read() as session:
        return str(session.scalar(sa.select(tables.checks.c.requester_id)))


def test_a_friend_of_whoever_asked_is_blocked_and_not_told_apart_from_one_of_the_subject(bench: Any) -> None:
    requester_id = new_id()
    bench.matcher.scores = [(0.62, 0.1)]
    bench.library.of[requester_id] = [0.61]
    rendered = asked(bench, requester_id)
    bench.work()
    assert list(verdict(bench).reason_codes) == ["face-of-library-person"]
    assert bench.library.asked == [(rendered.subject_id, ()), (requester_id, (rendered.subject_id,))]
    assert requester_kept(bench) == ""
    assert bench.in_quarantine() == []


def test_friends_of_the_subject_are_still_looked_for(bench: Any) -> None:
    bench.matcher.scores, bench.library.scores = [(0.62, 0.1)], [0.61]
    requester_id = new_id()
    bench.library.of[requester_id] = [-1.0]
    asked(bench, requester_id)
    bench.work()
    assert list(verdict(bench).reason_codes) == ["face-of-library-person"]


def test_whoever_asked_without_any_photos_changes_nothing(bench: Any) -> None:
    requester_id = new_id()
    asked(bench, requester_id)
    assert requester_kept(bench) == requester_id
    bench.work()
    assert isinstance(verdict(bench), safety_pb.ImageAllowed)
    assert requester_kept(bench) == ""


@pytest.mark.parametrize("answer", [Unavailable("ingest does not answer"), [float("nan")]])
def test_photos_of_whoever_asked_that_cannot_be_asked_about_are_a_block(bench: Any, answer: Any) -> None:
    requester_id = new_id()
    bench.library.of[requester_id] = answer
    asked(bench, requester_id)
    bench.work(until_decided=True)
    assert list(verdict(bench).reason_codes) == ["check-unavailable"]


def test_whoever_asked_and_is_erased_has_no_photos(bench: Any) -> None:
    requester_id = new_id()
    bench.library.of[requester_id] = Gone("erased")
    asked(bench, requester_id)
    bench.work()
    assert isinstance(verdict(bench), safety_pb.ImageAllowed)


def test_an_erased_subject_is_gone_all_the_same(bench: Any) -> None:
    rendered = asked(bench, new_id())
    bench.library.of[rendered.subject_id] = Gone("erased")
    bench.work()
    assert testing.emitted(bench.database) == []
    assert bench.in_quarantine() == []


def test_the_erasure_of_whoever_asked_leaves_the_picture_and_forgets_them(bench: Any) -> None:
    requester_id = new_id()
    asked(bench, requester_id)
    request = platform_pb.ErasureRequested(subject_id=requester_id, erasure_id=new_id())
    assert testing.deliver(bench.erasures, bench.database, request) == ["handled", "duplicate"]
    bench.work()
    first, second = testing.emitted(bench.database)
    erased, allowed = (first, second) if isinstance(first, platform_pb.ServiceErased) else (second, first)
    assert isinstance(allowed, safety_pb.ImageAllowed)
    counts = {each.store: each.count for each in erased.stores}
    assert counts["database:checks"] == 0
    assert requester_kept(bench) == ""


def test_the_erasure_of_whoever_asked_is_counted_while_the_look_waits(bench: Any) -> None:
    requester_id = new_id()
    bench.matcher.broken = Unavailable("identity does not answer")
    asked(bench, requester_id)
    bench.work()
    request = platform_pb.ErasureRequested(subject_id=requester_id, erasure_id=new_id())
    testing.deliver(bench.erasures, bench.database, request)
    bench.work()
    (erased,) = testing.emitted(bench.database)
    assert {each.store: each.count for each in erased.stores}["database:check_requesters"] == 1
    assert requester_kept(bench) == ""
    bench.matcher.broken = None
    bench.library.asked.clear()
    bench.work(until_decided=True)
    assert [owner_id == requester_id for owner_id, _ in bench.library.asked] == [False]
