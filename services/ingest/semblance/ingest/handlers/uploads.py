"""Photos in: straight through this service, or by way of a presigned address."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from semblance.ingest.domain.errors import PhotoNotFound, TooManyPhotos, UnusableFile, UploadNotArrived, UploadOver
from semblance.ingest.domain.events import Received, Refused
from semblance.ingest.domain.photo import UNFINISHED, Photo, PhotoState, Picture, bits_apart, new_photo
from semblance.ingest.ports import Ports, Store
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import PhotoId, SubjectId, new_id, parse_id
from semblance.kernel.units import MIB

CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"})


@dataclass(frozen=True)
class UploadAddress:
    """Where a client may PUT one file."""

    photo: Photo
    url: str
    expires_at: dt.datetime


def receive_photo(subject_id: str, consent_id: str, photo_id: str, data: bytes, ports: Ports) -> Photo:
    """Check, clean, seal and keep a photo. With a `photo_id` that the caller chose, a repeated call changes nothing.

    Raises the consent's errors, UnusableFile, TooManyPhotos, Unavailable.
    """
    consent = ports.consents.require(consent_id, subject_id, Purpose.PHOTOS)
    chosen = PhotoId(parse_id(photo_id, "photo id") if photo_id else new_id())
    known = _known(chosen, consent.subject_id, ports)
    if known is not None and known.state is not PhotoState.STORING:
        return known
    picture = _picture(data, ports)
    photo = known or new_photo(chosen, consent, PhotoState.STORING, ports.clock.now())
    return _keep(photo, data, picture, ports)


def create_upload(subject_id: str, consent_id: str, content_type: str, size_bytes: int, ports: Ports) -> UploadAddress:
    """A presigned way in. Raises the consent's errors, UnusableFile, TooManyPhotos."""
    consent = ports.consents.require(consent_id, subject_id, Purpose.PHOTOS)
    if content_type and content_type not in CONTENT_TYPES:
        raise UnusableFile("unsupported-format", "photos of this content type are not taken")
    _require_size(size_bytes, ports)
    limits = ports.settings.limits
    photo = new_photo(PhotoId(new_id()), consent, PhotoState.AWAITING_UPLOAD, ports.clock.now())
    url = ports.incoming.url(photo, limits.upload_s)
    with ports.transactions() as store:
        store.lock_library(photo.subject_id)
        _require_room(store, photo.subject_id, limits.photos)
        store.photos.save(photo)
    return UploadAddress(photo, url, photo.created_at + dt.timedelta(seconds=limits.upload_s))


def complete_upload(subject_id: SubjectId, photo_id: PhotoId, ports: Ports) -> Photo:
    """Take over what the client put; a repeated call changes nothing.

    Raises PhotoNotFound, UploadNotArrived, UnusableFile (the photo is then refused), the consent's errors.
    """
    photo = _known(photo_id, subject_id, ports)
    if photo is None:
        raise PhotoNotFound
    if photo.state not in UNFINISHED:
        return photo
    ports.consents.require(photo.consent_id, subject_id, Purpose.PHOTOS)
    size_bytes = ports.incoming.size_bytes(photo)
    if size_bytes is None:
        raise UploadNotArrived
    try:
        _require_size(size_bytes, ports)
        data = ports.incoming.get(photo)
        picture = _picture(data, ports)
    except UnusableFile as error:
        with ports.transactions() as store:
            _refuse(store, photo.refused(error.code, f"Not used: {error.detail}."))
            store.remove_bytes(photo)
        raise
    kept = _keep(photo, data, picture, ports)
    ports.incoming.remove(photo.object_key)
    return kept


def _known(photo_id: PhotoId, subject_id: SubjectId, ports: Ports) -> Photo | None:
    with ports.reads() as store:
        photo = store.photos.get(photo_id)
    if photo is not None and photo.subject_id != subject_id:
        raise PhotoNotFound
    return photo


def _require_size(size_bytes: int, ports: Ports) -> None:
    limit = ports.settings.limits.size_bytes
    if size_bytes <= 0:
        raise UnusableFile("empty-file", "the file is empty")
    if size_bytes > limit:
        raise UnusableFile("file-too-large", f"the file is larger than {limit // MIB} MiB", "Upload a smaller file.")


def _picture(data: bytes, ports: Ports) -> Picture:
    _require_size(len(data), ports)
    return ports.codec.normalise(data)


def _keep(photo: Photo, data: bytes, picture: Picture, ports: Ports) -> Photo:
    """Note the photo, store its bytes, then call it received: a crash in between leaves what the sweeper clears."""
    storing = photo.storing(
        picture, source_sha256=hashlib.sha256(data).hexdigest(), sha256=hashlib.sha256(picture.jpeg).hexdigest()
    )
    with ports.transactions() as store:
        store.lock_library(storing.subject_id)
        earlier = store.photos.get(storing.id)
        if earlier is None:
            if reason := _again(store, storing, ports):
                return _refuse(store, storing.refused(reason))
            _require_room(store, storing.subject_id, ports.settings.limits.photos)
        elif earlier.state not in UNFINISHED:
            return earlier
        store.photos.save(storing)
    try:
        ports.originals.put(storing, picture.jpeg)
    except SemblanceError:
        with ports.transactions() as store:
            if photo.state is PhotoState.AWAITING_UPLOAD:
                store.photos.save(photo)
            else:
                store.photos.delete(photo.id)
        raise
    return _settle(storing, ports)


def _settle(storing: Photo, ports: Ports) -> Photo:
    with ports.transactions() as store:
        store.lock_library(storing.subject_id)
        now_photo = store.photos.get(storing.id)
        if now_photo is not None and now_photo.state is PhotoState.STORING:
            if reason := _again(store, storing, ports):
                store.remove_bytes(storing)
                return _refuse(store, storing.refused(reason))
            received = storing.received(ports.clock.now())
            store.photos.save(received)
            store.publish(Received(received))
            store.analyse(received.id)
            return received
    # Removed, erased or withdrawn while its bytes were on their way: they must not stay.
    if now_photo is None or now_photo.state is PhotoState.REFUSED:
        ports.originals.remove(storing.object_key)
    if now_photo is None:
        raise UploadOver
    return now_photo


def _again(store: Store, photo: Photo, ports: Ports) -> str:
    """The reason code if the library holds this photo already, else nothing."""
    held = store.photos.held(photo.subject_id)
    if any(other.source_sha256 == photo.source_sha256 or other.sha256 == photo.sha256 for other in held):
        return "duplicate"
    allowed = ports.settings.limits.near_duplicate_bits
    return "near-duplicate" if any(bits_apart(other.dhash, photo.dhash) <= allowed for other in held) else ""


def _require_room(store: Store, subject_id: SubjectId, limit: int) -> None:
    if store.photos.count(subject_id) >= limit:
        raise TooManyPhotos(limit)


def _refuse(store: Store, photo: Photo) -> Photo:
    store.photos.save(photo)
    store.publish(Refused(photo))
    return photo
