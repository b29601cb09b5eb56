import pytest

from semblance.contracts.training.v1 import events_pb2
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentMissing, ConsentRevoked, NotFound, Unavailable
from semblance.kernel.ids import AdapterId, SubjectId, new_id
from semblance.training.domain.errors import TooManyTrainings
from semblance.training.domain.run import State
from semblance.training.handlers import runs


def test_a_training_is_queued_once_however_often_it_is_asked_for(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    first = service.start(consent, "01890000-0000-7000-8000-000000000001")
    again = service.start(consent, first.id)
    assert first == again
    assert first.state is State.QUEUED
    [said] = service.said(events_pb2.AdapterRequested)
    assert (said.adapter_id, said.subject_id, said.consent_id) == (first.id, service.subject_id, consent.id)


def test_without_consent_nothing_starts(service) -> None:  # type: ignore[no-untyped-def]
    photos_only = service.consents.grant(service.subject_id, purposes=frozenset({Purpose.PHOTOS}))
    with pytest.raises(ConsentMissing):
        service.start(photos_only)
    strangers = service.consents.grant(new_id())
    with pytest.raises(ConsentMissing):
        service.start(strangers)
    withdrawn = service.consents.grant(service.subject_id)
    service.consents.revoke(withdrawn.id)
    with pytest.raises(ConsentRevoked):
        service.start(withdrawn)
    service.consents.stale = True
    with pytest.raises(Unavailable):
        service.start(service.consents.grant(service.subject_id))
    assert service.said(events_pb2.AdapterRequested) == []


def test_another_persons_adapter_is_not_there(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())
    stranger = SubjectId(new_id())
    with pytest.raises(NotFound):
        runs.get_adapter(stranger, run.id, service.ports)
    with pytest.raises(NotFound):
        runs.remove_adapter(stranger, run.id, service.ports)
    assert runs.list_adapters(stranger, "", 0, service.ports) == ([], "")
    consent = service.consents.grant(stranger)
    with pytest.raises(NotFound):
        runs.start_training(runs.StartTraining(stranger, consent.id, run.id, ""), service.ports)


def test_so_many_trainings_may_wait(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    service.start(consent)
    service.start(consent)
    with pytest.raises(TooManyTrainings):
        service.start(consent)


def test_adapters_are_listed_in_pages(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    made = []
    for _ in range(5):
        run = service.start(consent)
        made.append(run.id)
        runs.remove_adapter(service.subject_id, run.id, service.ports)
    first, after = runs.list_adapters(service.subject_id, "", 2, service.ports)
    second, after_second = runs.list_adapters(service.subject_id, after, 2, service.ports)
    third, end = runs.list_adapters(service.subject_id, after_second, 2, service.ports)
    assert [run.id for run in (*first, *second, *third)] == sorted(made, reverse=True), "newest first"
    assert end == ""


def test_an_unknown_adapter_is_not_there(service) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotFound):
        runs.get_adapter(service.subject_id, AdapterId(new_id()), service.ports)
