import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import text_format

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.training.v1 import events_pb2
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.objects import ADAPTERS, SealedObjects, Sealer, SubjectKeyDestroyed
from semblance.service_kit import testing
from semblance.service_kit.migrations import downgrade, upgrade
from semblance.service_kit.worker import Worker
from semblance.training.domain.likeness import Measured
from semblance.training.domain.run import State
from semblance.training.handlers import runs

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[4] / "protos" / "samples"


def revoked(consent) -> identity_pb.ConsentRevoked:  # type: ignore[no-untyped-def]
    return identity_pb.ConsentRevoked(
        subject_id=consent.subject_id, consent_id=consent.id, consent_revision=consent.revision + 1, reason="withdrawn"
    )


def test_photos_become_a_sealed_adapter(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol(photos=6))
    assert service.do_work() == 2  # the training, and its checkpoint is dropped
    ready = service.get(run)
    assert ready.state is State.READY
    assert (ready.photo_count, ready.likeness, ready.likeness_floor) == (6, 0.6, 0.3)
    photos, held_out = service.trainer.calls[0]
    assert {photo.data.decode() for photo in photos} == {photo.photo_id for photo in service.photos.on_file}
    assert held_out == 2
    sealed = SealedObjects(service.store, Sealer(service.keyring), ADAPTERS)
    assert ready.bytes is not None
    assert sealed.get(service.subject_id, ready.bytes.lora_key) == b"lora"
    assert sealed.get(service.subject_id, ready.bytes.reference_key) == b"reference"
    assert ready.bytes.lora_sha256 == hashlib.sha256(b"lora").hexdigest()
    assert all(b"lora" not in service.store.get(ADAPTERS, key) for key in service.adapter_objects())
    [trained] = service.said(events_pb2.AdapterTrained)
    assert (trained.lora_key, trained.reference_key) == (ready.bytes.lora_key, ready.bytes.reference_key)
    assert trained.likeness == pytest.approx(0.6)


def test_progress_is_told_at_most_twice_a_second(service) -> None:  # type: ignore[no-untyped-def]
    service.start(service.enrol())
    service.trainer.steps = 40
    service.trainer.between = lambda _step: service.clock.advance(0.1)
    service.do_work()
    ticks = service.said(events_pb2.TrainingProgressed)
    assert [tick.phase for tick in ticks[:2]] == ["preparing", "training"]
    assert 7 <= len(ticks) <= 10
    assert {tick.steps for tick in ticks if tick.phase == "training"} == {40}


def test_too_few_photos_fail(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol(photos=4))
    service.do_work()
    assert (service.get(run).state, service.get(run).reason_code) == (State.FAILED, "too-few-photos")
    [failed] = service.said(events_pb2.AdapterFailed)
    assert failed.reason_code == "too-few-photos"
    assert service.trainer.calls == []


def test_a_photo_removed_meanwhile_is_left_out(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol(photos=6))
    service.store.remove("photos", service.photos.on_file[0].object_key)
    service.do_work()
    assert service.get(run).state is State.READY
    assert service.get(run).photo_count == 5


@pytest.mark.parametrize("measured", [Measured(0.2, 0.1, 8, 8), Measured(0.4, 0.45, 8, 8), Measured(0.5, 0.2, 8, 1)])
def test_an_adapter_that_is_not_like_its_person_is_destroyed(service, measured: Measured) -> None:  # type: ignore[no-untyped-def]
    service.trainer.trained = replace(service.trainer.trained, measured=measured)
    run = service.start(service.enrol())
    service.do_work()
    assert (service.get(run).state, service.get(run).reason_code) == (State.REFUSED, "not-like-you")
    assert service.adapter_objects() == []
    [refused] = service.said(events_pb2.AdapterRefused)
    assert refused.likeness == pytest.approx(measured.own)
    assert refused.likeness_floor == pytest.approx(0.3)
    assert refused.reason_code == "not-like-you"


def test_a_consent_withdrawn_in_the_middle_stops_the_training_at_once(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    steps: list[int] = []

    def withdraw(step: int) -> None:
        steps.append(step)
        if step == 2:
            service.consents.revoke(consent.id)
            assert service.deliver(revoked(consent)) == ["handled", "duplicate"]

    service.trainer.between = withdraw
    service.do_work()
    assert steps == [1, 2]
    assert service.get(run).state is State.REVOKED
    assert service.adapter_objects() == []
    assert len(service.said(events_pb2.AdapterRevoked)) == 1
    assert service.said(events_pb2.AdapterTrained) == []


def test_a_withdrawal_that_only_the_list_of_consents_knows_stops_it_too(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    service.trainer.between = lambda step: service.consents.revoke(consent.id) if step == 2 else None
    service.do_work()
    assert service.get(run).state is State.REVOKED
    service.deliver(revoked(consent))  # the event comes later and changes nothing
    service.do_work()
    assert len(service.said(events_pb2.AdapterRevoked)) == 1


def test_a_withdrawal_destroys_adapters_that_are_ready(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    service.do_work()
    assert len(service.adapter_objects()) == 3
    service.deliver(revoked(consent))
    assert service.get(run).state is State.REVOKED
    assert service.get(run).bytes is None
    service.do_work()
    assert service.adapter_objects() == []


def test_a_withdrawal_leaves_other_consents_alone(service) -> None:  # type: ignore[no-untyped-def]
    consent, other = service.enrol(), service.consents.grant(service.subject_id)
    run = service.start(other)
    service.do_work()
    service.deliver(revoked(consent))
    service.do_work()
    assert service.get(run).state is State.READY
    assert len(service.adapter_objects()) == 3


def test_a_stale_list_of_consents_delays_and_does_not_fail(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())
    service.trainer.between = lambda step: setattr(
        service.consents, "stale", step == 2 and not service.trainer.calls[1:]
    )
    testing.run_work(service.work, service.database)
    assert service.get(run).state is State.TRAINING
    service.consents.stale = False
    service.do_work()
    assert service.get(run).state is State.READY
    assert len(service.trainer.calls) == 2


def test_removing_cancels_or_destroys_and_once_is_enough(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    queued, ready = service.start(consent), None
    runs.remove_adapter(service.subject_id, queued.id, service.ports)
    service.do_work()
    assert service.trainer.calls == []
    ready = service.start(consent)
    service.do_work()
    for _ in range(2):
        assert runs.remove_adapter(service.subject_id, ready.id, service.ports).state is State.REMOVED
    service.do_work()
    assert service.adapter_objects() == []
    assert len(service.said(events_pb2.AdapterRemoved)) == 2


def test_removing_in_the_middle_leaves_nothing(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())

    def remove_late(step: int) -> None:
        if step == 4:
            runs.remove_adapter(service.subject_id, run.id, service.ports)

    service.trainer.between = remove_late  # the worker has not heard of it when it puts its bytes away
    service.do_work()
    assert service.get(run).state is State.REMOVED
    assert service.adapter_objects() == []
    assert service.said(events_pb2.AdapterTrained) == []


def test_a_killed_training_is_done_again_and_gives_one_adapter(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())

    class Killed(BaseException):
        """As kill -9: nothing of the worker's own clean-up runs in the database."""

    def kill(_step: int) -> None:
        raise Killed

    service.trainer.between = kill
    with pytest.raises(Killed):
        Worker(service.database, service.work).run_once("train_adapter")
    assert service.get(run).state is State.TRAINING
    service.trainer.between = lambda _step: None
    assert testing.run_work(service.work, service.database) == 0  # the lease still stands
    service.clock.advance(31)
    testing.run_work(service.work, service.database)
    assert service.get(run).state is State.READY
    assert len(service.trainer.calls) == 2
    assert len(service.said(events_pb2.AdapterTrained)) == 1
    assert len(service.adapter_objects()) == 3


def test_an_engine_that_always_breaks_fails_the_run_in_the_end(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())

    def break_down(_step: int) -> None:
        raise RuntimeError("out of memory")

    service.trainer.between = break_down
    for _ in range(4):
        service.do_work()
    assert (service.get(run).state, service.get(run).reason_code) == (State.FAILED, "internal")
    assert len(service.trainer.calls) == 3


def test_erasure_leaves_no_row_and_no_object_and_says_so(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    run = service.start(consent)
    service.do_work()
    service.consents.revoke(consent.id)
    service.keyring.destroy(service.subject_id)
    request = platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id())
    assert service.deliver(request) == ["handled", "duplicate"]
    service.do_work()
    assert service.adapter_objects() == []
    with pytest.raises(runs.UnknownAdapter):
        service.get(run)
    [erased] = service.said(platform_pb.ServiceErased)
    assert erased.service == "training"
    assert {count.store: count.count for count in erased.stores} == {
        "objects:adapters": 3,
        "database:runs": 1,
        "queue:work": 0,
    }


def test_what_a_consent_ended_by_the_erasure_covered_is_destroyed_and_counted_by_the_erasure(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    service.start(consent)
    service.do_work()
    service.consents.revoke(consent.id)
    ended = revoked(consent)
    ended.reason = "erasure"
    service.deliver(ended)
    service.do_work()
    assert len(service.adapter_objects()) == 3, "destroyed before anybody counted it"
    service.keyring.destroy(service.subject_id)
    service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
    service.do_work()
    assert service.adapter_objects() == []
    [erased] = service.said(platform_pb.ServiceErased)
    assert {s.store: len(s.items) for s in erased.stores if s.count} == {"objects:adapters": 3, "database:runs": 1}


def test_an_erasure_that_was_killed_between_objects_and_rows_still_counts_both(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    service.start(consent)
    service.do_work()
    service.consents.revoke(consent.id)
    service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
    service.store.remove_prefix("adapters", f"{service.subject_id}/")  # as far as the killed one had come
    service.do_work()
    [erased] = service.said(platform_pb.ServiceErased)
    assert {s.store: s.count for s in erased.stores if s.count} == {"objects:adapters": 3, "database:runs": 1}


def test_an_erasure_answers_also_for_a_person_never_seen(service) -> None:  # type: ignore[no-untyped-def]
    service.deliver(platform_pb.ErasureRequested(subject_id=new_id(), erasure_id=new_id()))
    service.do_work()
    [erased] = service.said(platform_pb.ServiceErased)
    assert {count.count for count in erased.stores} == {0}


def test_an_erasure_waits_until_a_training_has_let_go(service) -> None:  # type: ignore[no-untyped-def]
    service.start(service.enrol())

    def erase(step: int) -> None:
        if step == 2:
            service.keyring.destroy(service.subject_id)
            service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
            Worker(service.database, service.work).run_once("erase_subject")
            assert service.said(platform_pb.ServiceErased) == []

    service.trainer.between = erase
    service.do_work()
    service.do_work()
    assert len(service.said(platform_pb.ServiceErased)) == 1
    assert service.adapter_objects() == []
    with pytest.raises(SubjectKeyDestroyed):
        service.ports.adapter_bytes.put(service.subject_id, f"{service.subject_id}/x", b"")


def test_an_object_store_that_is_away_only_delays_a_destruction(service, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    service.start(consent)
    service.do_work()
    service.deliver(revoked(consent))

    def away(*_: object) -> int:
        raise Unavailable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(service.store, "remove", away)
        service.do_work()
    assert len(service.adapter_objects()) == 3
    service.do_work()
    assert service.adapter_objects() == []


def test_every_sample_twice_has_one_effect(service) -> None:  # type: ignore[no-untyped-def]
    for message in (identity_pb.ConsentRevoked(), platform_pb.ErasureRequested()):
        sample = SAMPLES / f"{message.DESCRIPTOR.full_name}.txtpb"
        if sample.is_file():
            text_format.Parse(sample.read_text(), message)
        assert service.deliver(message) == ["handled", "duplicate"]


def test_every_event_of_its_topics_has_a_handler(service) -> None:  # type: ignore[no-untyped-def]
    others = {
        "semblance.contracts.identity.v1.ConsentGranted",  # kept in memory by the list of consents
        "semblance.contracts.platform.v1.ServiceErased",
        "semblance.contracts.platform.v1.ErasureCompleted",
    }
    testing.handles_every_event(service.events, "training", frozenset(others))


def test_the_schema_can_be_undone_and_made_again(service) -> None:  # type: ignore[no-untyped-def]
    directory = Path(__file__).parents[2] / "migrations"
    downgrade(service.database.engine, directory)
    upgrade(service.database.engine, directory)
    assert runs.list_adapters(service.subject_id, "", 0, service.ports) == ([], "")


def test_two_workers_never_take_one_training(service) -> None:  # type: ignore[no-untyped-def]
    service.start(service.enrol())
    workers = [
        threading.Thread(target=Worker(service.database, service.work).run_once, args=("train_adapter",)) for _ in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(service.trainer.calls) == 1
