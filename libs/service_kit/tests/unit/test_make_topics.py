"""Topics are made once the broker is there."""

from __future__ import annotations

import pytest

from semblance.contracts import registry
from semblance.contracts.topic import Topic
from semblance.eventbus.errors import BrokerUnavailable
from semblance.service_kit.make_topics import make


class LateBroker:
    """Away for so many calls."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.made: list[Topic] = []

    def ensure_topics(self, topics: list[Topic]) -> None:
        if self.away > 0:
            self.away -= 1
            raise BrokerUnavailable("away")
        self.made = topics


def test_a_broker_that_comes_late_is_waited_for() -> None:
    broker = LateBroker(away=2)
    assert make(broker, wait_s=60, pause_s=0) == len(registry.TOPICS)  # type: ignore[arg-type]
    assert {topic.name for topic in broker.made} == set(registry.TOPICS)


def test_one_that_never_comes_is_an_error() -> None:
    with pytest.raises(BrokerUnavailable):
        make(LateBroker(away=9), wait_s=0, pause_s=0)  # type: ignore[arg-type]
