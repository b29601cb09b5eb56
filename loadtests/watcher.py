"""The Kafka side: reads the public topics as another team would, from their beginning and on, and times every event.

It goes on through a broker that is killed: it reads again from the beginning, and an event counts once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.reconcile import Told
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker
from semblance.eventbus.errors import MalformedEvent
from semblance.kernel.errors import Unavailable

TOPICS = (
    "ingest.photo.v1",
    "training.adapter.v1",
    "generation.image.v1",
    "safety.verdict.v1",
    "provenance.manifest.v1",
    "identity.consent.v1",
)
_POLL_S = 0.2
_THINGS = ("image_id", "adapter_id", "photo_id", "consent_id")


@dataclass(frozen=True)
class Heard:
    """Where an event lies on the log, at its first place there, and when its producer made it (Unix time)."""

    topic: str
    partition: int
    offset: int
    key: str
    name: str
    at: float


@dataclass
class Watcher:
    """`with Watcher(broker) as watcher:`; a thread of its own. `told`, `delays`, `heard` and the places of what is
    `malformed` grow while it watches. Of topics beyond TOPICS it only remembers what lies there (`heard`)."""

    broker: Broker
    topics: Sequence[str] = TOPICS
    clock: Callable[[], float] = time.time
    told: dict[str, Told] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    delays: list[tuple[str, float]] = field(default_factory=list)
    malformed: set[tuple[str, int, int]] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    # How often somebody asked for everything up to now, and the last of those that a reader begun since has answered.
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _asked: int = 0
    _answered: int = -1
    _since: float = 0.0
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watcher:
        self._since = self.clock()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)

    def catch_up(self, timeout_s: float = 60.0) -> bool:
        """Wait until everything that is on the topics now was read, by a reader begun now: one that has once caught up
        says so for ever."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            return self._turn.wait_for(lambda: self._answered >= mine, timeout_s)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except Unavailable:
                self._stop.wait(1.0)  # the broker is away; from the beginning when it is back

    def _read(self) -> None:
        turn = self._asked
        reader = self.broker.reader(self.topics)
        try:
            while not self._stop.is_set() and turn == self._asked:
                for record in reader.poll(_POLL_S):
                    self._note(record)
                if self._answered < turn and reader.caught_up():
                    with self._turn:
                        self._answered = turn
                        self._turn.notify_all()
        finally:
            reader.close()

    def _note(self, record: Any) -> None:
        try:
            event = envelope.from_record(record)
        except MalformedEvent:
            self.malformed.add((record.topic, record.partition, record.offset))
            return
        if event.event_id in self.heard:
            return
        seen, at, name = self.clock(), event.time.timestamp(), event.type.rpartition(".")[2]
        self.heard[event.event_id] = Heard(record.topic, record.partition, record.offset, record.key, name, at)
        if record.topic not in TOPICS:
            return
        message = event.message
        thing_id = next(value for name in _THINGS if (value := getattr(message, name, "")))
        self.told[event.event_id] = Told(
            event.event_id, record.topic, name, event.source, at, seen, thing_id,
            message.subject_id, message.consent_id,  # type: ignore[attr-defined]
            message.sha256 if name == "ImagePublished" else "",  # type: ignore[attr-defined]
        )  # fmt: skip
        if at >= self._since:  # older ones were only waiting for us
            self.delays.append((record.topic, seen - at))
