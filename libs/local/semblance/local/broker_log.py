"""Keeps the local broker's log short: one object a batch makes every fetch slower, until none is answered any more.

The broker lists a partition's whole log for each fetch that finds something (decision 46). So small neighbours are
joined here. Nothing is lost by a kill at any moment: the joined batch lies under the first one's offset a whole pass
before the others go, from the first to the last, so a fetch always finds the record it wants. Until then somebody who
reads from the beginning finds some twice, which consumers here expect. A partition's very first batch is never touched:
where the log begins the broker tells by the oldest object.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from semblance.eventbus.tansu_batches import Batch, base_offset_of, joined, read
from semblance.kernel.units import KIB
from semblance.objects.ports import ObjectStore

_TOPICS = "clusters/tansu_cluster/topics/"
_JOIN_FROM = 32
_FULL_BYTES = 64 * KIB
_LARGE_BYTES = 32 * KIB  # is not written again; a joined batch is smaller than what went into it, by their heads
_READS = 3000  # a pass; the rest of a long log waits for the next
_EVERY_S = 20.0

_Kept = tuple[str, Batch]


@dataclass
class BrokerLog:
    """The log in `bucket`. One thread at a time; beside the broker, as what was not there a pass ago is left alone."""

    store: ObjectStore
    bucket: str
    _known: set[str] = field(default_factory=set)
    # None: left alone for good. Of large ones only the head is remembered.
    _batches: dict[str, Batch | None] = field(default_factory=dict)

    def tidy(self) -> int:
        """One pass; the number of batches that went into others. Raises what the store raises; the next goes on."""
        partitions = list(self._partitions())
        fresh = itertools.chain.from_iterable(keys[1:] for keys in partitions)
        for key in itertools.islice((key for key in fresh if key not in self._batches), _READS):
            base_offset = base_offset_of(key)
            batch = None if base_offset is None else read(base_offset, self.store.get(self.bucket, key))
            large = batch is not None and batch.size >= _LARGE_BYTES
            self._batches[key] = replace(batch, data=b"") if batch and large else batch
        went = 0
        for keys in partitions:
            known = itertools.takewhile(lambda key: key in self._batches, keys[1:])
            left = self._without_covered([(key, self._batches[key]) for key in known])
            for run in _runs(left):
                self._join(run)
                went += len(run)
        return went

    def keep(self, stop: threading.Event, report: Callable[[str], None]) -> None:
        """Tidy every 20 s until `stop`. What fails is reported once and tried again at the next pass."""
        failing = False
        while not stop.wait(_EVERY_S):
            try:
                self.tidy()
                failing = False
            except Exception as e:  # noqa: BLE001 - a thread that ended would be missed by nobody until the log is long
                if not failing and not stop.is_set():
                    report(f"the broker's log was not tidied: {type(e).__name__}")
                failing = True

    def _partitions(self) -> Iterator[list[str]]:
        """The keys of each in order, up to the first that was not there a pass ago: batches are written side by side,
        so an earlier one may still come."""
        found = [key for key in self.store.list(self.bucket, _TOPICS) if base_offset_of(key) is not None]
        known, self._known = self._known, set(found)
        self._batches = {key: batch for key, batch in self._batches.items() if key in self._known}
        for _, keys in itertools.groupby(found, lambda key: key.rpartition("/")[0]):
            yield list(itertools.takewhile(lambda key: key in known, keys))

    def _without_covered(self, batches: list[tuple[str, Batch | None]]) -> list[tuple[str, Batch | None]]:
        """Remove what an earlier batch holds too: the last pass has joined it, or one that was killed."""
        end, left, covered = -1, [], []
        for key, batch in batches:
            if batch is not None and batch.last_offset <= end:
                covered.append(key)
                continue
            end = batch.last_offset if batch else end
            left.append((key, batch))
        self.store.remove_each(self.bucket, covered)
        return left

    def _join(self, run: list[_Kept]) -> None:
        """Put the joined batch; it is read again before the others go."""
        first = run[0][0]
        self.store.put(self.bucket, first, joined([batch for _, batch in run]))
        del self._batches[first]


def _runs(batches: list[tuple[str, Batch | None]]) -> Iterator[list[_Kept]]:
    """Neighbours without a gap that are worth joining. The last run may still grow, and waits until it is long."""
    run: list[_Kept] = []
    for key, batch in batches:
        small = batch if batch is not None and batch.size < _LARGE_BYTES else None
        if small is None or _is_full(run) or (run and small.base_offset != run[-1][1].last_offset + 1):
            if len(run) > 1:
                yield run
            run = []
        if small is not None:
            run.append((key, small))
    if len(run) >= _JOIN_FROM or (len(run) > 1 and _is_full(run)):
        yield run


def _is_full(run: list[_Kept]) -> bool:
    return sum(batch.size for _, batch in run) >= _FULL_BYTES
