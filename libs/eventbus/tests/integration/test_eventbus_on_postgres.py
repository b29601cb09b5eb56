"""Outbox, relay and inbox on a real PostgreSQL, where transactions truly run side by side."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import Inbox, MemoryBroker, Outbox, Relay, from_record, tables
from semblance.kernel.ids import new_id
from semblance.local.postgres import Postgres

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    # pytest's own temporary folders are closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "pg") as server:
            engine = sa.create_engine(server.url("eventbus"))
            tables.metadata.create_all(engine)
            yield engine
            engine.dispose()


def _together(count: int, work) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_one_of_many_deliveries_at_once_is_the_first(engine: sa.Engine) -> None:
    event_ids, firsts = [new_id() for _ in range(20)], Counter()

    def deliver(_: int) -> None:
        for event_id in event_ids:
            with engine.begin() as connection:
                if Inbox.first_time(connection, "training.consents", event_id):
                    firsts[event_id] += 1

    _together(6, deliver)
    assert firsts == Counter(event_ids)


def test_writers_and_relays_side_by_side_keep_every_keys_order(engine: sa.Engine) -> None:
    broker, outbox, stop, keys = MemoryBroker(), Outbox("identity"), threading.Event(), [new_id() for _ in range(4)]

    def write(n: int) -> None:
        for revision in range(1, 41):
            with engine.begin() as connection:
                message = events_pb2.ConsentGranted(subject_id=new_id(), consent_id=keys[n], consent_revision=revision)
                outbox.add(connection, message)

    relays = [Relay(engine, broker.producer(), batch=7, idle_s=0.005) for _ in range(3)]
    running = [threading.Thread(target=relay.run, args=(stop,)) for relay in relays]
    for thread in running:
        thread.start()
    _together(4, write)
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        with engine.connect() as connection:
            if not connection.scalar(sa.select(sa.func.count()).select_from(tables.outbox)):
                break
        stop.wait(0.05)
    stop.set()
    for thread in running:
        thread.join(60)

    for key in keys:
        records = [r for r in broker.records("identity.consent.v1") if r.key == key]
        seen = [from_record(r).message.consent_revision for r in records]  # type: ignore[attr-defined]
        assert list(dict.fromkeys(seen)) == list(range(1, 41))
