"""Adapters that were taken back, as every process hears of them itself: another may be the one that consumes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from semblance.contracts import registry
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker, Reader
from semblance.eventbus.errors import BrokerUnavailable, MalformedEvent
from semblance.eventbus.record import Record
from semblance.kernel.ids import AdapterId

_log = logging.getLogger(__name__)
_POLL_S: Final = 0.1
_AGAIN_S: Final = 0.5
_JOIN_S: Final = 5.0
TOPIC: Final = registry.topic_of(training_pb.AdapterRemoved).name


class Removals:
    """Follows the topic from its beginning, in no group; each removal is told once, also after the broker was away."""

    def __init__(self, broker: Broker, told: Callable[[AdapterId], None]) -> None:
        self._broker = broker
        self._told = told
        self._read: dict[int, int] = {}  # partition: offset of the last record
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="removals", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._stop.set()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                reader = self._broker.reader([TOPIC])
                try:
                    self._follow(reader)
                finally:
                    reader.close()
            except BrokerUnavailable as error:
                _log.warning("removals of adapters wait for the broker", extra={"error_code": error.code})
                self._stop.wait(_AGAIN_S)

    def _follow(self, reader: Reader) -> None:
        while not self._stop.is_set():
            for record in reader.poll(_POLL_S):
                if record.offset > self._read.get(record.partition, -1):
                    self._read[record.partition] = record.offset
                    self._take(record)

    def _take(self, record: Record) -> None:
        try:
            message = envelope.from_record(record).message
        except MalformedEvent as error:  # the consumer puts it among the dead letters
            _log.error("unreadable event of an adapter", extra={"error_code": error.code, "offset": record.offset})
            return
        if isinstance(message, training_pb.AdapterRemoved | training_pb.AdapterRevoked):
            self._told(AdapterId(message.adapter_id))
