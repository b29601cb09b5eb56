"""The log is kept short, nothing that somebody has yet to read is lost, and a kill in between costs nothing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence

import pytest

from semblance.eventbus.tansu_batches import place_of
from semblance.local.broker_log import BrokerLog, Tidied
from semblance.objects.errors import StoreUnavailable
from semblance.objects.memory_store import MemoryStore

with warnings.catch_warnings():
    # As in eventbus's kafka_broker.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

HOUR_MS = 3_600_000
NOW_MS = 1_795_900_000_000
_FOLDER = "clusters/tansu_cluster/topics/{}/partitions/0000000000/records/"
_GROUP = "clusters/tansu_cluster/groups/consumers/{}/offsets/{}/partitions/0000000000.json"


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


def log_of(store: MemoryStore, **kept_hours: int) -> BrokerLog:
    return BrokerLog(store, "broker", {topic: hours * HOUR_MS for topic, hours in kept_hours.items()})


def add(store: MemoryStore, topic: str, first: int, count: int, *, time_ms: int = NOW_MS, size: int = 100) -> None:
    for offset in range(first, first + count):
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 22)
        builder.append(0, time_ms, b"k", b"%d" % offset + b"x" * size, [])
        store.put("broker", f"{_FOLDER.format(topic)}{offset:020d}.batch", bytes(builder.build()))


def offsets(store: MemoryStore, topic: str) -> list[int]:
    found: list[int] = []
    for key in store.list("broker", _FOLDER.format(topic)):
        place = place_of(key)
        assert place is not None
        found += [place.base_offset + record.offset for record in DefaultRecordBatch(store.get("broker", key))]
    return found


def objects(store: MemoryStore, topic: str) -> int:
    return len(store.list("broker", _FOLDER.format(topic)))


def commit(store: MemoryStore, group: str, topic: str, offset: int) -> None:
    store.put("broker", _GROUP.format(group, topic), json.dumps({"offset": offset}).encode())


def test_small_batches_become_few_and_keep_their_records(store: KilledStore) -> None:
    log = log_of(store)
    add(store, "t", 0, 2000)
    assert log.tidy(NOW_MS) == Tidied(0, 0)  # consumers may just be fetching what is new
    assert log.tidy(NOW_MS).joined == 2000
    assert offsets(store, "t") == list(range(2000))
    assert objects(store, "t") < 10


def test_what_grows_on_is_joined_again_until_it_is_large(store: KilledStore) -> None:
    log, most = log_of(store), 0
    for first in range(0, 3000, 20):
        add(store, "t", first, 20)
        log.tidy(NOW_MS)
        most = max(most, objects(store, "t"))
    assert most < 3000 // 400 + 100
    assert offsets(store, "t") == list(range(3000))


@pytest.mark.parametrize("removals", [0, 1, 30, 49])
def test_a_kill_while_joining_loses_nothing_and_leaves_nothing(store: KilledStore, removals: int) -> None:
    add(store, "t", 0, 64, size=1200)  # the first fifty and some are joined, and are then too large to be joined again
    log = log_of(store)
    log.tidy(NOW_MS)
    store.last_removals = removals
    with pytest.raises(StoreUnavailable):
        log.tidy(NOW_MS)
    assert set(offsets(store, "t")) == set(range(64))
    store.last_removals = 10**9
    after = log_of(store)
    after.tidy(NOW_MS)
    after.tidy(NOW_MS)
    assert offsets(store, "t") == list(range(64))


def test_a_topic_keeps_what_it_says_and_what_a_group_has_yet_to_read(store: KilledStore) -> None:
    old_ms = NOW_MS - 2 * HOUR_MS
    for topic in ("ticks", "handled", "unread", "always"):
        add(store, topic, 0, 10, time_ms=old_ms)
        add(store, topic, 10, 5)
    for group, topic, offset in (("a", "handled", 15), ("b", "handled", 12), ("a", "unread", 15), ("b", "unread", 4)):
        commit(store, group, topic, offset)
    log = log_of(store, ticks=1, handled=1, unread=1)
    log.tidy(NOW_MS)
    assert log.tidy(NOW_MS).removed == 10 + 10 + 4
    assert offsets(store, "ticks") == offsets(store, "handled") == list(range(10, 15))
    assert offsets(store, "unread") == list(range(4, 15))
    assert offsets(store, "always") == list(range(15))


def test_old_and_new_are_not_joined_so_that_the_old_can_go(store: KilledStore) -> None:
    for hour in range(10):
        add(store, "t", hour * 20, 20, time_ms=NOW_MS + hour * HOUR_MS)
    log = log_of(store, t=16)
    log.tidy(NOW_MS)
    log.tidy(NOW_MS + 9 * HOUR_MS)
    assert objects(store, "t") == 3 + 20  # three of at most two hours, and a run that may still grow
    log.tidy(NOW_MS + 20 * HOUR_MS)
    assert offsets(store, "t") == list(range(60, 200))


def test_a_damaged_batch_stops_nothing_and_is_not_touched(store: KilledStore) -> None:
    add(store, "t", 0, 100)
    broken = f"{_FOLDER.format('t')}{50:020d}.batch"
    store.put("broker", broken, b"half a batch")
    log = log_of(store)
    log.tidy(NOW_MS)
    log.tidy(NOW_MS)
    assert store.get("broker", broken) == b"half a batch"
    assert objects(store, "t") == 3
