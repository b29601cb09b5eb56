from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.record import Record
from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked
from semblance.kernel.ids import new_id
from semblance.service_kit.consent_view import TOPIC, ConsentView, ConsentViewStale

SUBJECT, CONSENT = new_id(), new_id()


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure_topics([registry.TOPICS[TOPIC]])
    return made


@pytest.fixture
def view(broker: MemoryBroker, clock: FakeClock) -> Iterator[ConsentView]:
    made = ConsentView(broker, clock, max_age_s=10)
    yield made
    made.stop()


def eventually(what: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def tell(
    broker: MemoryBroker,
    clock: FakeClock,
    revision: int,
    *,
    revoked: bool = False,
    grantee_id: str = "",
    at: dt.datetime | None = None,
    consent_id: str = CONSENT,
) -> None:
    state = events_pb2.ConsentState(
        subject_id=SUBJECT,
        grantee_id=grantee_id,
        consent_id=consent_id,
        revision=revision,
        purposes=[events_pb2.PURPOSE_TRAIN, events_pb2.PURPOSE_GENERATE],
    )
    state.granted_at.FromDatetime(clock.now())
    state.expires_at.FromDatetime(clock.now() + dt.timedelta(days=1))
    if revoked:
        state.revoked_at.FromDatetime(clock.now())
    cls = events_pb2.ConsentRevoked if revoked else events_pb2.ConsentGranted
    message = cls(subject_id=SUBJECT, consent_id=consent_id, consent_revision=revision, state=state)
    record = envelope.to_record(message, source="identity", event_id=new_id(), time=at or clock.now())
    broker.producer().send(record)


def noticed(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the view knows that the broker is away: no news from before come any more."""
    return "consents wait for the broker" in caplog.messages


def test_a_consent_is_known_and_answers_by_purpose_person_and_time(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView
) -> None:
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    consent = view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    assert consent.purposes == {Purpose.TRAIN, Purpose.GENERATE}
    with pytest.raises(ConsentMissing):
        view.require(CONSENT, SUBJECT, Purpose.PHOTOS)
    with pytest.raises(ConsentMissing):
        view.require(CONSENT, new_id(), Purpose.TRAIN)
    with pytest.raises(ConsentMissing):
        view.require(new_id(), SUBJECT, Purpose.TRAIN)
    clock.jump_to(clock.now() + dt.timedelta(days=2))
    with pytest.raises(ConsentExpired):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_a_grant_answers_its_grantee_alone_and_its_revocation_is_told(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView
) -> None:
    grantee, told = new_id(), list[Consent]()
    view.on_revoked(told.append)
    tell(broker, clock, 1, grantee_id=grantee)
    view.start()
    eventually(view.ready)
    assert view.require(CONSENT, SUBJECT, Purpose.GENERATE, grantee_id=grantee).grantee_id == grantee
    for asker in (None, SUBJECT, new_id()):
        with pytest.raises(ConsentMissing):
            view.require(CONSENT, SUBJECT, Purpose.GENERATE, grantee_id=asker)
    tell(broker, clock, 2, revoked=True, grantee_id=grantee)
    eventually(lambda: bool(told))
    with pytest.raises(ConsentRevoked):
        view.require(CONSENT, SUBJECT, Purpose.GENERATE, grantee_id=grantee)


def test_a_question_that_overtakes_its_consent_waits_for_it(broker: MemoryBroker, clock: FakeClock) -> None:
    view = ConsentView(broker, clock, max_age_s=10, patience_s=30)
    view.start()
    eventually(view.ready)
    later = threading.Timer(0.2, tell, (broker, clock, 1))
    later.start()
    assert view.require(CONSENT, SUBJECT, Purpose.TRAIN).revision == 1
    later.join()
    view.stop()


def test_it_does_not_answer_before_it_has_read_everything(view: ConsentView) -> None:
    assert not view.ready()
    with pytest.raises(ConsentViewStale):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_a_revocation_is_told_once_and_refuses(broker: MemoryBroker, clock: FakeClock, view: ConsentView) -> None:
    told: list[Consent] = []
    view.on_revoked(told.append)
    tell(broker, clock, 1)
    view.start()
    eventually(lambda: view.get(CONSENT) is not None)
    tell(broker, clock, 2, revoked=True)
    tell(broker, clock, 2, revoked=True)
    eventually(lambda: len(told) == 1)
    with pytest.raises(ConsentRevoked):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    assert told[0].id == CONSENT


def test_whoever_asks_late_hears_of_earlier_revocations(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView
) -> None:
    tell(broker, clock, 2, revoked=True)
    view.start()
    eventually(view.ready)
    told: list[Consent] = []
    view.on_revoked(told.append)
    assert [consent.id for consent in told] == [CONSENT]


def test_an_older_revision_never_undoes_a_revocation(broker: MemoryBroker, clock: FakeClock, view: ConsentView) -> None:
    tell(broker, clock, 2, revoked=True)
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    with pytest.raises(ConsentRevoked):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_it_is_stale_when_the_broker_is_silent_for_too_long_and_recovers(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView, caplog: pytest.LogCaptureFixture
) -> None:
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    broker.away = True
    eventually(lambda: noticed(caplog))
    clock.advance(9)
    assert view.ready()
    clock.advance(2)
    with pytest.raises(ConsentViewStale):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    broker.away = False
    eventually(view.ready)
    view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_a_yes_waits_for_fresh_news_and_hears_what_came_meanwhile(
    broker: MemoryBroker, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that was paused knows the consent as it was: it must not act on that when it goes on."""
    view = ConsentView(broker, clock, max_age_s=10, fresh_s=1, wait_s=30)
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    broker.away = True
    eventually(lambda: noticed(caplog))
    clock.advance(5)
    assert view.ready()
    answers: list[str] = []

    def ask() -> None:
        try:
            view.require(CONSENT, SUBJECT, Purpose.TRAIN)
            answers.append("yes")
        except ConsentRevoked:
            answers.append("revoked")

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    assert answers == []
    broker.away = False
    tell(broker, clock, 2, revoked=True)
    asking.join(60)
    assert answers == ["revoked"]
    view.stop()


class SluggishReader:
    """The broker takes three seconds over every answer: the news are never fresh, and they are news."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def poll(self, timeout_s: float) -> list[Record]:
        time.sleep(0.02)
        self._clock.advance(3)
        return []

    def caught_up(self) -> bool:
        return True

    def heard_ago_s(self) -> float:
        return 3.0

    def close(self) -> None:
        """Nothing is held."""


def test_a_slow_broker_makes_questions_slow_and_not_unanswerable(
    broker: MemoryBroker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "reader", lambda _topics: SluggishReader(clock))
    view = ConsentView(broker, clock, max_age_s=10, fresh_s=1, wait_s=30, patience_s=0)
    view.start()
    eventually(view.ready)
    with pytest.raises(ConsentMissing):  # an answer, and not ConsentViewStale
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    view.stop()


def test_a_question_waits_only_so_long(
    broker: MemoryBroker, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    view = ConsentView(broker, clock, max_age_s=100, fresh_s=1, wait_s=0.2)
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    broker.away = True
    eventually(lambda: noticed(caplog))
    clock.advance(2)
    began_s = time.monotonic()
    with pytest.raises(ConsentViewStale):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    assert time.monotonic() - began_s < 30  # and not the hundred that it would by itself
    view.stop()


class SlowReader:
    """A reader after an outage: the broker answers it, and it has not come to the end of the topic yet."""

    def __init__(self, behind: threading.Event) -> None:
        self._behind = behind
        self.polls = 0

    def poll(self, timeout_s: float) -> list[Record]:
        self.polls += 1
        time.sleep(timeout_s)
        return []

    def caught_up(self) -> bool:
        return not self._behind.is_set()

    def heard_ago_s(self) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing is held."""


def _polled_again(reader: SlowReader) -> None:
    polls = reader.polls
    eventually(lambda: reader.polls > polls)


def test_a_new_reader_must_catch_up_before_it_counts_as_news(
    broker: MemoryBroker, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was withdrawn during an outage is still to be read, however lively the broker is again."""
    behind = threading.Event()
    reader = SlowReader(behind)
    monkeypatch.setattr(broker, "reader", lambda _topics: reader)
    view = ConsentView(broker, clock, max_age_s=10)
    view.start()
    eventually(view.ready)
    behind.set()
    _polled_again(reader)  # what was heard before is noted
    clock.advance(11)
    _polled_again(reader)
    assert not view.ready()
    behind.clear()
    eventually(view.ready)
    view.stop()


def test_a_known_revocation_refuses_even_when_stale(broker: MemoryBroker, clock: FakeClock, view: ConsentView) -> None:
    tell(broker, clock, 2, revoked=True)
    view.start()
    eventually(view.ready)
    view.stop()
    clock.advance(60)
    with pytest.raises(ConsentRevoked):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_a_record_that_is_no_event_is_passed_over(broker: MemoryBroker, clock: FakeClock, view: ConsentView) -> None:
    broker.producer().send(Record(TOPIC, CONSENT, b"\xff", ()))
    tell(broker, clock, 1)
    view.start()
    eventually(view.ready)
    view.require(CONSENT, SUBJECT, Purpose.TRAIN)


def test_a_revocation_is_applied_within_a_second(broker: MemoryBroker, clock: FakeClock, view: ConsentView) -> None:
    """One of three: of a machine that stands still meanwhile nothing is applied."""
    applied = threading.Event()
    view.on_revoked(lambda consent: applied.set())
    view.start()
    eventually(view.ready)

    def in_time(consent_id: str) -> bool:
        applied.clear()
        tell(broker, clock, 2, revoked=True, consent_id=consent_id)
        soon = applied.wait(1)
        assert applied.wait(30)
        return soon

    assert any(in_time(consent_id) for consent_id in (CONSENT, new_id(), new_id()))


Told = Callable[[str], list[Any]]
LAG = "semblance.consent.revocation_lag"


def test_what_was_withdrawn_before_the_start_is_no_withdrawal_heard_late(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView, told: Told
) -> None:
    tell(broker, clock, 2, revoked=True)
    clock.advance(3 * 86400)
    view.start()
    eventually(view.ready)
    with pytest.raises(ConsentRevoked):
        view.require(CONSENT, SUBJECT, Purpose.TRAIN)
    assert told(LAG) == []


@pytest.mark.parametrize("reached_at_first", [True, False])
def test_a_process_that_was_cut_off_tells_how_late_it_heard(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView, told: Told, reached_at_first: bool
) -> None:
    broker.away = not reached_at_first
    view.start()
    if reached_at_first:
        eventually(view.ready)
        broker.away = True
    clock.advance(60)
    withdrawn = clock.now()
    clock.advance(3600)
    broker.away = False
    tell(broker, clock, 2, revoked=True, at=withdrawn)
    eventually(lambda: bool(told(LAG)))
    assert [point.sum for point in told(LAG)] == [3600]


def test_what_an_outbox_held_back_counts_from_the_start_of_a_process_that_ran_without_it(
    broker: MemoryBroker, clock: FakeClock, view: ConsentView, told: Told
) -> None:
    withdrawn = clock.now()
    clock.advance(600)
    view.start()
    eventually(view.ready)
    clock.advance(30)
    tell(broker, clock, 2, revoked=True, at=withdrawn)
    eventually(lambda: bool(told(LAG)))
    assert [point.sum for point in told(LAG)] == [30]
