"""What an erasure left is looked for when its last events are on their way."""

from __future__ import annotations

from semblance.local.demo.way_back import left_of


def test_events_that_are_still_to_be_sent_are_waited_for() -> None:
    looks = iter([["identity.outbox", "store/..."], ["identity.outbox"], []])
    assert left_of(lambda: next(looks)) == []


def test_nothing_else_is_waited_for() -> None:
    looks = iter([["identity.outbox"], ["gateway.accounts"]])
    assert left_of(lambda: next(looks)) == ["gateway.accounts"]


def test_events_that_are_never_sent_are_found() -> None:
    assert left_of(lambda: ["identity.outbox"], within_s=0.2) == ["identity.outbox"]
