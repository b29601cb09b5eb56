"""The leak gate in the flow of a run: what is refused, with which numbers, and what happens when identity is away."""

from dataclasses import replace

import pytest

from semblance.contracts.training.v1 import events_pb2, service_pb2
from semblance.kernel.errors import Unavailable
from semblance.service_kit import testing
from semblance.service_kit.worker import Worker
from semblance.training.api.messages import adapter
from semblance.training.domain.errors import NotEnrolled
from semblance.training.domain.leak import Leak, Match, Place
from semblance.training.domain.run import State

pytestmark = pytest.mark.integration
LEAKY = (Place(0.7, 0.3), Place(0.6, 0.3, 0.4), Place(0.3, 0.3, 0.6), Place(0.3, 0.3))
FOUND = Leak(excess=0.2, shown=0.5, swapped=0.5, others=0.0, places=4)


def test_a_leaky_adapter_is_refused_with_its_numbers_and_nothing_is_kept(service) -> None:  # type: ignore[no-untyped-def]
    service.trainer.trained = replace(service.trainer.trained, places=LEAKY)
    run = service.start(service.enrol())
    service.do_work()
    refused = service.get(run)
    assert (refused.state, refused.reason_code, refused.bytes) == (State.REFUSED, "leaks", None)
    assert refused.leak == replace(FOUND, excess=pytest.approx(0.2))
    assert service.adapter_objects() == []
    [event] = service.said(events_pb2.AdapterRefused)
    assert (event.reason_code, event.leak_places) == ("leaks", 4)
    assert event.leak_excess == pytest.approx(0.2)
    assert (event.leak_shown_0_1, event.leak_swapped_0_1, event.leak_others_0_1) == (0.5, 0.5, 0.0)
    assert service.said(events_pb2.AdapterTrained) == []
    told = adapter(refused)
    assert told.state == service_pb2.ADAPTER_STATE_REFUSED
    assert (told.leak.places, told.leak.shown_0_1) == (4, 0.5)
    assert "more varied photos" in told.advice


def test_an_honest_adapter_keeps_its_numbers_and_identity_was_asked_under_the_consent(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    service.do_work()
    ready = adapter(service.get(run))
    assert ready.state == service_pb2.ADAPTER_STATE_READY
    assert (ready.leak.places, ready.leak.shown_0_1, ready.advice) == (2, 0.0, "")
    assert service.identity.asked == [(consent.id, consent.revision, 8)]


@pytest.mark.parametrize(
    "match",
    [Match(0.5, 0.7, matches_other=True, protected=False), Match(0.5, 0.2, matches_other=False, protected=True)],
)
def test_pictures_of_somebody_enrolled_or_protected_are_refused_without_saying_whose(service, match: Match) -> None:  # type: ignore[no-untyped-def]
    service.identity.answer = match
    run = service.start(service.enrol())
    service.do_work()
    assert (service.get(run).state, service.get(run).reason_code) == (State.REFUSED, "leaks")
    assert service.adapter_objects() == []
    [event] = service.said(events_pb2.AdapterRefused)
    assert event.leak_others_0_1 == 1.0


def test_without_identity_nothing_goes_live_and_the_run_is_tried_again(service) -> None:  # type: ignore[no-untyped-def]
    service.identity.answer = Unavailable("identity is away")
    run = service.start(service.enrol())
    testing.run_work(service.work, service.database)
    assert service.get(run).state is State.TRAINING
    assert [key.rpartition("/")[2] for key in service.adapter_objects()] == ["training.checkpoint"]
    service.identity.answer = Match(0.6, 0.3, matches_other=False, protected=False)
    service.clock.advance(3600)
    testing.run_work(service.work, service.database)
    assert service.get(run).state is State.READY
    assert len(service.trainer.calls) == 2
    assert not any(key.endswith(".checkpoint") for key in service.adapter_objects())


def test_an_identity_that_never_has_an_answer_for_these_faces_fails_the_run(service) -> None:  # type: ignore[no-untyped-def]
    service.identity.answer = Unavailable("identity did not answer for every face")
    run = service.start(service.enrol())
    for _ in range(4):
        service.do_work()
    assert service.get(run).state is State.FAILED
    assert service.adapter_objects() == []


def test_somebody_who_is_not_enrolled_is_told_to_opt_in_again(service) -> None:  # type: ignore[no-untyped-def]
    service.identity.answer = NotEnrolled()
    run = service.start(service.enrol())
    service.do_work()
    assert (service.get(run).state, service.get(run).reason_code) == (State.FAILED, "opt-in-again")
    assert adapter(service.get(run)).advice


def test_a_withdrawal_while_identity_is_asked_stores_nothing(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    answer = service.identity.match

    def withdrawn(asked, faces):  # type: ignore[no-untyped-def]
        service.consents.revoke(consent.id)
        return answer(asked, faces)

    service.identity.match = withdrawn
    service.do_work()
    assert service.get(run).state is State.REVOKED
    assert service.adapter_objects() == []


def test_a_gate_that_is_killed_is_passed_again_and_refuses_once(service) -> None:  # type: ignore[no-untyped-def]
    class Killed(BaseException):
        """As kill -9: nothing of the worker's own clean-up runs in the database."""

    service.trainer.trained = replace(service.trainer.trained, places=LEAKY)
    run = service.start(service.enrol())
    answer = service.identity.match

    def killed(_consent, _faces):  # type: ignore[no-untyped-def]
        raise Killed

    service.identity.match = killed
    with pytest.raises(Killed):
        Worker(service.database, service.work).run_once("train_adapter")
    assert service.get(run).state is State.TRAINING
    service.identity.match = answer
    service.clock.advance(31)
    testing.run_work(service.work, service.database)
    assert service.get(run).reason_code == "leaks"
    assert len(service.said(events_pb2.AdapterRefused)) == 1
    assert service.adapter_objects() == []
