"""The rules at the door, without a door."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semblance.gateway.api.admission import counted_address
from semblance.gateway.api.bodies import JSON_LIMIT_BYTES, json_depth, limit_of
from semblance.gateway.api.paging import cursor, inner_of, page_of
from semblance.gateway.domain.account import parse_handle, require_password
from semblance.gateway.domain.errors import IdempotencyKeyInProgress, IdempotencyKeyReused, RateLimited
from semblance.gateway.domain.idempotency import IN_PROGRESS_S, Answer, KeyRecord, KeyState, parse_key, settled
from semblance.gateway.domain.job import RANKS, TICKS_KEPT, Change, JobKind, Progress, fold
from semblance.gateway.domain.rate import Policy, take
from semblance.kernel.errors import Invalid
from semblance.kernel.units import MIB

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("testclient", "testclient"),
    ],
)
def test_one_customers_many_addresses_are_counted_as_one(host: str, counted: str) -> None:
    assert counted_address(host) == counted


@pytest.mark.parametrize("handle", ["ada", "a.b-c_1", "x" * 40])
def test_handles(handle: str) -> None:
    assert parse_handle(handle) == handle


@pytest.mark.parametrize("handle", ["", "ab", "Ada", "-ada", "ada.", "a b c", "x" * 41, "ada\n"])
def test_what_is_no_handle(handle: str) -> None:
    with pytest.raises(Invalid, match="3 to 40"):
        parse_handle(handle)


@pytest.mark.parametrize("password", ["short", "a" * 20, "my name is ada!", "x" * 257])
def test_weak_passwords(password: str) -> None:
    with pytest.raises(Invalid):
        require_password(password, "ada")


def test_a_bucket_lets_a_burst_in_and_then_the_steady_rate() -> None:
    policy = Policy("write", burst=3, per_minute=60)
    bucket = None
    for left in (2, 1, 0):
        bucket, allowance = take(policy, bucket, NOW)
        assert allowance.remaining == left
    with pytest.raises(RateLimited) as refused:
        take(policy, bucket, NOW)
    assert refused.value.retry_after_s == 1
    bucket, _ = take(policy, bucket, later(1))
    with pytest.raises(RateLimited):
        take(policy, bucket, later(1.5))


@given(st.lists(st.floats(0, 30), min_size=1, max_size=40))
def test_no_sequence_of_requests_beats_the_rate(waits_s: list[float]) -> None:
    policy = Policy("write", burst=5, per_minute=30)
    bucket, let_in, at_s = None, 0, 0.0
    for wait_s in waits_s:
        at_s += wait_s
        try:
            bucket, _ = take(policy, bucket, later(at_s))
        except RateLimited:
            continue
        let_in += 1
    assert let_in <= 5 + at_s * 0.5 + 1e-6


def test_a_clock_that_goes_back_refills_nothing() -> None:
    policy = Policy("write", burst=1, per_minute=60)
    bucket, _ = take(policy, None, NOW)
    with pytest.raises(RateLimited):
        take(policy, bucket, later(-100))


def test_idempotency() -> None:
    answer = Answer(201, (), b"{}")
    running = KeyRecord("a", "id", KeyState.RUNNING, NOW)
    done = KeyRecord("a", "id", KeyState.DONE, NOW, answer)
    assert settled(done, "a", NOW) is answer
    assert settled(KeyRecord("a", "id", KeyState.OPEN, NOW), "a", NOW) is None
    assert settled(running, "a", later(IN_PROGRESS_S)) is None
    with pytest.raises(IdempotencyKeyInProgress):
        settled(running, "a", later(1))
    for record in (running, done):
        with pytest.raises(IdempotencyKeyReused):
            settled(record, "b", NOW)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(Invalid):
        parse_key(key)


def change(state: str, progress: Progress | None = None, kind: JobKind = JobKind.IMAGE) -> Change:
    return Change("job", "subject", kind, state, progress=progress)


@given(st.permutations(["queued", "running", "quarantined", "in_review", "signing", "published"]))
def test_an_image_is_published_in_whatever_order_the_topics_come(order: list[str]) -> None:
    job, told = None, []
    for state in order:
        folded = fold(job, change(state), NOW)
        if folded:
            job, event = folded
            told.append(event)
    assert job is not None
    assert job.state == "published"
    assert job.ended
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    ranks = [RANKS[JobKind.IMAGE][event.state] for event in told]
    assert ranks == sorted(set(ranks))


def test_a_tick_implies_running_and_says_nothing_after_the_end() -> None:
    job, event = fold(None, change("queued"), NOW) or pytest.fail("nothing was told")
    job, event = fold(job, change("running", Progress("rendering", 1, 9)), later(1)) or pytest.fail("nothing was told")
    assert (job.state, event.type, event.progress) == ("running", "progress", Progress("rendering", 1, 9))
    assert fold(job, change("running", Progress("rendering", 1, 9)), later(1)) is None
    job, _ = fold(job, change("blocked"), later(2)) or pytest.fail("nothing was told")
    assert fold(job, change("running", Progress("rendering", 2, 9)), later(3)) is None
    assert fold(job, change("published"), later(3)) is None
    job, event = fold(job, change("removed"), later(3)) or pytest.fail("nothing was told")
    assert job.state == "removed"
    assert job.progress == Progress("rendering", 1, 9)


def test_ticks_are_bounded_below_what_a_stream_reads_at_once() -> None:
    assert TICKS_KEPT <= 100


def test_cursors_are_opaque_and_cannot_be_made_up() -> None:
    assert inner_of(cursor("0198c5b2")) == "0198c5b2"
    assert cursor(None) is None
    for forged in ("0198c5b2", "====", "AA", cursor("abc")[:-1]):
        with pytest.raises(Invalid):
            inner_of(forged)


def test_a_short_list_is_paged_to_its_end() -> None:
    items, after, seen = [f"{n:02}" for n in range(7)], None, []
    while True:
        page = page_of(items, str, after=after, limit=3)
        seen += page.items
        if page.next_after is None:
            break
        after = page.next_after
    assert seen == sorted(items, reverse=True)


def test_limits_by_route() -> None:
    assert limit_of("POST", "/v1/photos") > 25 * MIB
    assert 16 * MIB < limit_of("POST", "/v1/capture-sessions/x/capture") < 17 * MIB
    assert limit_of("POST", "/v1/photos/x") == limit_of("POST", "/v1/images") == JSON_LIMIT_BYTES
    assert limit_of("GET", "/v1/photos") == JSON_LIMIT_BYTES


def test_depth_is_measured_outside_strings() -> None:
    assert json_depth(b"[" * 30 + b"]" * 30) == 30
    assert json_depth(b'{"a": "' + b"[" * 30 + b'\\"["}') == 1
    assert json_depth(b"[]" * 40) == 1
