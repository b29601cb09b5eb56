"""The log is kept short, and neither a kill nor a batch that comes late costs a record."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from semblance.eventbus.kafka_broker import RecordBatch, RecordBatchBuilder
from semblance.eventbus.tansu_batches import base_offset_of
from semblance.local.broker_log import BrokerLog
from semblance.objects.errors import BucketMissing, StoreUnavailable
from semblance.objects.memory_store import MemoryStore

_FOLDER = "clusters/tansu_cluster/topics/{}/partitions/0000000000/records/"


class KilledStore(MemoryStore):
    """Ends, as a kill would, before the removal of number `last_removals`."""

    last_removals = 10**9

    def remove_each(self, bucket: str, keys: Sequence[str]) -> None:
        for key in keys:
            if self.last_removals == 0:
                raise StoreUnavailable("killed")
            self.last_removals -= 1
            super().remove_each(bucket, [key])


@pytest.fixture
def store() -> KilledStore:
    return KilledStore(buckets=["broker"])


def add(store: MemoryStore, topic: str, first: int, count: int, *, size: int = 100) -> None:
    for offset in range(first, first + count):
        builder = RecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 22)
        builder.append(0, 1_795_900_000_000, b"k", b"%d" % offset + b"x" * size, [])
        store.put("broker", f"{_FOLDER.format(topic)}{offset:020d}.batch", bytes(builder.build()))


def offsets(store: MemoryStore, topic: str) -> list[int]:
    """As somebody who reads from the beginning gets them."""
    found: list[int] = []
    for key in store.list("broker", _FOLDER.format(topic)):
        base_offset = base_offset_of(key)
        assert base_offset is not None
        found += [base_offset + record.offset for record in RecordBatch(store.get("broker", key))]
    return found


def found_from(store: MemoryStore, topic: str, offset: int) -> set[int]:
    """What a fetch gets: from the newest object that is not after the offset on."""
    keys = store.list("broker", _FOLDER.format(topic))
    first = max((key for key in keys if key <= f"{_FOLDER.format(topic)}{offset:020d}.batch"), default=keys[0])
    found: set[int] = set()
    for key in keys[keys.index(first) :]:
        base = int(key[-26:-6])
        found |= {base + record.offset for record in RecordBatch(store.get("broker", key))}
    return {number for number in found if number >= offset}


def objects(store: MemoryStore, topic: str) -> int:
    return len(store.list("broker", _FOLDER.format(topic)))


def test_small_batches_become_few_and_keep_their_records(store: KilledStore) -> None:
    log = BrokerLog(store, "broker")
    add(store, "t", 0, 2000)
    first = store.get("broker", f"{_FOLDER.format('t')}{0:020d}.batch")
    assert log.tidy() == 0  # consumers may just be fetching what is new
    assert log.tidy() == 1999
    assert objects(store, "t") == 2000  # the others stay until the joined ones were read again
    assert log.tidy() == 0
    assert offsets(store, "t") == list(range(2000))
    assert objects(store, "t") < 10
    # Where the log begins is told by the object that was written first.
    assert store.get("broker", f"{_FOLDER.format('t')}{0:020d}.batch") == first


def test_what_grows_on_is_joined_again_until_it_is_large(store: KilledStore) -> None:
    log, most = BrokerLog(store, "broker"), 0
    for first in range(0, 3000, 20):
        add(store, "t", first, 20)
        log.tidy()
        most = max(most, objects(store, "t"))
    assert most < 3000 // 400 + 120
    assert set(offsets(store, "t")) == set(range(3000))


@pytest.mark.parametrize("removals", [0, 1, 30, 49])
def test_a_kill_between_loses_nothing_and_leaves_nothing(store: KilledStore, removals: int) -> None:
    add(store, "t", 0, 64, size=1200)  # the first fifty and some are joined, and are then too large to be joined again
    log = BrokerLog(store, "broker")
    log.tidy()
    assert log.tidy() > 50
    store.last_removals = removals
    with pytest.raises(StoreUnavailable):
        log.tidy()
    for offset in range(64):
        assert found_from(store, "t", offset) == set(range(offset, 64))
    store.last_removals = 10**9
    after = BrokerLog(store, "broker")
    after.tidy()
    after.tidy()
    assert offsets(store, "t") == list(range(64))


def test_a_joined_batch_that_was_not_kept_costs_nothing(store: KilledStore) -> None:
    add(store, "t", 0, 64)
    log = BrokerLog(store, "broker")
    log.tidy()
    log.tidy()
    add(store, "t", 1, 1)  # a power cut: what was written last is gone
    log.tidy()
    assert set(offsets(store, "t")) == set(range(64))


def test_what_comes_late_is_waited_for(store: KilledStore) -> None:
    log = BrokerLog(store, "broker")
    add(store, "t", 0, 40)
    add(store, "t", 41, 40)  # 40 is on its way still
    log.tidy()
    log.tidy()
    add(store, "t", 40, 1)
    for _ in range(3):
        log.tidy()
    assert offsets(store, "t") == list(range(81))


def test_an_offset_that_never_came_parts_two_joined_batches(store: KilledStore) -> None:
    log = BrokerLog(store, "broker")
    add(store, "t", 0, 40)
    add(store, "t", 41, 40)
    for _ in range(3):
        log.tidy()
    assert offsets(store, "t") == [*range(40), *range(41, 81)]
    assert objects(store, "t") == 3


def test_a_damaged_batch_stops_nothing_and_is_not_touched(store: KilledStore) -> None:
    add(store, "t", 0, 100)
    broken = f"{_FOLDER.format('t')}{50:020d}.batch"
    store.put("broker", broken, b"half a batch")
    log = BrokerLog(store, "broker")
    for _ in range(3):
        log.tidy()
    assert store.get("broker", broken) == b"half a batch"
    assert objects(store, "t") == 4


def test_what_fails_is_told_once_and_tried_again(store: KilledStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semblance.local.broker_log._EVERY_S", 0.001)
    log, told, stop, passes = BrokerLog(store, "elsewhere"), [], threading.Event(), 0

    def listing(bucket: str, prefix: str) -> list[str]:
        nonlocal passes
        passes += 1
        if passes == 3:
            stop.set()
        raise BucketMissing(bucket)

    monkeypatch.setattr(store, "list", listing)
    log.keep(stop, told.append)
    assert (passes, told) == (3, ["the broker's log was not tidied: BucketMissing"])
