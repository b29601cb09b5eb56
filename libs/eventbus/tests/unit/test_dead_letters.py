from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from semblance.contracts import registry
from semblance.eventbus import (
    BrokerUnavailable,
    DeadLetters,
    MemoryBroker,
    Reason,
    Record,
    TooManyDeadLetters,
    from_record,
    replay,
)

TOPIC = "identity.consent.v1"
DLQ = "identity.consent.v1.training.dlq"
Event = Callable[..., Record]


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure_topics([registry.TOPICS[TOPIC]])
    return made


def test_a_dead_letter_keeps_the_record_and_says_why(broker: MemoryBroker, event: Event) -> None:
    broker.producer().send(event())
    (read,) = broker.records(TOPIC)

    DeadLetters(broker.producer(), "training").put(read, Reason("unknown-type", attempts=3))

    (letter,) = broker.records(DLQ)
    assert (letter.key, letter.value) == (read.key, read.value)
    assert letter.headers[: len(read.headers)] == read.headers
    origin = {name: letter.header(f"dlq_{name}") for name in ("reason", "topic", "partition", "offset", "attempts")}
    assert origin == {
        "reason": "unknown-type",
        "topic": TOPIC,
        "partition": str(read.partition),
        "offset": str(read.offset),
        "attempts": "3",
    }


def test_the_log_names_place_and_reason_and_nothing_of_the_record(
    broker: MemoryBroker, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    record = event()
    with caplog.at_level(logging.DEBUG):
        DeadLetters(broker.producer(), "training").put(record, Reason("unparsable"))
    assert caplog.messages == [f"dead letter: {TOPIC}[0]@0 unparsable"]
    assert str(record.key) not in caplog.text


def test_too_many_in_a_row_stop_the_consumer_and_one_success_breaks_the_row(broker: MemoryBroker, event: Event) -> None:
    letters = DeadLetters(broker.producer(), "training", limit_in_a_row=3)
    for _ in range(3):
        letters.put(event(), Reason("unparsable"))
    letters.handled()
    for _ in range(3):
        letters.put(event(), Reason("unparsable"))

    with pytest.raises(TooManyDeadLetters):
        letters.put(event(), Reason("unparsable"))
    assert len(broker.records(DLQ)) == 6


def test_a_broker_that_is_away_keeps_the_record_where_it_is(broker: MemoryBroker, event: Event) -> None:
    letters = DeadLetters(broker.producer(), "training")
    record = event()
    broker.away = True
    with pytest.raises(BrokerUnavailable):
        letters.put(record, Reason("unparsable"))


def test_ticks_have_no_dead_letters(broker: MemoryBroker) -> None:
    DeadLetters(broker.producer(), "gateway").put(Record("training.progress.v1", "k", b"", ()), Reason("unparsable"))
    assert broker.records("training.progress.v1.gateway.dlq") == []


def test_replay_moves_them_back_as_they_were(broker: MemoryBroker, event: Event) -> None:
    sent = [event() for _ in range(5)]
    letters = DeadLetters(broker.producer(), "training", limit_in_a_row=5)
    for record in sent:
        letters.put(record, Reason("unknown-version"))

    assert replay(broker, TOPIC, "training", limit=2, quiet_s=0.2) == 2
    assert replay(broker, TOPIC, "training", quiet_s=0.2) == 3
    assert replay(broker, TOPIC, "training", quiet_s=0.2) == 0

    back = broker.records(TOPIC)
    assert sorted(from_record(r).event_id for r in back) == sorted(from_record(r).event_id for r in sent)
    assert all(not name.startswith("dlq_") for record in back for name, _ in record.headers)
