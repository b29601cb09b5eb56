"""A withdrawal is answered once the broker has its event, and never before."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.relay import Relay
from semblance.identity import main
from semblance.identity.adapters.told import told_within
from semblance.identity.domain.errors import RevocationNotTold
from semblance.kernel.ids import ConsentId, new_id
from semblance.service_kit import testing
from semblance.service_kit.database import Database
from semblance.service_kit.testing import FakeConsentView


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return testing.database(tmp_path, main.MIGRATIONS, source="identity")


def revoke(database: Database) -> ConsentId:
    consent_id = ConsentId(new_id())
    with database.transaction() as unit:
        unit.emit(events_pb2.ConsentRevoked(subject_id=new_id(), consent_id=consent_id, consent_revision=2))
    return consent_id


def test_nothing_to_tell_is_told(database: Database) -> None:
    revoke(database)
    told_within(database, FakeConsentView(), 0.1)(ConsentId(new_id()))


def test_it_waits_for_the_relay(database: Database) -> None:
    consent_id, told = revoke(database), threading.Event()

    def wait() -> None:
        told_within(database, FakeConsentView(), 60)(consent_id)
        told.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not told.wait(0.3)
    broker = MemoryBroker()
    broker.ensure_topics([])
    assert Relay(database.engine, broker.producer()).run_once() == 1
    assert told.wait(60)
    waiting.join()


def test_an_event_that_does_not_leave_is_no_success(database: Database) -> None:
    consent_id = revoke(database)
    began_s = time.monotonic()
    with pytest.raises(RevocationNotTold) as refused:
        told_within(database, FakeConsentView(), 0.2)(consent_id)
    assert time.monotonic() - began_s >= 0.2
    assert refused.value.kind.value == "unavailable"


def test_what_no_reader_has_seen_is_not_told(database: Database) -> None:
    """The broker has acknowledged it, and still answers as if it had not."""
    view = FakeConsentView()
    consent = view.grant(new_id())
    with pytest.raises(RevocationNotTold):
        told_within(database, view, 0.1)(consent.id)
    view.revoke(consent.id)
    told_within(database, view, 0.1)(consent.id)
