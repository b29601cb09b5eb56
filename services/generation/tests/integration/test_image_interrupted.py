"""Drawing that is killed, breaks or must let go: one picture, or an end that says so."""

import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.image import State
from semblance.generation.handlers import images
from semblance.kernel.ids import SubjectId, new_id
from semblance.objects import StoreUnavailable
from semblance.service_kit import testing
from semblance.service_kit.worker import Worker

pytestmark = pytest.mark.integration


def test_a_killed_rendering_is_done_again_and_gives_one_picture(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)

    class Killed(BaseException):
        """As kill -9: nothing of the worker's own clean-up runs in the database."""

    def kill(_step: int) -> None:
        raise Killed

    service.renderer.between = kill
    with pytest.raises(Killed):
        Worker(service.database, service.work).run_once("render_image")
    assert service.get(image).state is State.RUNNING
    service.renderer.between = lambda _step: None
    assert testing.run_work(service.work, service.database) == 0  # the lease still stands
    service.clock.advance(31)
    testing.run_work(service.work, service.database)
    assert service.get(image).state is State.QUARANTINED
    assert len(service.said(events_pb2.ImageRendered)) == 1
    assert len(service.quarantine()) == 1


def test_an_engine_that_always_breaks_fails_the_picture_in_the_end(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)

    def break_down(_step: int) -> None:
        raise RuntimeError("out of memory")

    service.renderer.between = break_down
    for _ in range(4):
        service.do_work()
    assert (service.get(image).state, service.get(image).reason_codes) == (State.FAILED, ("internal",))
    assert len(service.renderer.calls) == 3


@pytest.mark.parametrize("what", ["engine", "consents", "store"])
def test_what_is_away_for_longer_than_all_attempts_take_is_waited_for(service, what: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)

    def away(*_: object) -> None:
        raise EngineAway("no engine runs") if what == "engine" else StoreUnavailable("no store runs")

    service.consents.stale = what == "consents"
    put = service.store.put
    monkeypatch.setattr(service.store, "put", away if what == "store" else put)
    service.renderer.between = away if what == "engine" else lambda _step: None
    for _ in range(5):  # of three attempts each
        service.do_work()
    assert service.get(image).open
    service.consents.stale, service.renderer.between = False, lambda _step: None
    monkeypatch.setattr(service.store, "put", put)
    service.do_work()
    assert service.get(image).state is State.QUARANTINED


def test_an_engine_that_this_picture_may_have_ended_is_not_asked_for_ever(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    image = service.create(consent, adapter_id)

    def lose(_step: int) -> None:
        raise EngineAway("the engine was lost", away=False)

    service.renderer.between = lose
    for _ in range(4):
        service.do_work()
    assert (service.get(image).state, service.get(image).reason_codes) == (State.FAILED, ("engine-away",))
    assert len(service.renderer.calls) == 3


def test_an_erasure_waits_until_a_rendering_has_let_go(service) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol()
    service.create(consent, adapter_id)

    def erase(step: int) -> None:
        if step == 2:
            service.keyring.destroy(service.subject_id)
            service.deliver(platform_pb.ErasureRequested(subject_id=service.subject_id, erasure_id=new_id()))
            Worker(service.database, service.work).run_once("erase_subject")
            assert service.said(platform_pb.ServiceErased) == []

    service.renderer.between = erase
    service.do_work()
    service.do_work()
    assert len(service.said(platform_pb.ServiceErased)) == 1
    assert service.quarantine() == []
    assert images.list_images(SubjectId(service.subject_id), "", 0, service.ports) == ([], "")
