"""Withdrawn consents and erasures, each event delivered twice with one effect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from google.protobuf import text_format
from google.protobuf.message import Message

from semblance.contracts.identity.v1 import events_pb2 as identity_pb2
from semblance.contracts.ingest.v1.events_pb2 import PhotoAccepted, PhotoRefused
from semblance.contracts.platform.v1 import events_pb2 as platform_pb2
from semblance.ingest.adapters import tables
from semblance.ingest.adapters.store import store_of
from semblance.ingest.consumers import subscriptions
from semblance.ingest.domain.photo import PhotoState
from semblance.ingest.handlers import library, people, uploads
from semblance.kernel.ids import new_id
from semblance.objects import INCOMING, PHOTOS
from semblance.service_kit import testing

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]
SAMPLES = Path(__file__).parents[4] / "protos" / "samples"


def _revoked(service: Service) -> identity_pb2.ConsentRevoked:
    consent = service.consents.revoke(service.consent_id)
    state = identity_pb2.ConsentState(
        subject_id=consent.subject_id, consent_id=consent.id, revision=consent.revision, purposes=[1, 2, 3]
    )
    for name in ("granted_at", "expires_at", "revoked_at"):
        instant: dt.datetime = getattr(consent, name)
        getattr(state, name).FromDatetime(instant)
    return identity_pb2.ConsentRevoked(
        subject_id=consent.subject_id, consent_id=consent.id, consent_revision=2, state=state, reason="withdrawn"
    )


def _erasure(service: Service) -> platform_pb2.ErasureRequested:
    return platform_pb2.ErasureRequested(subject_id=service.subject, erasure_id=new_id())


def _counts(message: object) -> dict[str, int]:
    return {store.store: store.count for store in message.stores}  # type: ignore[attr-defined]


def test_a_withdrawn_consent_ends_what_is_pending_and_nothing_else(service: Service, picture_of: PictureOf) -> None:
    accepted = service.upload(picture_of(1))
    service.work()
    pending = service.upload(picture_of(2))
    address = uploads.create_upload(service.subject, service.consent_id, "image/jpeg", 100, service.ports)
    other_consent = service.consents.grant(service.subject).id
    unrelated = uploads.receive_photo(service.subject, other_consent, "", picture_of(3), service.ports)
    assert service.deliver(_revoked(service)) == ["handled", "duplicate"]
    service.work()
    states = {of.photo.id: of.photo for of in library.list_photos(service.subject, "", 0, service.ports)[0]}
    assert states[accepted.id].state is PhotoState.ACCEPTED
    assert states[unrelated.id].state is PhotoState.ACCEPTED
    for photo_id in (pending.id, address.photo.id):
        assert states[photo_id].reason_code == "consent-revoked"
    assert sorted(event.photo_id for event in service.emitted(PhotoRefused)) == sorted([pending.id, address.photo.id])
    assert service.store.list(PHOTOS, "") == sorted([accepted.object_key, unrelated.object_key])
    assert [event.photo_id for event in service.emitted(PhotoAccepted)] == [accepted.id, unrelated.id]


def test_a_consent_that_the_erasure_ended_leaves_its_photos_for_the_erasure_to_count(
    service: Service, picture_of: PictureOf
) -> None:
    service.upload(picture_of(1))
    address = uploads.create_upload(service.subject, service.consent_id, "image/jpeg", 100, service.ports)
    service.store.put(INCOMING, address.photo.object_key, b"raw")
    ended = _revoked(service)
    ended.reason = "erasure"
    service.deliver(ended)
    assert len(service.store.list(INCOMING, "")) == 1
    assert service.emitted(PhotoRefused) == []
    service.deliver(_erasure(service))
    service.work()
    [erased] = service.emitted(platform_pb2.ServiceErased)
    assert {store: count for store, count in _counts(erased).items() if count} == {
        "objects:photos": 1,
        "objects:incoming": 1,
        "database:photos": 2,
        "queue:work": 1,
    }


def test_a_consent_withdrawn_during_the_look_stops_it(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    service.faces.before = lambda: service.deliver(_revoked(service)) and None  # type: ignore[assignment]
    service.work()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.reason_code == "consent-revoked"
    assert service.emitted(PhotoAccepted) == []
    assert people.list_people(service.subject, service.ports) == []


def test_an_erasure_destroys_everything_and_counts_it(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = (0, 1)
    for number in (1, 2):
        service.upload(picture_of(number))
    service.work()
    person = people.list_people(service.subject, service.ports)[1]
    people.name_person(service.subject, person.id, "Zoë", service.ports)
    service.upload(picture_of(3))
    address = uploads.create_upload(service.subject, service.consent_id, "image/jpeg", 100, service.ports)
    service.store.put(INCOMING, address.photo.object_key, b"raw")
    other, consent_id = service.stranger()
    kept = uploads.receive_photo(other, consent_id, "", picture_of(1), service.ports)

    service.keyring.destroy(service.subject)
    request = _erasure(service)
    assert service.deliver(request) == ["handled", "duplicate"]
    service.work()
    [erased] = service.emitted(platform_pb2.ServiceErased)
    assert (erased.service, erased.erasure_id, erased.subject_id) == ("ingest", request.erasure_id, service.subject)
    assert _counts(erased) == {
        "objects:photos": 3,
        "objects:incoming": 1,
        "database:people_log": 5,
        "database:faces": 4,
        "database:photos": 4,
        "queue:work": 1,
    }
    assert service.store.list(PHOTOS, "") == [kept.object_key]
    assert service.store.list(INCOMING, "") == []
    with service.database.read() as session:
        for table in (tables.libraries, tables.photos, tables.faces, tables.people_log):
            owners = set(session.scalars(sa.select(table.c.subject_id)))
            assert service.subject not in owners


def test_an_erasure_of_nobody_still_answers(service: Service) -> None:
    request = platform_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())
    service.deliver(request)
    service.work()
    [erased] = service.emitted(platform_pb2.ServiceErased)
    assert set(_counts(erased).values()) == {0}


def test_an_erasure_asked_again_answers_again(service: Service, picture_of: PictureOf) -> None:
    service.upload(picture_of(1))
    request = _erasure(service)
    for _ in range(2):  # identity reminds with a new event for the same erasure
        service.deliver(request)
        service.work()
    first, second = service.emitted(platform_pb2.ServiceErased)
    assert _counts(first)["objects:photos"] == 1
    assert set(_counts(second).values()) == {0}


def test_an_erasure_cut_short_still_counts_the_objects(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    service.store.remove(PHOTOS, photo.object_key)  # as the first, killed attempt did
    service.deliver(_erasure(service))
    service.work()
    assert _counts(service.emitted(platform_pb2.ServiceErased)[0])["objects:photos"] == 1


def test_an_erasure_stops_looks_that_are_under_way(service: Service, picture_of: PictureOf) -> None:
    service.upload(picture_of(1))
    service.faces.before = lambda: service.deliver(_erasure(service)) and None  # type: ignore[assignment]
    service.work()
    assert service.emitted(PhotoAccepted) == []
    assert service.store.list(PHOTOS, "") == []
    assert library.list_photos(service.subject, "", 0, service.ports)[0] == []


def test_every_event_that_the_contract_sends_here_is_known() -> None:
    told_by_memory = frozenset({"semblance.contracts.identity.v1.ConsentGranted"})
    answers = frozenset(
        {"semblance.contracts.platform.v1.ServiceErased", "semblance.contracts.platform.v1.ErasureCompleted"}
    )
    testing.handles_every_event(subscriptions(store_of), "ingest", exempt=told_by_memory | answers)


@pytest.mark.parametrize("kind", [identity_pb2.ConsentRevoked, platform_pb2.ErasureRequested])
def test_the_contracts_samples_have_one_effect_each(service: Service, kind: type[Message]) -> None:
    sample = SAMPLES / f"{kind.DESCRIPTOR.full_name}.txtpb"
    message = text_format.Parse(sample.read_text(), kind())
    assert service.deliver(message) == ["handled", "duplicate"]
    service.work()
    assert len(service.emitted(platform_pb2.ServiceErased)) == (kind is platform_pb2.ErasureRequested)
