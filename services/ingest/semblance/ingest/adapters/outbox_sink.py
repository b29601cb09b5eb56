"""Events as the contract spells them."""

from __future__ import annotations

from google.protobuf.message import Message

from semblance.contracts.ingest.v1 import events_pb2
from semblance.ingest.domain.events import Accepted, Erased, Event, Received, Refused, Removed
from semblance.ingest.domain.photo import Photo
from semblance.service_kit.erased import service_erased

PhotoMessage = events_pb2.PhotoReceived | events_pb2.PhotoAccepted | events_pb2.PhotoRefused | events_pb2.PhotoRemoved


def to_message(event: Event) -> Message:
    """The protobuf message that tells this event."""
    match event:
        case Received(photo):
            received = events_pb2.PhotoReceived(
                object_key=photo.object_key, sha256=photo.sha256, size_bytes=photo.size_bytes
            )
            return _about(received, photo)
        case Accepted(photo, face_count):
            return _about(events_pb2.PhotoAccepted(face_count=face_count), photo)
        case Refused(photo):
            return _about(events_pb2.PhotoRefused(reason_code=photo.reason_code), photo)
        case Removed(photo):
            return _about(events_pb2.PhotoRemoved(), photo)
        case Erased(subject_id, erasure_id, stores):
            return service_erased("ingest", subject_id, erasure_id, stores)


def _about(message: PhotoMessage, photo: Photo) -> PhotoMessage:
    """`message` with what every event of a photo carries."""
    message.subject_id = photo.subject_id
    message.consent_id = photo.consent_id
    message.consent_revision = photo.consent_revision
    message.photo_id = photo.id
    return message
