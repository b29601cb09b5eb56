"""Being forgotten: objects, rows, and what may still be said of copies."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.ids import ImageId, SubjectId, new_id
from semblance.objects import PUBLISHED, QUARANTINE
from semblance.provenance.adapters import tables
from semblance.provenance.domain.errors import PictureNotFound
from semblance.provenance.handlers import asking, looking
from semblance.service_kit import testing

Erased = platform_pb.ServiceErased


def removed(allowed) -> generation_pb.ImageRemoved:
    return generation_pb.ImageRemoved(subject_id=allowed.subject_id, consent_id=new_id(), image_id=allowed.image_id)


def _requested(subject_id: str) -> platform_pb.ErasureRequested:
    return platform_pb.ErasureRequested(subject_id=subject_id, erasure_id=new_id())


def _counts(event: platform_pb.ServiceErased) -> dict[str, int]:
    return {s.store: s.count for s in event.stores}


def test_a_person_is_erased_from_every_store_and_the_answer_counts(house) -> None:
    allowed = house.publish()
    consent = house.consents.get(allowed.consent_id)
    other = house.publish(seed=2)
    house.deliver(house.rendered(seed=1, consent=consent))
    house.keyring.destroy(allowed.subject_id)

    house.deliver(_requested(allowed.subject_id), times=2)
    house.work()

    (event,) = house.emitted(Erased)
    assert event.service == "provenance"
    assert _counts(event) == {
        "database:publications": 2,
        "database:manifests": 1,
        "database:takedown_pictures": 0,
        "database:adapters": 2,
        "objects:published": 1,
        "objects:quarantine": 1,
        "database:audit_entries": 0,  # none of these events was told to the log
        "kept:audit_fingerprint": 0,
        "queue:work": 1,
    }
    assert house.objects(QUARANTINE) == []
    assert [key.split("/")[0] for key in house.objects(PUBLISHED)] == [other.subject_id]
    with pytest.raises(PictureNotFound):
        asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)


def test_no_row_names_an_erased_person(house) -> None:
    allowed = house.publish()
    house.keyring.destroy(allowed.subject_id)
    house.deliver(_requested(allowed.subject_id))
    house.work()
    testing.forget_emitted(house.database)

    with house.database.read() as session:
        for name in sa.inspect(session.get_bind()).get_table_names():
            rows = session.execute(sa.text(f"SELECT * FROM {name}")).all()
            assert allowed.subject_id not in repr(rows), name
            assert allowed.consent_id not in repr(rows), name


def test_a_copy_of_an_erased_persons_picture_is_known_as_erased(house) -> None:
    allowed = house.publish()
    _, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    house.keyring.destroy(allowed.subject_id)
    house.deliver(_requested(allowed.subject_id))
    house.work()

    found = looking.verify(data, house.ports)

    assert found.made_here
    assert found.consent.state.value == "erased"
    assert found.signed_at is None


def test_a_person_of_whom_nothing_is_held_is_answered_for_too(house) -> None:
    house.deliver(_requested(new_id()))
    house.work()
    (event,) = house.emitted(Erased)
    assert set(_counts(event).values()) == {0}


def test_asking_again_after_the_end_gives_the_same_answer(house) -> None:
    allowed = house.publish()
    house.keyring.destroy(allowed.subject_id)
    request = _requested(allowed.subject_id)
    house.deliver(request)
    house.work()
    house.deliver(request)
    house.work()

    first, second = house.emitted(Erased)
    assert _counts(first) == _counts(second)
    assert _counts(first)["objects:published"] == 1


def test_a_yes_that_arrives_after_the_erasure_publishes_nothing_and_keeps_nothing(house) -> None:
    allowed = house.rendered()
    house.keyring.destroy(allowed.subject_id)
    house.deliver(_requested(allowed.subject_id))
    house.work()
    house.deliver(allowed)
    house.deliver(removed(allowed))
    house.work()

    assert house.emitted(provenance_pb.ImagePublished) == house.emitted(provenance_pb.PublicationRefused) == []
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(tables.publications)) == 0
