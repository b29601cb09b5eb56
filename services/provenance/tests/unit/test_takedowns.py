"""Take-down notices from anybody's form to a picture that is gone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from PIL import Image

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.errors import Gone
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED
from semblance.provenance.adapters import takedown_clock
from semblance.provenance.domain.errors import (
    InvalidTakedown,
    PictureHidden,
    PictureNotFound,
    TakedownDecided,
    TakedownNotFound,
    TooManyTakedowns,
)
from semblance.provenance.domain.takedown import (
    STATEMENT_VERSION,
    Claimant,
    Notice,
    Relation,
    TakedownState,
    named_in,
)
from semblance.provenance.handlers import asking, looking, taking_down
from semblance.provenance.ports import TakedownRules
from semblance.service_kit import metrics as kit_metrics

ACCEPTED, REFUSED = TakedownState.ACCEPTED, TakedownState.REFUSED
CLAIMANT = Claimant("Ada Example", "ada@example.org", "It is me, and I never agreed.")


def notice(**changes: object) -> Notice:
    made = Notice(new_id().replace("-", ""), CLAIMANT, Relation.SELF, STATEMENT_VERSION, confirmed=True)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def copy_of(data: bytes) -> bytes:
    """As a website would hand it out: recompressed, without metadata."""
    output = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(output, "JPEG", quality=80)
    return output.getvalue()


def decide(house, takedown_id: str, decision: TakedownState = ACCEPTED, **more: frozenset[ImageId]):
    return taking_down.decide(taking_down.Decide(takedown_id, decision, "ada", **more), house.ports)


def test_an_accepted_notice_about_a_stripped_copy_removes_the_picture_and_tells_its_person(house) -> None:
    allowed = house.publish()
    data = house.content(allowed)
    taken, count = taking_down.submit(notice(), copy_of(data), house.ports)
    assert (taken.state, count) == (TakedownState.OPEN, 1)
    assert taken.due_at - taken.received_at == dt.timedelta(hours=48)
    assert house.content(allowed) == data, "nothing is hidden unless the operator wants it"

    shown = decide(house, taken.id)
    house.work()

    assert shown.takedown.decided_by == "ada"
    assert shown.claimant == CLAIMANT
    assert house.objects(PUBLISHED) == []
    with pytest.raises(PictureNotFound):
        house.content(allowed)
    (event,) = house.emitted(provenance_pb.ImageTakenDown)
    assert (event.image_id, event.subject_id) == (allowed.image_id, allowed.subject_id)
    found = looking.verify(copy_of(data), house.ports)
    assert found.picture is not None
    assert found.picture.value == "taken-down"
    assert decide(house, taken.id).takedown == shown.takedown, "the same decision again changes nothing"
    with pytest.raises(TakedownDecided):
        decide(house, taken.id, REFUSED)
    assert len(house.emitted(provenance_pb.ImageTakenDown)) == 1


def test_a_picture_may_be_hidden_until_the_decision_and_is_shown_again(house) -> None:
    house.use(takedown_rules=TakedownRules(hide=True))
    allowed = house.publish()
    data = house.content(allowed)
    taken, _ = taking_down.submit(notice(), data, house.ports)
    assert taken.hidden
    with pytest.raises(PictureHidden):
        house.content(allowed)
    found = looking.verify(data, house.ports)
    assert found.picture is not None
    assert found.picture.value == "hidden"
    assert [event.image_id for event in house.emitted(provenance_pb.ImageHidden)] == [allowed.image_id]

    decide(house, taken.id, REFUSED)

    assert house.content(allowed) == data
    assert [event.image_id for event in house.emitted(provenance_pb.ImageShown)] == [allowed.image_id]
    assert house.emitted(provenance_pb.ImageTakenDown) == []


def test_a_picture_can_be_named_by_what_is_known_of_it(house) -> None:
    allowed = house.publish()
    signed = asking.manifest(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    for text in (allowed.image_id, signed.manifest_id, f"https://x.example/v1/images/{allowed.image_id}/content"):
        named = notice(claimant=dataclasses.replace(CLAIMANT, image=text))
        _, count = taking_down.submit(named, b"", house.ports)
        assert count == 1, text
    _, count = taking_down.submit(notice(claimant=dataclasses.replace(CLAIMANT, image="nothing")), b"", house.ports)
    assert count == 0, "a person has to search"


def test_ids_are_found_in_links() -> None:
    image = new_id()
    assert named_in(f"https://a.example/{new_id()}/{image}.png") == ("", image)
    assert named_in(f"urn:c2pa:{image}") == (f"urn:c2pa:{image}", "")
    assert named_in("https://a.example/") == ("", "")


def test_an_operator_may_keep_what_was_found_and_name_what_was_not(house) -> None:
    first, second = house.publish(), house.publish(seed=1)
    taken, _ = taking_down.submit(notice(), house.content(first), house.ports)
    more = {"but_not": frozenset({ImageId(first.image_id)}), "also": frozenset({ImageId(second.image_id)})}
    shown = decide(house, taken.id, **more)
    assert {p.image_id: p.found_by for p, _ in shown.pictures} == {
        first.image_id: "manifest",
        second.image_id: "operator",
    }
    assert house.content(first)
    with pytest.raises(PictureNotFound):
        house.content(second)
    with pytest.raises(InvalidTakedown):
        decide(house, taken.id, REFUSED, but_not=frozenset({ImageId(first.image_id)}))


def test_a_picture_that_is_not_out_cannot_be_named_by_an_operator(house) -> None:
    """Accepted, it would come out all the same as soon as it is signed."""
    queued = house.rendered()
    house.deliver(queued)
    taken, _ = taking_down.submit(notice(), b"", house.ports)
    with pytest.raises(InvalidTakedown, match="no published image"):
        decide(house, taken.id, also=frozenset({ImageId(queued.image_id)}))
    assert taking_down.show(taken.id, house.ports).takedown.state is TakedownState.OPEN


def test_the_near_identical_copies_are_found_with_the_picture(house) -> None:
    first = house.publish()
    twin = house.publish()  # the same pixels, signed for somebody else
    other = house.publish(seed=5)
    taken, count = taking_down.submit(notice(), copy_of(house.content(first)), house.ports)
    assert count == 2
    about = {picture.image_id for picture, _ in taking_down.show(taken.id, house.ports).pictures}
    assert about == {first.image_id, twin.image_id}
    assert other.image_id not in about


@pytest.mark.parametrize(
    "change",
    [
        {"confirmed": False},
        {"statement_version": "1999"},
        {"reference": "short"},
        {"claimant": Claimant("A", "ada@example.org", "")},
        {"claimant": Claimant("Ada", "", "")},
        {"claimant": Claimant("Ada", "ada@example.org", "x" * 2001)},
        {"claimant": Claimant("Ada\x00", "ada@example.org", "")},
        {"claimant": Claimant("Ada\ndecided_by: ada", "ada@example.org", "")},
    ],
)
def test_an_incomplete_notice_is_refused_and_nothing_is_kept(house, change: dict[str, object]) -> None:
    with pytest.raises(InvalidTakedown) as refused:
        taking_down.submit(notice(**change), b"", house.ports)
    assert "ada" not in refused.value.detail.lower()
    assert taking_down.page(None, 10, house.ports) == []


def test_the_same_reference_is_the_same_notice_and_too_many_wait_for_nobody(house) -> None:
    house.use(takedown_rules=TakedownRules(open_max=1))
    asked = notice(claimant=dataclasses.replace(CLAIMANT, image="x"))
    first, _ = taking_down.submit(asked, b"", house.ports)
    again, _ = taking_down.submit(asked, b"", house.ports)
    assert again == first
    assert taking_down.by_reference(asked.reference, house.ports)[0] == first
    with pytest.raises(TooManyTakedowns):
        taking_down.submit(notice(), b"", house.ports)
    with pytest.raises(TakedownNotFound):
        taking_down.by_reference("somebody-elses-reference", house.ports)


def test_nothing_of_the_claimant_is_readable_at_rest(house) -> None:
    asked = notice()
    taking_down.submit(asked, b"", house.ports)
    with house.database.read() as session:
        for name in sa.inspect(session.get_bind()).get_table_names():
            rows = repr(session.execute(sa.text(f"SELECT * FROM {name}")).all())
            assert "Example" not in rows, name
            assert asked.reference not in rows, name
    assert "Ada" not in repr(asked)


def _later(house, **delta: float) -> Callable[[], dt.datetime]:
    class Later:
        def now(self) -> dt.datetime:
            return dt.datetime.now(dt.UTC) + dt.timedelta(**delta)

    house.use(clock=Later())
    return Later().now


def test_overdue_notices_come_first_are_counted_and_shouted_about(house, caplog) -> None:
    first, _ = taking_down.submit(notice(), b"", house.ports)
    assert takedown_clock.counts(house.ports) == (1, 0)
    _later(house, hours=49)
    second, _ = taking_down.submit(notice(), b"", house.ports)
    assert takedown_clock.counts(house.ports) == (1, 1)
    assert [each.takedown.id for each in taking_down.page(TakedownState.OPEN, 10, house.ports)] == [first.id, second.id]
    takedown_clock.sweep(house.ports)
    assert any(record.levelname == "ERROR" and "overdue" in record.message for record in caplog.records)


def test_a_database_that_hangs_over_the_notices_hides_no_other_number(house, monkeypatch) -> None:
    answers, hung = threading.Event(), threading.Event()
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])

    def hang(_ports: object) -> tuple[int, int]:
        answers.wait(60)
        hung.set()
        return 1, 0

    monkeypatch.setattr(takedown_clock.metrics, "get_meter", provider.get_meter)
    monkeypatch.setattr(kit_metrics, "_ANSWER_S", 0.01)
    monkeypatch.setattr(takedown_clock, "counts", hang)
    takedown_clock.watch(house.ports)
    provider.get_meter("other").create_observable_gauge("other", [lambda _options: [Observation(1)]])
    data = reader.get_metrics_data()
    told = [
        each.name for resource in data.resource_metrics for scope in resource.scope_metrics for each in scope.metrics
    ]
    assert told == ["other"]
    assert not hung.is_set()
    answers.set()
    provider.shutdown()


def test_a_decided_notice_goes_with_its_key(house) -> None:
    asked = notice()
    taken, _ = taking_down.submit(asked, b"", house.ports)
    waiting, _ = taking_down.submit(notice(), b"", house.ports)
    decide(house, taken.id, REFUSED)
    assert takedown_clock.sweep(house.ports) == 0
    _later(house, days=181)
    assert takedown_clock.sweep(house.ports) == 1
    with pytest.raises(TakedownNotFound):
        taking_down.by_reference(asked.reference, house.ports)
    with pytest.raises(Gone):
        house.ports.claims.open(taken.id, taken.sealed)
    assert taking_down.show(waiting.id, house.ports).claimant == CLAIMANT, "what waits is kept"


def test_a_person_who_is_erased_while_the_picture_is_looked_at_is_named_by_no_notice(house) -> None:
    allowed = house.publish()
    data, inner = house.content(allowed), house.ports.claims

    class Slow:
        """Sealing is the last thing before the notice is written."""

        def seal(self, *arguments):
            house.keyring.destroy(allowed.subject_id)
            house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
            house.work()
            return inner.seal(*arguments)

        def open(self, *arguments):
            return inner.open(*arguments)

    house.use(claims=Slow(), takedown_rules=TakedownRules(hide=True))
    taken, count = taking_down.submit(notice(), data, house.ports)
    assert count == 0
    assert taking_down.show(taken.id, house.ports).pictures == []
    assert house.emitted(provenance_pb.ImageHidden) == []


def test_an_erasure_ends_the_notices_about_the_persons_pictures(house) -> None:
    allowed = house.publish()
    taken, _ = taking_down.submit(notice(), house.content(allowed), house.ports)
    house.keyring.destroy(allowed.subject_id)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
    house.work()
    ended = taking_down.show(taken.id, house.ports)
    assert (ended.takedown.state, ended.takedown.decided_by, ended.pictures) == (ACCEPTED, "erasure", [])
    (event,) = house.emitted(platform_pb.ServiceErased)
    assert {s.store: s.count for s in event.stores}["database:takedown_pictures"] == 1


def test_of_many_at_once_no_more_are_taken_than_may_wait(house) -> None:
    """All have looked before any is written down: what counts is counted where it is written."""
    house.use(takedown_rules=TakedownRules(open_max=2, mail="notices@example.org"))
    inner, meet = house.ports.claims, threading.Barrier(6)

    class Together:
        def seal(self, *arguments):
            sealed = inner.seal(*arguments)
            meet.wait(30)
            return sealed

        def __getattr__(self, name: str):
            return getattr(inner, name)

    house.use(claims=Together())

    def ask() -> str:
        try:
            return taking_down.submit(notice(), b"", house.ports)[0].id
        except TooManyTakedowns as error:
            return error.remedy

    with ThreadPoolExecutor(6) as pool:
        taken = [found.result() for found in [pool.submit(ask) for _ in range(6)]]
    assert sum("notices@example.org" in each for each in taken) == 4
    with house.ports.reads() as store:
        assert store.takedowns.open_count() == 2


def test_a_notice_that_could_not_be_written_down_leaves_no_key(house) -> None:
    """Nor does one whose reference another request has just used."""
    made: dict[str, bytes] = {}
    inner, asked = house.ports.claims, notice()

    class Watched:
        def seal(self, takedown_id: str, *arguments):
            made[takedown_id] = inner.seal(takedown_id, *arguments)
            if len(made) == 2:
                house.use(claims=inner)
                taking_down.submit(asked, b"", house.ports)
                house.use(claims=self)
            return made[takedown_id]

        def __getattr__(self, name: str):
            return getattr(inner, name)

    working = house.ports.transactions

    def broken():
        raise RuntimeError("the database went away")

    steps = iter([working, broken, working])

    def one_after_another():
        return next(steps)()

    house.use(claims=Watched(), transactions=one_after_another)
    with pytest.raises(RuntimeError):
        taking_down.submit(asked, b"", house.ports)
    house.use(transactions=working)
    kept, _ = taking_down.submit(asked, b"", house.ports)
    assert kept.id not in made
    assert len(made) == 2
    for takedown_id, sealed in made.items():
        with pytest.raises(Gone):
            inner.open(takedown_id, sealed)
    assert taking_down.show(kept.id, house.ports).claimant == CLAIMANT


def test_operators_hear_that_no_more_are_taken(house, caplog: pytest.LogCaptureFixture) -> None:
    house.use(takedown_rules=TakedownRules(open_max=1))
    taking_down.submit(notice(), b"", house.ports)
    takedown_clock.sweep(house.ports)
    assert [record.levelname for record in caplog.records if "are refused" in record.message] == ["CRITICAL"]
