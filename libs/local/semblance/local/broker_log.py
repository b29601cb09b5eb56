"""Keeps the local broker's log short: one object a batch makes every fetch slower, until none is answered any more.

The broker lists a partition's whole log for each fetch that finds something, and never removes a record (decision 46).
So small batches are joined here, and what a topic no longer keeps is removed. A kill at any moment loses nothing: the
joined batch lies under the first one's offset before the others go, from the first to the last, so a fetch always finds
the record it wants. Until they are gone it may find one twice, which consumers here expect.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from semblance.eventbus.tansu_batches import Batch, Place, joined, place_of, read
from semblance.kernel.errors import SemblanceError
from semblance.kernel.units import KIB
from semblance.objects.ports import ObjectStore

_TOPICS = "clusters/tansu_cluster/topics/"
_GROUPS = "clusters/tansu_cluster/groups/consumers/"
_GROUPS_OFFSET = re.compile(r".*/offsets/(?P<topic>[^/]+)/partitions/(?P<partition>\d+)\.json")
_JOIN_FROM = 32
_JOINED_BYTES = 64 * KIB  # what is as large as this is not written again
_READS = 3000  # a pass; the rest of a long log waits for the next
_SPANS = 8  # a joined batch spans an eighth of what its topic keeps, so that it goes soon after its oldest record could
_EVERY_S = 20.0


@dataclass(frozen=True)
class Tidied:
    """What a pass did: batches that went into another one, and batches that had been kept long enough."""

    joined: int
    removed: int


@dataclass
class _Log:
    """A partition: its keys in order, from the first on for as long as each is known and may be touched."""

    topic: str
    partition: int
    batches: list[tuple[str, Batch | None]]


@dataclass
class BrokerLog:
    """The log in `bucket`. `kept_ms` says how long a topic keeps its records; -1, and who is not in it: for ever.

    One thread at a time. Safe beside the broker: what was not there a pass ago is left alone.
    """

    store: ObjectStore
    bucket: str
    kept_ms: Mapping[str, int]
    _known: set[str] = field(default_factory=set)
    # None: left alone for good. Of large ones only the head is remembered.
    _batches: dict[str, Batch | None] = field(default_factory=dict)

    def tidy(self, now_ms: int) -> Tidied:
        """One pass. Raises what the store raises; the next pass goes on where this one was broken off."""
        found = {key: place for key in self.store.list(self.bucket, _TOPICS) if (place := place_of(key))}
        settled = {key: place for key, place in found.items() if key in self._known}
        self._known = set(found)
        self._batches = {key: batch for key, batch in self._batches.items() if key in found}
        for key in itertools.islice((key for key in settled if key not in self._batches), _READS):
            self._remember(key, read(settled[key].base_offset, self.store.get(self.bucket, key)))
        went, removed = 0, 0
        for log in self._logs(settled):
            self._remove_covered(log)
            removed += self._remove_old(log, now_ms)
            for run in self._runs(log):
                self._join(run)
                went += len(run)
        return Tidied(went, removed)

    def keep(self, stop: threading.Event, report: Callable[[str], None]) -> None:
        """Tidy every 20 s until `stop`. What fails is reported once and tried again at the next pass."""
        failing = False
        while not stop.wait(_EVERY_S):
            try:
                self.tidy(int(time.time() * 1000))
                failing = False
            except (SemblanceError, ValueError, KeyError) as e:
                if not failing and not stop.is_set():
                    report(f"the broker's log was not tidied: {type(e).__name__}")
                failing = True

    def _remember(self, key: str, batch: Batch | None) -> None:
        large = batch is not None and batch.size >= _JOINED_BYTES
        self._batches[key] = replace(batch, data=b"") if batch and large else batch

    def _logs(self, settled: Mapping[str, Place]) -> Iterator[_Log]:
        """Keys sort as their offsets do. Behind one that was not read yet nothing is touched."""
        by_partition = itertools.groupby(settled.items(), lambda item: (item[1].topic, item[1].partition))
        for (topic, partition), items in by_partition:
            read_keys = itertools.takewhile(lambda key: key in self._batches, (key for key, _ in items))
            yield _Log(topic, partition, [(key, self._batches[key]) for key in read_keys])

    def _remove_covered(self, log: _Log) -> None:
        """What a joining that was broken off left: its records are in an earlier batch too."""
        end, left, covered = -1, [], []
        for key, batch in log.batches:
            if batch is not None and batch.last_offset <= end:
                covered.append(key)
                continue
            end = max(end, batch.last_offset) if batch else end
            left.append((key, batch))
        self.store.remove_each(self.bucket, covered)
        log.batches = left

    def _remove_old(self, log: _Log, now_ms: int) -> int:
        """From the beginning of the log on; how many. What a group has yet to handle stays, however old it is."""
        kept_ms = self.kept_ms.get(log.topic, -1)
        if kept_ms < 0:
            return 0
        gone: list[str] = []
        handled = None
        for key, batch in log.batches:
            if batch is None or batch.last_ms >= now_ms - kept_ms:
                break
            handled = self._handled(log) if handled is None else handled
            if batch.last_offset >= handled:
                break
            gone.append(key)
        self.store.remove_each(self.bucket, gone)
        log.batches = log.batches[len(gone) :]
        return len(gone)

    def _handled(self, log: _Log) -> int:
        """The offset that every group of this partition has come to; no limit where there is no group."""
        offsets = [sys.maxsize]
        for key in self.store.list(self.bucket, _GROUPS):
            found = _GROUPS_OFFSET.fullmatch(key)
            if found and (found["topic"], int(found["partition"])) == (log.topic, log.partition):
                offsets.append(int(json.loads(self.store.get(self.bucket, key))["offset"]))
        return min(offsets)

    def _runs(self, log: _Log) -> Iterator[list[tuple[str, Batch]]]:
        """Neighbours that are worth joining. The last run may still grow, and waits until it is long."""
        span_ms = self.kept_ms.get(log.topic, -1) // _SPANS
        run: list[tuple[str, Batch]] = []
        for key, batch in log.batches:
            small = batch if batch is not None and batch.size < _JOINED_BYTES else None
            late = small is not None and bool(run) and 0 <= span_ms < small.last_ms - run[0][1].first_ms
            if small is None or late or _is_full(run):
                if len(run) > 1:
                    yield run
                run = []
            if small is not None:
                run.append((key, small))
        if len(run) >= _JOIN_FROM or (len(run) > 1 and _is_full(run)):
            yield run

    def _join(self, run: list[tuple[str, Batch]]) -> None:
        first, base_offset = run[0][0], run[0][1].base_offset
        data = joined([batch for _, batch in run])
        self.store.put(self.bucket, first, data)
        self._remember(first, read(base_offset, data))
        self.store.remove_each(self.bucket, [key for key, _ in run[1:]])


def _is_full(run: list[tuple[str, Batch]]) -> bool:
    return sum(batch.size for _, batch in run) >= _JOINED_BYTES
