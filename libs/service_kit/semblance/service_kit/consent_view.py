"""Every consent, in memory, in every service: a question about consent is answered here and now.

The topic is read from its beginning by every process. A yes rests on news that are at most a second old (`fresh_s`):
whoever was paused, starved of the processor or cut off from the broker waits for fresher ones first. The view is stale,
and refuses at once, when it has not heard from the broker for `max_age_s`: a revocation might be waiting there.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import Message

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker, Reader
from semblance.eventbus.errors import BrokerUnavailable, MalformedEvent
from semblance.eventbus.record import Record
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentMissing, Unavailable
from semblance.kernel.ids import ConsentId, SubjectId
from semblance.service_kit import metrics

_log = logging.getLogger(__name__)
_POLL_S = 0.1
TOPIC = registry.topic_of(events_pb2.ConsentGranted).name
_PURPOSES = {
    events_pb2.PURPOSE_PHOTOS: Purpose.PHOTOS,
    events_pb2.PURPOSE_TRAIN: Purpose.TRAIN,
    events_pb2.PURPOSE_GENERATE: Purpose.GENERATE,
}


class ConsentViewStale(Unavailable):
    """Consents are not known well enough right now to say yes."""

    code = "consent-view-stale"
    away = True


class Consents(Protocol):
    """What services ask; ConsentView and testing.FakeConsentView answer."""

    def ready(self) -> bool: ...

    def require(
        self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None
    ) -> Consent: ...

    def on_revoked(self, callback: Callable[[Consent], None]) -> None: ...

    def get(self, consent_id: str) -> Consent | None: ...


class ConsentView:
    """The consents as the topic tells them; the highest revision of each counts, whatever order they come in."""

    def __init__(
        self,
        broker: Broker,
        clock: Clock,
        max_age_s: float = 10,
        *,
        fresh_s: float = 1.0,
        wait_s: float | None = None,
        patience_s: float = 1.0,
    ) -> None:
        """`fresh_s`: how old the news may be that a yes rests on. `wait_s`: how long a question waits for fresher ones;
        max_age_s unless told. `patience_s`: how long a question about an unknown consent waits for it, since whoever
        was just told of their consent asks before its event has come round to every process."""
        self._broker = broker
        self._clock = clock
        self._max_age_s = max_age_s
        self._fresh_s = min(fresh_s, max_age_s)
        self._wait_s = max_age_s if wait_s is None else wait_s
        self._patience_s = patience_s
        self._lock = threading.Condition()
        self._consents: dict[str, Consent] = {}
        self._callbacks: list[Callable[[Consent], None]] = []
        self._heard_at_s: float | None = None
        self._caught_up = False
        self._began = clock.now()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow the topic, in a thread."""
        self._began = self._clock.now()
        self._thread = threading.Thread(target=self.run, args=(self._stop,), name="consent-view", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following; ready() turns false in time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def ready(self) -> bool:
        """Whether everything on the topic had been read, and the broker was heard from within max_age_s."""
        return self._heard_within(self._max_age_s)

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        """The consent, if it covers `purpose` for `subject_id` now, asked by `grantee_id` or by the subject.

        A yes rests on news of the last `fresh_s`, or on such as were asked for after the question was put, for which it
        waits.
        Raises ConsentViewStale, ConsentMissing, ConsentRevoked, ConsentExpired. A known revocation refuses even
        when the view is stale.
        """
        known = self.get(consent_id)
        if known is not None:
            known.require(subject_id=subject_id, purpose=purpose, now=self._clock.now(), grantee_id=grantee_id)
        self._await_news()
        # Read after the news are known to be fresh, never before.
        consent = self.get(consent_id) or self._awaited(consent_id)
        if consent is None:
            raise ConsentMissing
        consent.require(subject_id=subject_id, purpose=purpose, now=self._clock.now(), grantee_id=grantee_id)
        return consent

    def on_revoked(self, callback: Callable[[Consent], None]) -> None:
        """Call `callback` once for every consent found revoked, also for those revoked before the start."""
        with self._lock:
            self._callbacks.append(callback)
            revoked = [consent for consent in self._consents.values() if consent.revoked_at]
        for consent in revoked:
            callback(consent)

    def get(self, consent_id: str) -> Consent | None:
        """The highest revision known, or None; says nothing about whether it still stands."""
        with self._lock:
            return self._consents.get(consent_id)

    def known(self) -> list[Consent]:
        """Every consent at the highest revision known, ended ones included."""
        with self._lock:
            return list(self._consents.values())

    def _heard_within(self, age_s: float) -> bool:
        with self._lock:
            return self._age_s() <= age_s

    def _age_s(self) -> float:
        """Of the latest news, in seconds; called with the lock held."""
        if not self._caught_up or self._heard_at_s is None:
            return math.inf
        return self._clock.monotonic_s() - self._heard_at_s

    def _await_news(self) -> None:
        """Wait until the news are fresh, or were asked of the broker after this began: a broker that is slow to answer
        makes every question slow, but none unanswerable. Raises ConsentViewStale when they are too old to wait, or do
        not come."""
        with self._lock:
            began_s, until_s = self._clock.monotonic_s(), time.monotonic() + self._wait_s
            while (age_s := self._age_s()) > max(self._fresh_s, self._clock.monotonic_s() - began_s):
                left_s = until_s - time.monotonic()
                if age_s > self._max_age_s or left_s <= 0:
                    raise ConsentViewStale("the list of consents is not up to date")
                self._lock.wait(min(left_s, _POLL_S))

    def _awaited(self, consent_id: str) -> Consent | None:
        with self._lock:
            self._lock.wait_for(lambda: consent_id in self._consents, timeout=self._patience_s)
            return self._consents.get(consent_id)

    def run(self, stop: threading.Event) -> None:
        """Follow the topic until `stop`, making a new reader whenever the broker was lost."""
        while not stop.is_set():
            try:
                reader = self._broker.reader([TOPIC])
                try:
                    self._follow(reader, stop)
                finally:
                    reader.close()
            except BrokerUnavailable as error:
                _log.warning("consents wait for the broker", extra={"error_code": error.code})
                stop.wait(0.5)

    def _follow(self, reader: Reader, stop: threading.Event) -> None:
        while not stop.is_set():
            for record in reader.poll(_POLL_S):
                self._take(record)
            if not reader.caught_up():
                continue  # also a new reader after an outage: what was withdrawn meanwhile may be still to come
            with self._lock:
                self._heard_at_s = self._clock.monotonic_s() - reader.heard_ago_s()
                self._caught_up = True
                self._lock.notify_all()

    def _take(self, record: Record) -> None:
        try:
            event = envelope.from_record(record)
        except MalformedEvent as error:
            _log.error("unreadable consent event", extra={"error_code": error.code, "offset": record.offset})
            return
        consent = consent_of(event.message)
        with self._lock:
            known = self._consents.get(consent.id)
            if known is not None and known.revision >= consent.revision:
                return
            self._consents[consent.id] = consent
            self._lock.notify_all()
            callbacks = list(self._callbacks)
        if consent.revoked_at:
            for callback in callbacks:
                callback(consent)
            self._tell_lag(event.time)

    def _tell_lag(self, revoked: dt.datetime) -> None:
        """How late a running process heard of a revocation, from its own start at most. One from before the start is
        history that every process reads, unless it came when this one had read everything: then it was held up."""
        if self._caught_up or revoked >= self._began:
            metrics.revocation_applied((self._clock.now() - max(revoked, self._began)).total_seconds())


def consent_of(message: Message) -> Consent:
    """The consent that a ConsentGranted, ConsentRevoked or ConsentState carries."""
    state = message if isinstance(message, events_pb2.ConsentState) else message.state  # type: ignore[attr-defined]
    return Consent(
        id=ConsentId(state.consent_id),
        subject_id=SubjectId(state.subject_id),
        revision=state.revision,
        purposes=frozenset(_PURPOSES[p] for p in state.purposes if p in _PURPOSES),
        granted_at=state.granted_at.ToDatetime(tzinfo=dt.UTC),
        expires_at=state.expires_at.ToDatetime(tzinfo=dt.UTC),
        revoked_at=state.revoked_at.ToDatetime(tzinfo=dt.UTC) if state.HasField("revoked_at") else None,
        grantee_id=SubjectId(state.grantee_id) if state.grantee_id else None,
    )
