"""Domain values as the contract spells them."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.ingest.domain.faces import Place
from semblance.ingest.domain.photo import Photo, PhotoState
from semblance.ingest.handlers.library import LearntFrom, SeenPhoto
from semblance.ingest.handlers.people import ShownPerson
from semblance.ingest.handlers.uploads import UploadAddress

_STATES = {
    PhotoState.AWAITING_UPLOAD: pb.PHOTO_STATE_AWAITING_UPLOAD,
    PhotoState.STORING: pb.PHOTO_STATE_AWAITING_UPLOAD,
    PhotoState.RECEIVED: pb.PHOTO_STATE_RECEIVED,
    PhotoState.ACCEPTED: pb.PHOTO_STATE_ACCEPTED,
    PhotoState.REFUSED: pb.PHOTO_STATE_REFUSED,
}


def photo_message(photo: Photo) -> pb.Photo:
    """A photo without its faces."""
    message = pb.Photo(
        photo_id=photo.id,
        subject_id=photo.subject_id,
        state=_STATES[photo.state],
        reason_code=photo.reason_code,
        verdict=photo.verdict,
        width_px=photo.width_px,
        height_px=photo.height_px,
        sha256=photo.sha256,
    )
    if photo.received_at is not None:
        message.received_at.FromDatetime(photo.received_at)
    return message


def seen_message(seen: SeenPhoto) -> pb.Photo:
    """A photo with its faces."""
    message = photo_message(seen.photo)
    for of in seen.faces:
        face = pb.FaceInPhoto(face_id=of.face.id, person_id=of.person_id, box=_box(of.face.place), own=of.face.own)
        message.faces.append(face)
    return message


def person_message(person: ShownPerson) -> pb.Person:
    """A person with the faces and the photos they are in."""
    return pb.Person(
        person_id=person.id,
        name=person.name,
        own=person.own,
        face_ids=sorted(person.faces),
        photo_ids=sorted(set(person.faces.values())),
    )


def upload_message(address: UploadAddress) -> pb.CreateUploadResponse:
    """A presigned way in."""
    expires_at = Timestamp()
    expires_at.FromDatetime(address.expires_at)
    return pb.CreateUploadResponse(photo_id=address.photo.id, url=address.url, expires_at=expires_at)


def training_message(found: LearntFrom) -> pb.TrainingPhoto:
    """What training needs of one photo."""
    photo, place = found.photo, found.own.place
    return pb.TrainingPhoto(
        photo_id=photo.id,
        object_key=photo.object_key,
        sha256=photo.sha256,
        face=_box(place),
        landmarks_px=place.landmarks_px,
        other_faces=found.other_faces,
        dhash=photo.dhash,
    )


def _box(place: Place) -> pb.Box:
    return pb.Box(x_px=place.x_px, y_px=place.y_px, width_px=place.width_px, height_px=place.height_px)
