"""What a killed training goes on from: sealed, of this run alone, and gone when the run has ended."""

import pytest

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.kernel.ids import new_id
from semblance.objects import ADAPTERS, StoreUnavailable
from semblance.service_kit.worker import Worker
from semblance.training.domain.errors import TrainerAway
from semblance.training.domain.run import State
from semblance.training.handlers import runs
from semblance.training.handlers.checkpoints import adapter_keys

pytestmark = pytest.mark.integration


class Killed(BaseException):
    """As kill -9: nothing of the worker's own clean-up runs in the database."""


def killed_after(service, step: int):  # type: ignore[no-untyped-def]
    """A run whose worker was killed before the end of this step."""
    run = service.start(service.enrol())

    def kill(now: int) -> None:
        if now == step:
            raise Killed

    service.trainer.between = kill
    with pytest.raises(Killed):
        Worker(service.database, service.work).run_once("train_adapter")
    service.trainer.between = lambda _step: None
    return run, adapter_keys(service.subject_id, run.id).checkpoint


def test_a_restarted_worker_goes_on_from_the_sealed_state(service) -> None:  # type: ignore[no-untyped-def]
    run, key = killed_after(service, 3)
    assert b"after" not in service.store.get(ADAPTERS, key)
    service.clock.advance(31)
    service.do_work()
    assert service.trainer.resumed == [None, b"after 2"]
    assert service.get(run).state is State.READY
    assert key not in service.adapter_objects()
    assert len(service.adapter_objects()) == 3


def test_a_run_that_gets_further_each_time_outlasts_more_losses_than_attempts(service) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())
    service.trainer.steps = 9

    def lose(step: int) -> None:
        if step == len(service.trainer.calls) + 1:  # one step more is kept each time
            raise TrainerAway("the trainer was lost", away=False)

    service.trainer.between = lose
    for _ in range(4):  # of three attempts
        service.do_work()
    assert service.get(run).open
    service.trainer.between = lambda _step: None
    service.do_work()
    assert service.get(run).state is State.READY


def test_a_cluster_that_is_away_for_longer_than_all_attempts_take_costs_no_state(service) -> None:  # type: ignore[no-untyped-def]
    run, _ = killed_after(service, 3)
    service.clock.advance(31)

    def away(_step: int) -> None:
        raise TrainerAway("the cluster does not answer")

    service.trainer.between = away
    for _ in range(5):  # of three attempts each
        service.do_work()
    assert service.get(run).open
    service.trainer.between = lambda _step: None
    service.do_work()
    assert set(service.trainer.resumed[1:]) == {b"after 2"}
    assert service.get(run).state is State.READY


def test_a_damaged_or_foreign_state_is_thrown_away(service, caplog) -> None:  # type: ignore[no-untyped-def]
    run, key = killed_after(service, 3)
    sealed = service.store.get(ADAPTERS, key)
    service.store.put(ADAPTERS, key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    service.clock.advance(31)
    service.do_work()
    assert service.trainer.resumed == [None, None]
    assert service.get(run).state is State.READY
    assert any(vars(record).get("reason") == "seal-broken" for record in caplog.records)


@pytest.mark.parametrize("ending", ["removed", "revoked", "erased", "failed"])
def test_nothing_is_left_of_it_however_the_run_ends(service, ending: str) -> None:  # type: ignore[no-untyped-def]
    run, key = killed_after(service, 3)
    assert key in service.adapter_objects()
    if ending == "removed":
        runs.remove_adapter(service.subject_id, run.id, service.ports)
    elif ending == "revoked":
        service.consents.revoke(run.consent_id)
    elif ending == "erased":
        service.consents.revoke(run.consent_id)
        service.keyring.destroy(service.subject_id)
        service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
    else:
        service.photos.on_file.clear()
    service.clock.advance(31)
    service.do_work()
    service.do_work()
    assert service.adapter_objects() == []
    if ending == "erased":
        [erased] = service.said(platform_pb.ServiceErased)
        [adapters] = [store for store in erased.stores if store.store == "objects:adapters"]
        assert adapters.count == 1


def test_a_store_that_is_away_costs_the_state_and_not_the_training(service, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    run = service.start(service.enrol())
    put = service.store.put

    def sometimes(bucket: str, key: str, data: bytes) -> None:
        if key.endswith(".checkpoint"):
            raise StoreUnavailable(key)
        put(bucket, key, data)

    monkeypatch.setattr(service.store, "put", sometimes)
    service.do_work()
    assert service.get(run).state is State.READY
