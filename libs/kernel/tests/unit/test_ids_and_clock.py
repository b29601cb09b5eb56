"""Ids sort by time and stay harmless as file names; fake time moves by hand."""

import datetime as dt

import pytest

from semblance.kernel.clock import FakeClock, SystemClock
from semblance.kernel.errors import Invalid, QuotaExceeded
from semblance.kernel.ids import new_id, parse_id


def test_ids_are_version_7_and_rise_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_900_000_000_000_000_000)
    early = new_id()
    monkeypatch.setattr("time.time_ns", lambda: 1_900_000_000_001_000_000)
    late = new_id()
    assert early < late
    assert early[14] == late[14] == "7"
    assert parse_id(early, "id") == early


@pytest.mark.parametrize(
    "text",
    ["", "../../etc/passwd", "A" * 36, "0190a2b4-0000-7000-8000-00000000000g", "0190A2B4-0000-7000-8000-000000000000"],
)
def test_what_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not a lower-case UUID"):
        parse_id(text, "photo id")


def test_a_jump_of_the_wall_clock_leaves_durations_alone() -> None:
    clock = FakeClock()
    clock.advance(5)
    clock.jump_to(dt.datetime(1999, 1, 1, tzinfo=dt.UTC))
    assert clock.monotonic_s() == 5
    assert clock.now().year == 1999


def test_the_system_clock_is_utc() -> None:
    assert SystemClock().now().utcoffset() == dt.timedelta(0)
    assert SystemClock().monotonic_s() <= SystemClock().monotonic_s()


def test_a_quota_says_when_to_come_back() -> None:
    assert QuotaExceeded("too many", retry_after_s=3).remedy == "Try again in 3 s."
