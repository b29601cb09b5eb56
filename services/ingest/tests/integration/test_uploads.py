"""Photos in: accepted once, refused by name, never half kept."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from semblance.contracts.ingest.v1.events_pb2 import PhotoReceived, PhotoRefused
from semblance.ingest.domain.errors import PhotoNotFound, TooManyPhotos, UnusableFile, UploadNotArrived, UploadOver
from semblance.ingest.domain.photo import Limits, Photo, PhotoState
from semblance.ingest.handlers import library, uploads
from semblance.ingest.handlers.endings import sweep
from semblance.ingest.ports import Ports
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked, Invalid, Unavailable
from semblance.kernel.ids import PhotoId, new_id
from semblance.objects import INCOMING, PHOTOS, StoreUnavailable, SubjectKeyDestroyed

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]


def _limited(service: Service, **limits: int) -> Ports:
    ports = service.ports
    return replace(ports, settings=replace(ports.settings, limits=replace(Limits(), **limits)))


def test_a_photo_is_sealed_noted_and_announced(service: Service, picture_of: PictureOf) -> None:
    photo = service.upload(picture_of(1))
    assert photo.state is PhotoState.RECEIVED
    sealed = service.store.get(PHOTOS, photo.object_key)
    assert b"JFIF" not in sealed
    jpeg = library.photo_content(service.subject, photo.id, service.ports)
    assert jpeg[:3] == b"\xff\xd8\xff"
    event = service.emitted(PhotoReceived)[0]
    assert (event.photo_id, event.sha256, event.object_key) == (photo.id, photo.sha256, photo.object_key)
    assert event.size_bytes == len(jpeg)
    assert (event.consent_id, event.consent_revision) == (service.consent_id, 1)


def test_a_repeated_upload_under_one_id_changes_nothing(service: Service, picture_of: PictureOf) -> None:
    chosen = new_id()
    first = service.upload(picture_of(1), photo_id=chosen)
    assert service.upload(picture_of(1), photo_id=chosen) == first
    assert len(service.emitted()) == 1
    other, consent_id = service.stranger()
    with pytest.raises(PhotoNotFound):
        uploads.receive_photo(other, consent_id, chosen, picture_of(1), service.ports)


def test_the_same_photo_twice_is_a_duplicate_but_not_across_people(service: Service, picture_of: PictureOf) -> None:
    service.upload(picture_of(1))
    again = service.upload(picture_of(1))
    assert (again.state, again.reason_code) == (PhotoState.REFUSED, "duplicate")
    assert "before" in again.verdict
    assert not service.store.exists(PHOTOS, again.object_key)
    assert [event.reason_code for event in service.emitted(PhotoRefused)] == ["duplicate"]
    other, consent_id = service.stranger()
    theirs = uploads.receive_photo(other, consent_id, "", picture_of(1), service.ports)
    assert theirs.state is PhotoState.RECEIVED


def test_nearly_the_same_photo_is_a_near_duplicate_and_another_is_not(service: Service, picture_of: PictureOf) -> None:
    service.upload(picture_of(1, 800, 640))
    again = service.upload(picture_of(1, 600, 480, quality=50))
    assert (again.state, again.reason_code) == (PhotoState.REFUSED, "near-duplicate")
    assert service.upload(picture_of(2, 800, 640)).state is PhotoState.RECEIVED


def test_a_refused_photo_may_be_sent_again(service: Service, picture_of: PictureOf) -> None:
    service.faces.people = ()
    first = service.upload(picture_of(1))
    service.work()
    assert library.get_photo(service.subject, first.id, service.ports).photo.reason_code == "no-face"
    service.faces.people = (0,)
    second = service.upload(picture_of(1))
    service.work()
    assert library.get_photo(service.subject, second.id, service.ports).photo.state is PhotoState.ACCEPTED


def test_consent_is_asked_for_every_upload(service: Service, picture_of: PictureOf) -> None:
    with pytest.raises(ConsentMissing):
        uploads.receive_photo(service.subject, new_id(), "", picture_of(1), service.ports)
    other, consent_id = service.stranger()
    with pytest.raises(ConsentMissing):
        uploads.receive_photo(service.subject, consent_id, "", picture_of(1), service.ports)
    training_only = service.consents.grant(other, purposes=frozenset({Purpose.TRAIN})).id
    for call in (
        lambda: uploads.receive_photo(other, training_only, "", picture_of(1), service.ports),
        lambda: uploads.create_upload(other, training_only, "image/jpeg", 100, service.ports),
    ):
        with pytest.raises(ConsentMissing):
            call()
    service.consents.stale = True
    with pytest.raises(Unavailable):
        service.upload(picture_of(1))
    service.consents.stale = False
    service.clock.advance(366 * 86400)
    with pytest.raises(ConsentExpired):
        service.upload(picture_of(1))
    service.consents.revoke(service.consent_id)
    with pytest.raises(ConsentRevoked):
        service.upload(picture_of(1))
    assert service.store.list(PHOTOS, "") == []
    assert service.emitted() == []


def test_an_empty_or_oversized_file_is_refused(service: Service, picture_of: PictureOf) -> None:
    with pytest.raises(UnusableFile) as caught:
        service.upload(b"")
    assert caught.value.code == "empty-file"
    with pytest.raises(UnusableFile) as caught:
        uploads.receive_photo(
            service.subject, service.consent_id, "", picture_of(1), _limited(service, size_bytes=1000)
        )
    assert caught.value.code == "file-too-large"
    with pytest.raises(Invalid):
        service.upload(picture_of(1), photo_id="../../elsewhere")


def test_a_full_library_takes_no_more(service: Service, picture_of: PictureOf) -> None:
    ports = _limited(service, photos=2)
    for number in (1, 2):
        uploads.receive_photo(service.subject, service.consent_id, "", picture_of(number), ports)
    with pytest.raises(TooManyPhotos):
        uploads.receive_photo(service.subject, service.consent_id, "", picture_of(3), ports)
    with pytest.raises(TooManyPhotos):
        uploads.create_upload(service.subject, service.consent_id, "image/png", 100, ports)
    library.remove_photo(service.subject, library.list_photos(service.subject, "", 1, ports)[0][0].photo.id, ports)
    assert uploads.receive_photo(service.subject, service.consent_id, "", picture_of(3), ports)


class _FailingOriginals:
    """A store that is away, full, or does something first."""

    def __init__(self, inner: object, do: Callable[[Photo], None]) -> None:
        self._inner = inner
        self._do = do

    def put(self, photo: Photo, jpeg: bytes) -> None:
        self._do(photo)
        self._inner.put(photo, jpeg)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_store_that_is_away_leaves_nothing_behind(service: Service, picture_of: PictureOf) -> None:
    def away(_: Photo) -> None:
        raise StoreUnavailable("the object store does not answer")

    broken = replace(service.ports, originals=_FailingOriginals(service.ports.originals, away))
    with pytest.raises(Unavailable):
        uploads.receive_photo(service.subject, service.consent_id, "", picture_of(1), broken)
    assert library.list_photos(service.subject, "", 0, service.ports) == ([], "")
    assert service.upload(picture_of(1)).state is PhotoState.RECEIVED


def test_a_photo_removed_while_it_is_stored_does_not_stay(service: Service, picture_of: PictureOf) -> None:
    def remove(photo: Photo) -> None:
        library.remove_photo(service.subject, photo.id, service.ports)

    racing = replace(service.ports, originals=_FailingOriginals(service.ports.originals, remove))
    with pytest.raises(UploadOver):
        uploads.receive_photo(service.subject, service.consent_id, "", picture_of(1), racing)
    assert service.store.list(PHOTOS, "") == []


def test_the_same_photo_twice_at_once_is_kept_once(service: Service, picture_of: PictureOf) -> None:
    racing = replace(
        service.ports,
        originals=_FailingOriginals(service.ports.originals, lambda _: service.upload(picture_of(1)) and None),
    )
    late = uploads.receive_photo(service.subject, service.consent_id, "", picture_of(1), racing)
    assert (late.state, late.reason_code) == (PhotoState.REFUSED, "duplicate")
    service.work()
    assert len(service.store.list(PHOTOS, "")) == 1


def test_nothing_is_kept_for_a_person_whose_key_is_destroyed(service: Service, picture_of: PictureOf) -> None:
    service.keyring.destroy(service.subject)
    with pytest.raises(SubjectKeyDestroyed):
        service.upload(picture_of(1))
    assert service.store.list(PHOTOS, "") == []
    assert library.list_photos(service.subject, "", 0, service.ports)[0] == []


def _address(service: Service, size_bytes: int = 1000) -> uploads.UploadAddress:
    return uploads.create_upload(service.subject, service.consent_id, "image/jpeg", size_bytes, service.ports)


def test_a_presigned_upload_becomes_a_photo_and_its_raw_bytes_go(service: Service, picture_of: PictureOf) -> None:
    address = _address(service)
    assert address.photo.object_key in address.url
    assert address.expires_at == service.clock.now() + dt.timedelta(seconds=900)
    with pytest.raises(UploadNotArrived):
        uploads.complete_upload(service.subject, address.photo.id, service.ports)
    service.store.put(INCOMING, address.photo.object_key, picture_of(1))
    photo = uploads.complete_upload(service.subject, address.photo.id, service.ports)
    assert photo.state is PhotoState.RECEIVED
    assert service.store.list(INCOMING, "") == []
    assert uploads.complete_upload(service.subject, address.photo.id, service.ports) == photo
    assert len(service.emitted(PhotoReceived)) == 1


def test_a_presigned_upload_of_rubbish_is_refused_and_cleared(service: Service) -> None:
    address = _address(service)
    service.store.put(INCOMING, address.photo.object_key, b"PK\x03\x04 no picture")
    with pytest.raises(UnusableFile):
        uploads.complete_upload(service.subject, address.photo.id, service.ports)
    photo = library.get_photo(service.subject, address.photo.id, service.ports).photo
    assert (photo.state, photo.reason_code) == (PhotoState.REFUSED, "unsupported-format")
    assert [event.reason_code for event in service.emitted(PhotoRefused)] == ["unsupported-format"]
    service.work()
    assert service.store.list(INCOMING, "") == []


def test_a_presigned_upload_larger_than_allowed_is_not_even_read(service: Service) -> None:
    address = _address(service)
    service.store.put(INCOMING, address.photo.object_key, bytes(2000))
    with pytest.raises(UnusableFile) as caught:
        uploads.complete_upload(service.subject, address.photo.id, _limited(service, size_bytes=1500))
    assert caught.value.code == "file-too-large"


def test_presigned_uploads_have_limits_of_their_own(service: Service) -> None:
    for content_type, size_bytes in (("application/zip", 10), ("image/jpeg", 0), ("image/jpeg", 26 * 2**20)):
        with pytest.raises(UnusableFile):
            uploads.create_upload(service.subject, service.consent_id, content_type, size_bytes, service.ports)
    other, _ = service.stranger()
    with pytest.raises(PhotoNotFound):
        uploads.complete_upload(other, _address(service).photo.id, service.ports)
    with pytest.raises(PhotoNotFound):
        uploads.complete_upload(service.subject, PhotoId(new_id()), service.ports)


def test_abandoned_uploads_are_swept_and_fresh_ones_are_not(service: Service, picture_of: PictureOf) -> None:
    service.clock.jump_to(dt.datetime.now(dt.UTC))  # ids carry the real time
    old = _address(service)
    service.store.put(INCOMING, old.photo.object_key, picture_of(1))
    orphan = f"{service.subject}/{new_id()}"
    service.store.put(INCOMING, orphan, b"raw bytes of a photo that was removed")
    service.store.put(INCOMING, "not/ours", b"?")
    service.clock.advance(1700)
    assert sweep(service.ports) == 1
    assert service.store.list(INCOMING, "") == sorted([old.photo.object_key, orphan])
    service.clock.advance(200)
    fresh = _address(service)
    kept = service.upload(picture_of(2))
    assert sweep(service.ports) == 2
    assert service.store.list(INCOMING, "") == []
    shown = [seen.photo.id for seen in library.list_photos(service.subject, "", 0, service.ports)[0]]
    assert shown == sorted([fresh.photo.id, kept.id], reverse=True)


def test_what_was_uploaded_is_not_what_is_kept(service: Service) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    out = io.BytesIO()
    Image.radial_gradient("L").save(out, "JPEG", exif=exif)
    photo = service.upload(out.getvalue())
    assert b"a camera" not in library.photo_content(service.subject, photo.id, service.ports)
