"""Whose picture is drawn first, and which is not begun any more."""

import datetime as dt
from dataclasses import replace

import pytest

from semblance.contracts.generation.v1 import events_pb2
from semblance.generation.adapters.work import GIVE_UP_IMAGE, RENDER_IMAGE, work_kinds
from semblance.generation.domain.errors import EngineAway, InvalidOrder
from semblance.generation.domain.image import Image, State
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.turns import MAX_BEGIN_WITHIN_S, begin_by, turn_at
from semblance.generation.handlers import images
from semblance.generation.handlers.terms import Shared
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.service_kit import testing
from semblance.service_kit.worker import Worker

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
TURN_S = 30  # of the service's rules, in conftest


class Waits:
    """An engine that has no room for so long, draws for longer, and waits once more between two batches."""

    def __init__(self, service) -> None:  # type: ignore[no-untyped-def]
        self._service = service
        self.waits_s = 0.0

    def draw(self, words, order, adapter, on_step, begin=None, *, beside=()):  # type: ignore[no-untyped-def]
        self._service.clock.advance(self.waits_s)
        on_step(0, 4)
        on_step(1, 4)
        self._service.clock.advance(100)
        on_step(0, 8)
        return self._service.renderer.draw(words, order, adapter, on_step)


class People:
    """Each asks for pictures of themselves; the order in which pictures are drawn is told by their prompts."""

    def __init__(self, service) -> None:  # type: ignore[no-untyped-def]
        self._service = service
        self._known: dict[str, tuple[SubjectId, object, object]] = {}

    def ask(self, name: str, prompt: str, *, by: SubjectId | None = None, within_s: int = 0) -> Image:
        if name not in self._known:
            self._service.subject_id = SubjectId(new_id())
            self._known[name] = (self._service.subject_id, *self._service.enrol())
        subject_id, consent, adapter_id = self._known[name]
        shared = None
        if by is not None:
            consent, shared = self._service.consents.grant(subject_id, grantee_id=by), Shared(by, review=False)
        command = images.CreateImage(
            subject_id,
            consent.id,  # type: ignore[attr-defined]
            ImageId(new_id()),
            adapter_id,  # type: ignore[arg-type]
            Words(prompt, ""),
            Order(7, None, None, None),
            shared=shared,
            begin_within_s=within_s,
        )
        return images.create_image(command, self._service.ports)

    def drawn(self) -> list[str]:
        testing.run_work(self._service.work, self._service.database)
        return [words.prompt for words, *_ in self._service.renderer.calls]


@pytest.fixture
def people(service) -> People:  # type: ignore[no-untyped-def]
    return People(service)


def test_one_picture_goes_before_somebodys_many(service, people: People) -> None:  # type: ignore[no-untyped-def]
    for number in range(3):
        people.ask("ada", f"ada {number}")
    service.clock.advance(5)
    people.ask("bob", "bob")
    assert people.drawn() == ["ada 0", "bob", "ada 1", "ada 2"]


def test_an_apps_many_of_several_people_go_behind_those_peoples_own(service, people: People) -> None:  # type: ignore[no-untyped-def]
    app = SubjectId(new_id())
    for name in ("ada", "bob", "eve"):
        people.ask(name, f"{name} for the app", by=app)
    service.clock.advance(5)
    for name in ("eve", "bob"):
        people.ask(name, f"{name} herself")
    assert people.drawn() == [
        "ada for the app",
        "eve herself",
        "bob herself",
        "bob for the app",
        "eve for the app",
    ]


def test_nobody_starves_however_many_come(service, people: People) -> None:  # type: ignore[no-untyped-def]
    for number in range(3):
        people.ask("ada", f"ada {number}")
    worker, drawn = Worker(service.database, service.work), []
    for number in range(12):  # one is drawn each 10 s, and somebody new comes each 10 s: it is never empty
        people.ask(f"new {number}", f"new {number}")
        assert worker.run_once(RENDER_IMAGE)
        drawn.append(service.renderer.calls[-1][0].prompt)
        service.clock.advance(10)
    for number in range(3):
        # Passed by those who asked within its number of turns, of which three fit one, and by nobody later.
        passed_by = [name for name in drawn[: drawn.index(f"ada {number}")] if name.startswith("new")]
        assert len(passed_by) <= number * TURN_S / 10 + 1


def test_what_is_drawn_again_keeps_its_turn(service, people: People) -> None:  # type: ignore[no-untyped-def]
    people.ask("ada", "ada")
    service.renderer.between = lambda _step: (_ for _ in ()).throw(EngineAway("lost"))
    assert people.drawn() == ["ada"]
    service.renderer.between = lambda _step: None
    service.clock.advance(1)
    people.ask("bob", "bob")
    assert people.drawn() == ["ada", "ada", "bob"]


def test_what_is_not_begun_in_time_is_told_and_never_drawn(service, people: People) -> None:  # type: ignore[no-untyped-def]
    late = people.ask("ada", "ada", within_s=60)
    worker = Worker(service.database, service.work)
    assert not worker.run_once(GIVE_UP_IMAGE)
    service.clock.advance(60.5)
    assert worker.run_once(GIVE_UP_IMAGE)  # no worker has come to it: it is told all the same
    assert service.get(late).state is State.FAILED
    [said] = service.said(events_pb2.ImageFailed)
    assert (said.image_id, said.reason_code) == (late.id, "not-begun-in-time")
    assert people.drawn() == []


def test_a_worker_that_comes_to_it_late_does_not_begin_it(service, people: People) -> None:  # type: ignore[no-untyped-def]
    late = people.ask("ada", "ada", within_s=60)
    service.clock.advance(60.5)
    assert Worker(service.database, service.work).run_once(RENDER_IMAGE)
    assert (service.get(late).state, service.get(late).reason_codes) == (State.FAILED, ("not-begun-in-time",))
    assert service.renderer.calls == []


def test_what_waits_for_room_in_the_engine_is_given_up_and_what_has_begun_is_not(service, people: People) -> None:  # type: ignore[no-untyped-def]
    engine = Waits(service)
    ports = replace(service.ports, renderer=engine)
    work = work_kinds(ports, lease_s=3600, max_attempts=3)
    for waits_s, ends in ((61, State.FAILED), (59, State.QUARANTINED)):
        engine.waits_s = waits_s
        image = people.ask("ada", "ada", within_s=60)
        assert Worker(service.database, work).run_once(RENDER_IMAGE)
        assert service.get(image).state is ends


def test_what_was_begun_in_time_is_drawn_again_however_late(service, people: People) -> None:  # type: ignore[no-untyped-def]
    lost, never_begun = people.ask("ada", "ada", within_s=60), people.ask("bob", "bob", within_s=60)

    def lose(step: int) -> None:
        # Ada's is lost behind its first step, Bob's before it.
        if step == 2 or service.renderer.calls[-1][0].prompt == "bob":
            raise EngineAway("lost")

    service.renderer.between = lose
    worker = Worker(service.database, service.work)
    assert worker.run_once(RENDER_IMAGE)
    assert worker.run_once(RENDER_IMAGE)
    service.renderer.between = lambda _step: None
    service.clock.advance(61)
    assert worker.run_once(GIVE_UP_IMAGE)
    assert worker.run_once(GIVE_UP_IMAGE)
    assert service.get(never_begun).reason_codes == ("not-begun-in-time",), "nobody waits with it: it is told now"
    assert people.drawn() == ["ada", "bob", "ada"]
    assert service.get(lost).state is State.QUARANTINED


def test_a_turn_and_a_wait_have_limits() -> None:
    assert turn_at(NOW, 0, 30) == NOW
    assert turn_at(NOW, 1000, 30) == NOW + dt.timedelta(seconds=30_000)
    assert begin_by(NOW, 0) is None
    assert begin_by(NOW, MAX_BEGIN_WITHIN_S) == NOW + dt.timedelta(hours=1)
    for wrong in (-1, MAX_BEGIN_WITHIN_S + 1):
        with pytest.raises(InvalidOrder):
            begin_by(NOW, wrong)
