"""The flows once more on a real PostgreSQL."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from PIL import Image

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.audit import Head, check_chain
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.local.postgres import Postgres
from semblance.local.testing import databases
from semblance.provenance import main
from semblance.provenance.adapters.store import store_of
from semblance.provenance.consumers import audit_subscriptions
from semblance.provenance.domain.takedown import STATEMENT_VERSION, Claimant, Notice, Relation, TakedownState
from semblance.provenance.handlers import asking, auditing, looking, taking_down
from semblance.service_kit import migrations, testing

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with databases.postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    return postgres.url(f"t{new_id().replace('-', '')}")


def test_published_verified_and_erased(house) -> None:
    allowed = house.rendered()
    assert house.deliver(allowed, times=2) == ["handled", "duplicate"]
    house.work()
    (event,) = house.emitted(provenance_pb.ImagePublished)
    signed, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    assert signed.sha256 == event.sha256
    assert signed.signed_at.tzinfo is not None

    house.keyring.destroy(allowed.subject_id)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()), times=2)
    house.work()

    assert looking.verify(data, house.ports).consent.state.value == "erased"
    assert len(house.emitted(platform_pb.ServiceErased)) == 1


def test_kept_found_again_taken_down_and_erased(house) -> None:
    first, second = house.publish(), house.publish(seed=1)
    copies = []
    for allowed in (first, second):
        _, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
        output = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").save(output, "JPEG", quality=80)
        copies.append(output.getvalue())
        assert looking.verify(output.getvalue(), house.ports).made_here
    claimant = Claimant("Ada Example", "ada@example.org", "")
    notice = Notice("r" * 24, claimant, Relation.SELF, STATEMENT_VERSION, confirmed=True)
    taken, pictures = taking_down.submit(notice, copies[0], house.ports)
    assert pictures == 1
    decided = taking_down.decide(taking_down.Decide(taken.id, TakedownState.ACCEPTED, "ada"), house.ports)
    assert [picture.image_id for picture, _ in decided.pictures] == [first.image_id]
    house.work()
    assert len(house.emitted(provenance_pb.ImageTakenDown)) == 1

    for allowed in (first, second):
        house.keyring.destroy(allowed.subject_id)
        house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
    house.work()
    assert not any(looking.verify(copy, house.ports).made_here for copy in copies)
    assert taking_down.show(taken.id, house.ports).pictures == []


def test_the_schema_can_be_undone(house) -> None:
    migrations.downgrade(house.database.engine, main.MIGRATIONS)
    migrations.upgrade(house.database.engine, main.MIGRATIONS)


def test_the_audit_log_is_append_only_and_one_chain_here_too(house) -> None:
    subject_id = new_id()
    (group,) = audit_subscriptions(store_of, house.ports.seal)
    barrier = threading.Barrier(4)

    def write() -> None:
        barrier.wait()
        for _ in range(10):
            message = generation_pb.ImageRequested(subject_id=subject_id, image_id=new_id())
            testing.deliver(group, house.database, message, 2)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with house.ports.reads() as store:
        assert check_chain(store.trail.entries(SubjectId(subject_id)), subject_id).count == 40
    assert auditing.check_all(house.ports.reads, house.ports.seal) == (1, [])

    gap = "INSERT INTO audit_entries SELECT subject_id, 99, 'x', event_type, at, facts, previous, hash"
    for statement in (
        "UPDATE audit_entries SET facts = '{}'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        f"{gap} FROM audit_entries WHERE sequence = 1",
    ):
        with pytest.raises(sa.exc.IntegrityError), house.database.engine.begin() as connection:
            connection.execute(sa.text(statement))

    house.deliver(platform_pb.ErasureRequested(subject_id=subject_id, erasure_id=new_id()))
    house.work()
    (event,) = house.emitted(platform_pb.ServiceErased)
    assert {s.store: s.count for s in event.stores}["database:audit_entries"] == 41
    assert auditing.check_all(house.ports.reads, house.ports.seal) == (0, [])


def test_an_entry_that_waited_for_an_erasure_is_not_written(house) -> None:
    """The lock of a person's log is held by the erasure; whoever waited for it sees that the person is forgotten."""
    subject_id = SubjectId(new_id())
    (group,) = audit_subscriptions(store_of, house.ports.seal)
    message = generation_pb.ImageRequested(subject_id=subject_id, image_id=new_id())
    testing.deliver(group, house.database, message, 1)
    waiting = threading.Thread(target=testing.deliver, args=(group, house.database, message, 1))
    with house.database.transaction() as unit:
        store = store_of(unit)
        auditing.erase(subject_id, store, house.ports)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        store.forget_subject(subject_id, unit.now())
    waiting.join(30)
    with house.ports.reads() as store:
        assert store.trail.last(subject_id) == Head()


def test_a_decision_and_an_erasure_do_not_wait_for_each_other(house, monkeypatch: pytest.MonkeyPatch) -> None:
    """The erasure holds the picture and is about to look for notices when the operator decides about it."""
    allowed = house.publish()
    _, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    claimant = Claimant("Ada Example", "ada@example.org", "")
    notice = Notice("s" * 24, claimant, Relation.SELF, STATEMENT_VERSION, confirmed=True)
    taken, pictures = taking_down.submit(notice, data, house.ports)
    assert pictures == 1
    deciding, outcome = threading.Event(), []

    def decide() -> None:
        deciding.set()
        try:
            taking_down.decide(taking_down.Decide(taken.id, TakedownState.ACCEPTED, "ada"), house.ports)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the test
            outcome.append(error)

    thread = threading.Thread(target=decide)
    forget = taking_down.forget_pictures

    def forget_slowly(*arguments):
        thread.start()
        deciding.wait(60)
        _wait_for_a_waiting_lock(house)
        return forget(*arguments)

    monkeypatch.setattr(taking_down, "forget_pictures", forget_slowly)
    house.deliver(platform_pb.ErasureRequested(subject_id=allowed.subject_id, erasure_id=new_id()))
    house.work()
    thread.join(60)
    assert not thread.is_alive()
    assert outcome == []
    assert len(house.emitted(platform_pb.ServiceErased)) == 1
    assert taking_down.show(taken.id, house.ports).takedown.state is TakedownState.ACCEPTED


def _wait_for_a_waiting_lock(house) -> None:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(600):
        with house.database.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.1)
    pytest.fail("nobody waits for a lock: the test is not about what it says")
