"""A team: a group of its own with one reader, which takes its time over each event and remembers what it had."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loadtests.teams import contract
from loadtests.teams.contract import BrokenContract, Event
from loadtests.teams.inlet import Door, Inlet
from semblance.eventbus.record import Record
from semblance.kernel.errors import Unavailable

_POLL_S = 0.5
_AT_ONCE = 50
# A slow team's batch ends well before kafka-python's five minutes without a poll are over.
_BATCH_S = 60.0


@dataclass(frozen=True)
class Arrived:
    """An event's first arrival: `seen` is when the team had it in its hands, Unix time."""

    event: Event
    partition: int
    offset: int
    seen: float


@dataclass
class Team:
    """`with Team(...) as team:`; a thread of its own. `first`: an event's first arrival by its id, in the order of
    arriving, which is its one effect; `again`: how often an event came once more; `malformed`: places of what breaks
    the contract; `reached`: by topic and partition the highest offset that was handled; `away`: how often the client
    failed and was made anew."""

    name: str
    group: str
    topics: Sequence[str]
    pause_s: float
    door: Door
    clock: Callable[[], float] = time.time
    since: float = 0.0
    first: dict[str, Arrived] = field(default_factory=dict)
    again: int = 0
    malformed: set[tuple[str, int, int]] = field(default_factory=set)
    reached: dict[tuple[str, int], int] = field(default_factory=dict)
    away: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Team:
        self.since = self.clock()
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)

    def delays(self) -> list[float]:
        """Seconds from each event's own time to its arrival; older ones than the team were only waiting for it."""
        return [each.seen - each.event.at for each in list(self.first.values()) if each.event.at >= self.since]

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                inlet = self.door(self.group, self.topics)
                try:
                    self._read(inlet)
                finally:
                    with contextlib.suppress(Unavailable):
                        inlet.close()
            except Unavailable:
                self.away += 1
                self._stop.wait(1.0)

    def _read(self, inlet: Inlet) -> None:
        at_once = max(1, min(_AT_ONCE, int(_BATCH_S / self.pause_s))) if self.pause_s else _AT_ONCE
        while not self._stop.is_set():
            records = inlet.poll(_POLL_S, at_once)
            for record in records:
                self._handle(record)
                if self.pause_s and self._stop.wait(self.pause_s):
                    return  # not committed: a team that ends in the middle gets it again
            if records:
                inlet.commit(records)

    def _handle(self, record: Record) -> None:
        seen, place = self.clock(), (record.topic, record.partition)
        try:
            event = contract.read(record)
        except BrokenContract:
            self.malformed.add((*place, record.offset))
        else:
            if event.event_id in self.first:
                self.again += 1
            else:
                self.first[event.event_id] = Arrived(event, record.partition, record.offset, seen)
        self.reached[place] = max(self.reached.get(place, -1), record.offset)
