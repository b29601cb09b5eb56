"""A withdrawal reaches the engine at once where it is heard, and by queued work wherever else one may be."""

import pytest

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.generation.adapters.store import WITHDRAW_FROM_ENGINES
from semblance.generation.domain.withdrawn import Whose, Withdrawal, Withdrawn
from semblance.generation.ports import EngineLoad
from semblance.kernel.consent import ENDED_BY_ERASURE
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId, new_id
from semblance.service_kit import work_queue


def waiting(service) -> int:  # type: ignore[no-untyped-def]
    with service.database.read() as session:
        return work_queue.counts(session.connection()).get(WITHDRAW_FROM_ENGINES, 0)


def test_a_consent_is_withdrawn_from_every_engine(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.shelf.load(service.adapters.known[adapter_id])
    service.deliver(identity_pb.ConsentRevoked(consent_id=consent.id))
    withdrawal = Withdrawal(consent_id=ConsentId(consent.id))
    assert (withdrawal, False) in service.renderer.revoked
    assert waiting(service) == 1
    service.renderer.away = True
    service.do_work()
    assert waiting(service) == 1, "an engine has not answered"
    service.renderer.away = False
    service.do_work()
    assert waiting(service) == 0
    assert (withdrawal, True) in service.renderer.revoked


@pytest.mark.parametrize("message", [training_pb.AdapterRevoked, training_pb.AdapterRemoved])
def test_an_adapter_that_is_gone_is_withdrawn_also_from_the_shelf_of_the_process_that_works(service, message) -> None:  # type: ignore[no-untyped-def]
    _, adapter_id = service.enrol()
    service.deliver(message(adapter_id=adapter_id))
    service.shelf.load(service.adapters.known[adapter_id])  # another process's shelf, which heard of nothing
    service.do_work()
    assert len(service.shelf) == 0
    assert (Withdrawal(adapter_id=adapter_id), True) in service.renderer.revoked


def test_an_erasure_waits_for_every_engine(service) -> None:  # type: ignore[no-untyped-def]
    consent, _ = service.enrol()
    service.deliver(identity_pb.ConsentRevoked(consent_id=consent.id, reason=ENDED_BY_ERASURE))
    assert waiting(service) == 0, "the erasure itself tells them"
    service.renderer.away = True
    service.deliver(platform_pb.ErasureRequested(erasure_id=new_id()))
    service.do_work()
    assert not service.said(platform_pb.ServiceErased)
    service.renderer.away = False
    service.do_work()
    assert service.said(platform_pb.ServiceErased)
    assert (Withdrawal(subject_id=service.subject_id), True) in service.renderer.revoked


def test_what_is_withdrawn_is_covered_and_forgotten_last() -> None:
    whose = Whose(AdapterId("a"), SubjectId("s"), ConsentId("c"), "d")
    withdrawn = Withdrawn()
    assert not withdrawn.covers(whose)
    for number in range(10_001):
        withdrawn.add(Withdrawal(adapter_id=AdapterId(str(number))))
    withdrawn.add(Withdrawal(consent_id=ConsentId("c")))
    assert withdrawn.covers(whose)
    assert not Withdrawal(subject_id=SubjectId("c")).covers(Whose(AdapterId("a"), SubjectId("s"), ConsentId("x"), "c"))


def test_loads_of_several_engines_add_up_and_waits_do_not() -> None:
    one = EngineLoad(engines=1, waiting=2, steps=5, oldest_wait_s=3.0)
    two = EngineLoad(engines=1, waiting=1, steps=7, oldest_wait_s=1.0)
    assert EngineLoad.of([one, two]) == EngineLoad(engines=2, waiting=3, steps=12, oldest_wait_s=3.0)
    assert EngineLoad.of([]) == EngineLoad()


def test_a_withdrawal_names_one_thing() -> None:
    with pytest.raises(ValueError, match="names an adapter, a consent or a person"):
        Withdrawal()
    assert Withdrawal(subject_id=SubjectId("s")).id == "s"
