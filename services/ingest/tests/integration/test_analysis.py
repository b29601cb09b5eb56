"""The look at a photo: verdicts, groups, retries, and what is kept of other people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from semblance.contracts.ingest.v1.events_pb2 import PhotoAccepted, PhotoReceived, PhotoRefused
from semblance.ingest.adapters import tables
from semblance.ingest.adapters.work import work_kinds
from semblance.ingest.domain.photo import PhotoState
from semblance.ingest.handlers import library, people
from semblance.ingest.settings import IngestSettings
from semblance.kernel.errors import ConsentRevoked, Unavailable
from semblance.objects import PHOTOS, SealBroken, Sealer
from semblance.service_kit.work import WorkItem

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]


def _photo(service: Service, data: bytes) -> library.SeenPhoto:
    photo = service.upload(data)
    service.work()
    return library.get_photo(service.subject, photo.id, service.ports)


def test_an_own_face_is_used_and_announced(service: Service, picture_of: PictureOf) -> None:
    seen = _photo(service, picture_of(1))
    assert (seen.photo.state, seen.photo.verdict) == (PhotoState.ACCEPTED, "Used.")
    assert [of.face.own for of in seen.faces] == [True]
    received, accepted = service.emitted()
    assert isinstance(received, PhotoReceived)
    assert isinstance(accepted, PhotoAccepted)
    assert (accepted.photo_id, accepted.face_count) == (seen.photo.id, 1)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"people": ()}, "no-face"),
        ({"people": (4, 5)}, "own-face-missing"),
        ({"size_px": 20.0}, "face-too-small"),
        ({"sharpness": 2.0}, "too-blurry"),
    ],
)
def test_of_a_refused_photo_only_the_verdict_is_kept(
    service: Service, picture_of: PictureOf, found: dict[str, object], reason: str
) -> None:
    for name, value in found.items():
        setattr(service.faces, name, value)
    seen = _photo(service, picture_of(1))
    assert (seen.photo.state, seen.photo.reason_code) == (PhotoState.REFUSED, reason)
    assert seen.photo.verdict.startswith("Not used: ")
    assert seen.faces == []
    assert service.store.list(PHOTOS, "") == []
    assert [event.reason_code for event in service.emitted(PhotoRefused)] == [reason]
    assert people.list_people(service.subject, service.ports) == []


def test_a_photo_of_a_protected_person_is_refused_and_nothing_of_it_is_kept(
    service: Service, picture_of: PictureOf
) -> None:
    service.identity.protected = (4,)
    service.faces.people = (4, 0)  # the first of two equally large faces
    seen = _photo(service, picture_of(1))
    assert (seen.photo.state, seen.photo.reason_code, seen.faces) == (PhotoState.REFUSED, "protected-face", [])
    assert service.store.list(PHOTOS, "") == []
    service.faces.people = (0, 4)
    assert _photo(service, picture_of(2)).photo.state is PhotoState.ACCEPTED


def test_somebody_who_is_not_enrolled_is_told_so(service: Service, picture_of: PictureOf) -> None:
    service.identity.default = None
    assert "not known yet" in _photo(service, picture_of(1)).photo.verdict


def test_somebody_whom_another_face_model_enrolled_is_told_what_to_do(service: Service, picture_of: PictureOf) -> None:
    service.identity.default, service.identity.opt_in_again = None, True
    photo = _photo(service, picture_of(1)).photo
    assert photo.reason_code == "opt-in-again"
    assert "opt in again before your camera" in photo.verdict


def test_an_operators_two_face_models_refuse_no_photo(service: Service, picture_of: PictureOf) -> None:
    """What identity's client makes of `other-face-model`; once both are set alike, the photo is looked at."""
    service.identity.error = Unavailable("made by another", code="other-face-model")
    photo = service.upload(picture_of(1))
    service.work()
    assert people.list_people(service.subject, service.ports) == []
    service.identity.error = None
    service.clock.advance(120)
    service.work()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.state is PhotoState.ACCEPTED


def test_faces_that_another_model_read_are_compared_with_nothing(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = (0, 1)
    _photo(service, picture_of(1))
    settings = replace(service.ports.settings, face_model="deepface:Dlib@0123456789ab")
    service.ports = replace(service.ports, settings=settings)
    _photo(service, picture_of(2))
    _photo(service, picture_of(3))
    shown = people.list_people(service.subject, service.ports)
    assert [(person.own, len(person.faces)) for person in shown] == [(True, 3), (False, 2), (False, 1)]


def test_another_face_model_needs_a_threshold_of_its_own() -> None:
    with pytest.raises(ValidationError, match="INGEST_GROUPING_THRESHOLD must be set"):
        IngestSettings(face_model="deepface:ArcFace")
    IngestSettings(face_model="deepface:ArcFace", grouping_threshold=0.4)


def test_people_are_grouped_photo_by_photo(service: Service, picture_of: PictureOf) -> None:
    photos = {}
    for number, who in enumerate([(0,), (0, 1), (0, 1, 2), (2, 0), (0, 1)], 1):
        service.faces.people = who
        photos[number] = _photo(service, picture_of(number)).photo
    shown = people.list_people(service.subject, service.ports)
    assert [person.own for person in shown] == [True, False, False]
    assert [len(person.faces) for person in shown] == [5, 3, 2]
    assert set(shown[0].faces.values()) == {photo.id for photo in photos.values()}
    assert "2 other people are left out" in photos[3].verdict


def test_training_gets_own_faces_of_accepted_photos_only(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = (3, 0)
    accepted = _photo(service, picture_of(1)).photo
    service.faces.people = (3,)
    _photo(service, picture_of(2))
    service.upload(picture_of(3))
    [found] = library.training_photos(service.subject, service.ports)
    assert found.photo == accepted
    assert found.own.own
    assert len(found.own.place.landmarks_px) == 10
    assert found.other_faces == 1
    assert library.training_photos(service.stranger()[0], service.ports) == []


def test_faces_of_others_are_sealed_with_the_owners_key(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = (0, 1)
    _photo(service, picture_of(1))
    with service.database.read() as session:
        sealed = session.scalars(sa.select(tables.faces.c.sealed_embedding)).all()
    other, _ = service.stranger()
    sealer = Sealer(service.keyring)
    for blob in sealed:
        assert len(sealer.open(service.subject, "faces", blob)) == 512
        with pytest.raises(SealBroken):
            sealer.open(other, "faces", blob)


def test_identity_away_for_a_while_only_delays(service: Service, picture_of: PictureOf) -> None:
    service.identity.error = Unavailable("identity does not answer")
    photo = service.upload(picture_of(1))
    service.work()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.state is PhotoState.RECEIVED
    service.identity.error = None
    service.clock.advance(5)
    service.work()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.state is PhotoState.ACCEPTED


def test_a_photo_that_can_never_be_looked_at_is_refused(service: Service, picture_of: PictureOf) -> None:
    service.faces.before = lambda: 1 / 0  # type: ignore[assignment, return-value]
    photo = service.upload(picture_of(1))
    service.work_until_given_up()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.reason_code == "analysis-failed"
    assert service.store.list(PHOTOS, "") == []


def test_damaged_bytes_in_the_store_refuse_the_photo(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    sealed = bytearray(service.store.get(PHOTOS, photo.object_key))
    sealed[-1] ^= 1
    service.store.put(PHOTOS, photo.object_key, bytes(sealed))
    service.work_until_given_up()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.reason_code == "analysis-failed"


def test_a_consent_withdrawn_before_the_look_refuses(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    service.consents.revoke(service.consent_id)
    service.work_until_given_up()
    assert library.get_photo(service.subject, photo.id, service.ports).photo.reason_code == "consent-revoked"
    with pytest.raises(ConsentRevoked):
        service.upload(picture_of(2))


def test_a_photo_removed_during_the_look_stays_removed(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    service.faces.before = lambda: library.remove_photo(service.subject, photo.id, service.ports)
    service.work()
    assert library.list_photos(service.subject, "", 0, service.ports)[0] == []
    assert people.list_people(service.subject, service.ports) == []
    assert service.emitted(PhotoAccepted) == []


def test_looking_twice_has_one_effect(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    run = work_kinds(service.ports, concurrency=1)["analyse_photo"].run
    item = WorkItem("1", "analyse_photo", photo.id, {}, 1)
    first, second = run(item, _Calm()), run(item, _Calm())
    for settle in (first, second):
        with service.database.transaction() as unit:
            settle(unit)
    assert len(service.emitted(PhotoAccepted)) == 1
    assert sum(len(person.faces) for person in people.list_people(service.subject, service.ports)) == 1


class _Calm:
    """A work context that nobody cancels."""

    def check(self) -> None:
        return


def test_pages_are_in_order_and_complete(service: Service, picture_of: PictureOf) -> None:
    uploaded = [service.upload(picture_of(number)).id for number in range(5)]
    seen, after = [], ""
    while True:
        page, after = library.list_photos(service.subject, after, 2, service.ports)
        seen += [of.photo.id for of in page]
        if not after:
            break
    assert seen == sorted(uploaded, reverse=True), "newest first"
