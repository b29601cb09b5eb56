"""What services' own tests need: a migrated database, events delivered twice, work run inline, a consent list."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa
from google.protobuf.message import Message

from semblance.contracts import registry
from semblance.eventbus import envelope
from semblance.eventbus.record import Record
from semblance.eventbus.tables import outbox
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentMissing
from semblance.kernel.ids import ConsentId, SubjectId, new_id
from semblance.service_kit.consent_view import ConsentViewStale
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.runtime import Application
from semblance.service_kit.work import WorkKind
from semblance.service_kit.worker import Worker


def database(
    tmp_path: Path, migrations_dir: Path, *, source: str = "test", clock: Clock | None = None, url: str | None = None
) -> Database:
    """A migrated database of its own: SQLite under `tmp_path`, or `url`."""
    made = Database(url or f"sqlite:///{tmp_path}/{source}.sqlite", source=source, clock=clock)
    made.migrate(migrations_dir)
    return made


def deliver(
    subscription: Subscription, database: Database, message: Message, times: int = 2, *, event_id: str | None = None
) -> list[str]:
    """Deliver one event `times` times, through its wire form; the outcomes, such as ["handled", "duplicate"].

    Raises what the handler raises.
    """
    record = envelope.to_record(
        message, source="test", event_id=event_id or new_id(), time=database.clock.now(), traceparent=None
    )
    return [subscription.apply(database, envelope.from_record(record)) for _ in range(times)]


def run_work(work: Application | Mapping[str, WorkKind], database: Database, *, limit: int = 1000) -> int:
    """Run every item that is due, inline and without threads, until none is; how many runs there were.

    A retried item is due later: move the clock and call again.
    """
    kinds = work.work if isinstance(work, Application) else work
    worker = Worker(database, kinds)
    runs = 0
    while runs < limit:
        ran = sum(worker.run_once(kind) for kind in kinds)
        if not ran:
            break
        runs += ran
    return runs


def emitted(database: Database) -> list[Message]:
    """Every message waiting in the outbox, oldest first."""
    with database.read() as session:
        rows = session.execute(sa.select(outbox).order_by(outbox.c.sequence)).all()
    headers = [tuple((name, text.encode()) for name, text in row.headers) for row in rows]
    records = [Record(row.topic, row.key, row.value, head) for row, head in zip(rows, headers, strict=True)]
    return [envelope.from_record(record).message for record in records]


def forget_emitted(database: Database) -> None:
    """Empty the outbox, as a relay would."""
    with database.transaction() as unit:
        unit.session.execute(sa.delete(outbox))


def handles_every_event(subscriptions: list[Subscription], service: str, exempt: frozenset[str] = frozenset()) -> None:
    """Assert that every message of the topics which name `service` as consumer has a handler; `exempt` are types."""
    handled = {registry.ce_type_of(message) for s in subscriptions for message in s.handlers}
    for topic in registry.TOPICS.values():
        if service in topic.consumers:
            missing = set(topic.messages) - handled - exempt
            assert not missing, f"{service} does not handle {sorted(missing)}"


class FakeConsentView:
    """A list of consents that tests write. Stands where a ConsentView does."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.stale = False
        self._clock = clock or SystemClock()
        self._consents: dict[str, Consent] = {}
        self._callbacks: list[Callable[[Consent], None]] = []

    def grant(
        self,
        subject_id: str,
        *,
        consent_id: str | None = None,
        purposes: frozenset[Purpose] = frozenset(Purpose),
        days: int = 365,
        grantee_id: str | None = None,
    ) -> Consent:
        """Add a consent from now on, for `days`; all purposes unless told; a grant if there is a grantee."""
        now = self._clock.now()
        consent = Consent(
            id=ConsentId(consent_id or new_id()),
            subject_id=SubjectId(subject_id),
            revision=1,
            purposes=purposes,
            granted_at=now,
            expires_at=now + dt.timedelta(days=days),
            grantee_id=SubjectId(grantee_id) if grantee_id else None,
        )
        self._consents[consent.id] = consent
        return consent

    def revoke(self, consent_id: str) -> Consent:
        """Withdraw a consent and tell whoever asked to be told."""
        old = self._consents[consent_id]
        now = self._clock.now()
        consent = dataclasses.replace(old, revision=old.revision + 1, revoked_at=now)
        self._consents[consent_id] = consent
        for callback in self._callbacks:
            callback(consent)
        return consent

    def known(self) -> list[Consent]:
        """Every consent, ended ones included."""
        return list(self._consents.values())

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def ready(self) -> bool:
        """True unless `stale` was set."""
        return not self.stale

    def require(self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None) -> Consent:
        """See ConsentView.require."""
        if self.stale:
            raise ConsentViewStale("the list of consents is not up to date")
        consent = self._consents.get(consent_id)
        if consent is None:
            raise ConsentMissing
        consent.require(subject_id=subject_id, purpose=purpose, now=self._clock.now(), grantee_id=grantee_id)
        return consent

    def on_revoked(self, callback: Callable[[Consent], None]) -> None:
        """See ConsentView.on_revoked."""
        self._callbacks.append(callback)

    def get(self, consent_id: str) -> Consent | None:
        """See ConsentView.get."""
        return self._consents.get(consent_id)
