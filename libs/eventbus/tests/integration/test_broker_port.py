"""What every broker promises, checked on the twin in memory and on a real one.

Not promised: Tansu with memory storage loses everything at kill -9, by design (see test_tansu.py).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from semblance.contracts.topic import Topic
from semblance.eventbus import MAX_EVENT_BYTES, MAX_RECORD_BYTES, Broker, Record, RecordTooLarge
from semblance.kernel.units import MIB

Take = Callable[..., list[Record]]


def _record(topic: Topic, key: str, value: bytes, **headers: bytes) -> Record:
    return Record(topic.name, key, value, tuple(headers.items()))


def test_a_record_arrives_as_it_was_sent(broker: Broker, topic: Topic, take: Take) -> None:
    headers = (("ce_id", b"1"), ("traceparent", b"00-ab-cd-01"), ("raw", b"\xff\x00"))
    broker.producer().send(Record(topic.name, "key", b"\x00\xffvalue", headers))

    (got,) = take(broker.consumer("g.arrives", [topic.name]), 1)

    assert (got.topic, got.key, got.value, got.headers) == (topic.name, "key", b"\x00\xffvalue", headers)
    assert got.offset == 0


def test_a_tombstone_and_an_empty_value_stay_apart(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send_many([Record(topic.name, "k", None, ()), Record(topic.name, "k", b"", ())])

    assert [r.value for r in take(broker.consumer("g.tombstone", [topic.name]), 2)] == [None, b""]


def test_one_key_is_in_order(broker: Broker, topic: Topic, take: Take) -> None:
    sent = [_record(topic, f"key-{n % 7}", str(n).encode()) for n in range(210)]
    broker.producer().send_many(sent)

    got = take(broker.consumer("g.order", [topic.name]), len(sent))

    assert len(got) == len(sent)
    for _, same_key in itertools.groupby(sorted(got, key=lambda r: str(r.key)), key=lambda r: r.key):
        numbers = [int(r.value or b"") for r in same_key]
        assert numbers == sorted(numbers)
    assert len({r.partition for r in got}) > 1


def test_a_group_resumes_after_its_last_commit(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send_many([_record(topic, "k", str(n).encode()) for n in range(10)])
    first = broker.consumer("g.resume", [topic.name])
    got = take(first, 10, commit=False)
    first.commit(got[:4])
    first.close()

    again = take(broker.consumer("g.resume", [topic.name]), 6)

    assert [r.value for r in again] == [r.value for r in got[4:]]


def test_what_was_not_committed_comes_again(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send(_record(topic, "k", b"once"))
    first = broker.consumer("g.again", [topic.name])
    assert len(take(first, 1, commit=False)) == 1
    first.close()

    second = broker.consumer("g.again", [topic.name])
    assert [r.value for r in take(second, 1)] == [b"once"]
    assert second.poll(0.3) == []


def test_groups_do_not_disturb_each_other(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send(_record(topic, "k", b"both"))

    assert len(take(broker.consumer("g.one", [topic.name]), 1)) == 1
    assert len(take(broker.consumer("g.two", [topic.name]), 1)) == 1


def test_two_members_share_the_work(broker: Broker, topic: Topic, take: Take) -> None:
    members = [broker.consumer("g.shared", [topic.name]) for _ in range(2)]
    got: list[list[Record]] = [[], []]
    stop = threading.Event()

    def work(n: int) -> None:
        while not stop.is_set():
            batch = members[n].poll(0.2)
            members[n].commit(batch)
            got[n] += batch

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    producer = broker.producer()
    rounds, deadline_s = 0, time.monotonic() + 60
    while time.monotonic() < deadline_s and not (got[0] and got[1] and rounds > 11):
        producer.send_many([_record(topic, f"key-{n}", f"{rounds}-{n}".encode()) for n in range(12)])
        rounds += 1
        stop.wait(0.25)
    while time.monotonic() < deadline_s and len({r.value for r in got[0] + got[1]}) < rounds * 12:
        stop.wait(0.1)
    stop.set()
    for thread in threads:
        thread.join(60)
    for member in members:
        member.close()

    assert got[0]
    assert got[1]
    assert len({r.value for r in got[0] + got[1]}) == rounds * 12


def test_a_paused_member_gets_nothing_and_loses_nothing(broker: Broker, topic: Topic, take: Take) -> None:
    consumer = broker.consumer("g.paused", [topic.name])
    broker.producer().send(_record(topic, "k", b"before"))
    assert len(take(consumer, 1)) == 1
    consumer.pause()
    broker.producer().send(_record(topic, "k", b"meanwhile"))
    assert consumer.poll(0.5) == []

    consumer.resume()

    assert [r.value for r in take(consumer, 1)] == [b"meanwhile"]


def test_a_member_paused_before_its_first_poll_loses_nothing(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send(_record(topic, "k", b"early"))
    consumer = broker.consumer("g.paused-early", [topic.name])
    consumer.pause()
    assert consumer.poll(4.0) == []

    consumer.resume()

    assert [r.value for r in take(consumer, 1)] == [b"early"]


@pytest.mark.parametrize("size_bytes", [MIB, MAX_EVENT_BYTES, 32 * MIB])
def test_big_records_pass(broker: Broker, topic: Topic, take: Take, size_bytes: int) -> None:
    value = bytes(range(256)) * (size_bytes // 256)
    broker.producer().send(_record(topic, "k", value))

    (got,) = take(broker.consumer(f"g.big-{size_bytes}", [topic.name]), 1)

    assert got.value == value


def test_a_record_over_the_limit_is_refused_before_it_is_sent(broker: Broker, topic: Topic) -> None:
    producer = broker.producer()
    with pytest.raises(RecordTooLarge):
        producer.send(_record(topic, "k", b"x" * (MAX_RECORD_BYTES + 1)))
    producer.send(_record(topic, "k", b"still works"))


def test_a_reader_sees_everything_and_knows_when_it_has(broker: Broker, topic: Topic) -> None:
    broker.producer().send_many([_record(topic, f"key-{n}", str(n).encode()) for n in range(50)])
    reader = broker.reader([topic.name])
    assert not reader.caught_up()
    got: list[Record] = []
    while not reader.caught_up():
        got += reader.poll(0.3)

    assert sorted(int(r.value or b"") for r in got) == list(range(50))
    broker.producer().send(_record(topic, "late", b"50"))
    assert [r.value for r in _until_some(reader.poll)] == [b"50"]
    reader.close()


def test_a_reader_of_an_empty_topic_catches_up(broker: Broker, topic: Topic) -> None:
    reader = broker.reader([topic.name])
    deadline_s = time.monotonic() + 30
    while not reader.caught_up():
        assert reader.poll(0.5) == []
        assert time.monotonic() < deadline_s


def test_a_reader_says_how_long_ago_it_heard_from_the_broker(broker: Broker, topic: Topic) -> None:
    reader = broker.reader([topic.name])
    while not reader.caught_up():
        reader.poll(0.3)
    for _ in range(20):
        reader.poll(0.1)
    deadline_s = time.monotonic() + 30
    while reader.heard_ago_s() >= 2:  # a fetch is answered every 0.2 s, unless the machine stands still
        assert time.monotonic() < deadline_s
        reader.poll(0.1)


def test_creating_topics_twice_changes_nothing(broker: Broker, topic: Topic, take: Take) -> None:
    broker.producer().send(_record(topic, "k", b"kept"))
    broker.ensure_topics([topic])
    assert len(take(broker.consumer("g.twice", [topic.name]), 1)) == 1


def test_threads_may_share_a_producer(broker: Broker, topic: Topic, take: Take) -> None:
    producer = broker.producer()

    def send(n: int) -> None:
        for m in range(20):
            producer.send(_record(topic, f"key-{n}", f"{n}-{m}".encode()))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    got = take(broker.consumer("g.threads", [topic.name]), 80)
    assert len({r.value for r in got}) == 80


def _until_some(poll: Callable[[float], list[Record]]) -> list[Record]:
    deadline_s = time.monotonic() + 60
    while not (records := poll(0.25)):
        assert time.monotonic() < deadline_s, "nothing came"
    return records
