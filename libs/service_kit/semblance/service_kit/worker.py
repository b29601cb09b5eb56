"""Threads that claim work, keep its lease alive, run it and settle it."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opentelemetry.trace import SpanKind, Status, StatusCode

from semblance.kernel.errors import Kind, QuotaExceeded, SemblanceError, Unavailable
from semblance.service_kit import metrics, work_queue
from semblance.service_kit.database import Database, DatabaseUnavailable, Unit
from semblance.service_kit.tracing import context_of, tracer
from semblance.service_kit.work import Cancelled, Settle, WorkContext, WorkItem, WorkKind
from semblance.service_kit.work_queue import Claim

_log = logging.getLogger(__name__)
_RETRIED = frozenset({Kind.UNAVAILABLE, Kind.QUOTA})
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_HEARTBEAT_S = 0.5


@dataclass
class _Run:
    """An item that runs now."""

    claim: Claim
    context: WorkContext
    spec: WorkKind
    renewed_s: float


class Worker:
    """Runs items of the given kinds from one database."""

    def __init__(self, database: Database, kinds: Mapping[str, WorkKind], *, poll_s: float = 0.2) -> None:
        self._database = database
        self._kinds = dict(kinds)
        self._following = {
            kind: work_queue.OLDEST if spec.first is None else work_queue.next_by(spec.first)
            for kind, spec in self._kinds.items()
        }
        self._poll_s = poll_s
        self._changed = threading.Condition()
        self._wakes = dict.fromkeys(self._kinds, 0)
        self._running: dict[str, _Run] = {}
        self._draining = threading.Event()
        self._ended = threading.Event()
        database.on_commit(self._wake)

    def run_kind(self, kind: str) -> None:
        """Claim and run items of `kind` until drain(); one thread's whole life."""
        pause_s = 0.0
        while not self._draining.is_set():
            wakes = self._wakes[kind]
            try:
                ran = self.run_once(kind)
                pause_s = 0.0
            except DatabaseUnavailable as error:
                pause_s = min(max(_FIRST_PAUSE_S, 2 * pause_s), _LONGEST_PAUSE_S / 4)
                _log.warning("work waits for the database", extra={"work_kind": kind, "error_code": error.code})
                self._draining.wait(pause_s)
                continue
            if not ran:
                with self._changed:
                    self._changed.wait_for(lambda: self._wakes[kind] != wakes, self._poll_s)  # noqa: B023 - used at once

    def run_once(self, kind: str) -> bool:
        """Run one item of `kind` if one is due; whether there was one."""
        spec = self._kinds[kind]
        with self._database.read() as session:
            if not work_queue.waiting(session.connection(), kind, self._now(), spec.lease_s):
                return False
        with self._database.transaction() as unit:
            claim = work_queue.claim(unit.session.connection(), kind, unit.now(), spec.lease_s, self._following[kind])
        if claim is None:
            return False
        self._attend(claim, spec)
        return True

    def heartbeat(self) -> None:
        """Renew leases and notice cancellations until ended; one thread's whole life."""
        while not self._ended.wait(_HEARTBEAT_S):
            with self._changed:
                running = list(self._running.values())
            for run in running:
                self._beat(run)

    def drain(self, timeout_s: float) -> bool:
        """Take no more; wait for what runs, then interrupt it. False if something still runs after `timeout_s`.

        What was interrupted, or still runs, is given back to the queue without counting as an attempt.
        """
        self._draining.set()
        self._wake_up(self._kinds)
        deadline = time.monotonic() + timeout_s
        idle = self._await_idle(deadline - 0.3 * timeout_s)
        if not idle:
            with self._changed:
                for run in self._running.values():
                    run.context.stop()
            idle = self._await_idle(deadline)
        self._ended.set()
        if not idle:
            self._abandon()
        return idle

    def _attend(self, claim: Claim, spec: WorkKind) -> None:
        item = WorkItem(claim.id, claim.kind, claim.aggregate_id, claim.payload, claim.attempt)
        context = WorkContext(self._database, claim, spec.patience_s)
        parent = context_of(claim.traceparent)
        started_s = time.monotonic()
        with tracer().start_as_current_span(f"work {claim.kind}", context=parent, kind=SpanKind.CONSUMER) as span:
            span.set_attributes({"semblance.aggregate_id": claim.aggregate_id, "semblance.attempt": claim.attempt})
            with self._changed:
                self._running[claim.token] = _Run(claim, context, spec, started_s)
            try:
                outcome = self._outcome(item, claim, context, spec)
            finally:
                with self._changed:
                    del self._running[claim.token]
                    self._changed.notify_all()
            span.set_attribute("semblance.outcome", outcome)
            if outcome in {"failed", "retried"}:
                span.set_status(Status(StatusCode.ERROR, outcome))
            duration_s = time.monotonic() - started_s
            metrics.work_done(claim.kind, outcome, duration_s)
            fields = {"work_kind": claim.kind, "aggregate_id": claim.aggregate_id, "attempt": claim.attempt}
            _log.info("work", extra={**fields, "outcome": outcome, "duration_s": round(duration_s, 3)})

    def _outcome(self, item: WorkItem, claim: Claim, context: WorkContext, spec: WorkKind) -> str:
        if claim.cancelled:
            return self._stopped(claim, spec, item)
        if claim.attempt > spec.max_attempts:
            return self._settle(claim, spec, item, lambda unit: spec.failed(item, None, unit), "failed")
        try:
            settle = spec.run(item, context)
            return self._settle(claim, spec, item, settle, "done")
        except Cancelled:
            return self._stopped(context.claim, spec, item)
        except SemblanceError as error:
            return self._refused(item, context.claim, spec, error)
        except Exception as error:  # noqa: BLE001 - the service's own bug: it is logged, retried and then failed
            fields = {"work_kind": claim.kind, "aggregate_id": claim.aggregate_id, "attempt": claim.attempt}
            _log.error("work raised", exc_info=error, extra=fields)
            return self._retry_or_fail(item, context.claim, spec, None, self._pause_s(context.claim.attempt))

    def _settle(self, claim: Claim, spec: WorkKind, item: WorkItem, settle: Settle, outcome: str) -> str:
        with self._database.transaction() as unit:
            state = work_queue.hold(unit.session.connection(), claim)
            if state is None:
                return "lost"
            if state == work_queue.CANCELLING:
                self._drop_cancelled(unit, claim, spec, item)
                return "cancelled"
            settle(unit)
            work_queue.finish(unit.session.connection(), claim)
        return outcome

    def _stopped(self, claim: Claim, spec: WorkKind, item: WorkItem) -> str:
        """run() left early: cancelled by the service, or interrupted because the process stops."""
        with self._database.transaction() as unit:
            connection = unit.session.connection()
            state = work_queue.hold(connection, claim)
            if state is None:
                return "lost"
            if state == work_queue.CANCELLING:
                self._drop_cancelled(unit, claim, spec, item)
                return "cancelled"
            work_queue.give_back(connection, claim, not_before=unit.now(), counts=not self._draining.is_set())
        return "interrupted"

    def _refused(self, item: WorkItem, claim: Claim, spec: WorkKind, error: SemblanceError) -> str:
        fields = {"work_kind": claim.kind, "aggregate_id": claim.aggregate_id, "error_code": error.code}
        _log.warning("work refused", extra={**fields, "error_kind": error.kind.value, "attempt": claim.attempt})
        if error.kind not in _RETRIED:
            return self._settle(claim, spec, item, lambda unit: spec.failed(item, error, unit), "failed")
        pause_s = self._pause_s(claim.attempt)
        if isinstance(error, QuotaExceeded):
            pause_s = max(pause_s, min(float(error.retry_after_s), work_queue.LONGEST_DELAY_S))
        return self._retry_or_fail(item, claim, spec, error, pause_s)

    def _retry_or_fail(
        self, item: WorkItem, claim: Claim, spec: WorkKind, error: SemblanceError | None, pause_s: float
    ) -> str:
        last = claim.attempt >= spec.max_attempts
        if last and not self._waits(claim, spec, error):
            return self._settle(claim, spec, item, lambda unit: spec.failed(item, error, unit), "failed")
        with self._database.transaction() as unit:
            connection = unit.session.connection()
            state = work_queue.hold(connection, claim)
            if state is None:
                return "lost"
            if state == work_queue.CANCELLING:
                self._drop_cancelled(unit, claim, spec, item)
                return "cancelled"
            later = unit.now() + dt.timedelta(seconds=pause_s)
            # Of one that only waited the last attempts are not spent: they are for what kills the process.
            forgiven = max(1, spec.max_attempts // 2) if last else 0
            work_queue.give_back(connection, claim, not_before=later, counts=True, forgiven=forgiven)
        return "retried"

    def _waits(self, claim: Claim, spec: WorkKind, error: SemblanceError | None) -> bool:
        """Whether it is asked again however often it was."""
        if not isinstance(error, Unavailable):
            return False
        waited = self._now() - claim.queued_at
        return spec.patient or (error.away and waited < dt.timedelta(seconds=spec.patience_s))

    @staticmethod
    def _drop_cancelled(unit: Unit, claim: Claim, spec: WorkKind, item: WorkItem) -> None:
        if spec.cancelled is not None:
            spec.cancelled(item, unit)
        work_queue.finish(unit.session.connection(), claim)

    def _beat(self, run: _Run) -> None:
        try:
            with self._database.read() as session:
                state = work_queue.state_of(session.connection(), run.claim)
            now_s = time.monotonic()
            if state is not None and now_s - run.renewed_s > run.spec.lease_s / 4:
                with self._database.transaction() as unit:
                    state = work_queue.renew(unit.session.connection(), run.claim, unit.now(), run.spec.lease_s)
                run.renewed_s = now_s
        except DatabaseUnavailable as error:
            _log.warning("lease not renewed", extra={"work_kind": run.claim.kind, "error_code": error.code})
            return
        if state != work_queue.CLAIMED:
            run.context.stop()

    def _abandon(self) -> None:
        with self._changed:
            running = list(self._running.values())
        for run in running:
            with self._database.transaction() as unit:
                work_queue.give_back(unit.session.connection(), run.context.claim, not_before=unit.now(), counts=False)

    def _await_idle(self, deadline_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, max(0.0, deadline_s - time.monotonic()))

    def _wake(self, unit: Unit) -> None:
        """Those who do what was queued: a look into the queue for nothing costs as much as an event's transaction."""
        queued = unit.enqueued & self._kinds.keys()
        if queued:
            self._wake_up(queued)

    def _wake_up(self, kinds: Iterable[str]) -> None:
        with self._changed:
            for kind in kinds:
                self._wakes[kind] += 1
            self._changed.notify_all()

    def _now(self) -> dt.datetime:
        return self._database.clock.now()

    @staticmethod
    def _pause_s(attempt: int) -> float:
        """Doubling from half a second to a minute, spread by a quarter so that workers do not march in step."""
        spread = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        return min(_FIRST_PAUSE_S * 2.0 ** (attempt - 1), _LONGEST_PAUSE_S) * spread
