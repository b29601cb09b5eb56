"""Ingest over gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.contracts.ingest.v1.service_pb2_grpc import IngestServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import Box, Content, FaceInPhoto, Page, Person, Photo, Upload


class GrpcIngest:
    """See ports.Ingest."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = IngestServiceStub(channel)

    def upload(self, subject_id: str, *, photo_id: str, consent_id: str, content_type: str, data: bytes) -> Photo:
        def parts() -> Iterator[pb.UploadPhotoRequest]:
            header = pb.UploadHeader(
                subject_id=subject_id, consent_id=consent_id, content_type=content_type, photo_id=photo_id
            )
            yield pb.UploadPhotoRequest(header=header)
            for piece in protos.pieces(data):
                yield pb.UploadPhotoRequest(data=piece)

        return _photo(self._stub.UploadPhoto(parts(), timeout=protos.SLOW_S))

    def create_upload(self, subject_id: str, *, consent_id: str, content_type: str, size_bytes: int) -> Upload:
        answer = self._stub.CreateUpload(
            pb.CreateUploadRequest(
                subject_id=subject_id, consent_id=consent_id, content_type=content_type, size_bytes=size_bytes
            )
        )
        return Upload(answer.photo_id, answer.url, protos.instant_or_epoch(answer, "expires_at"))

    def complete_upload(self, subject_id: str, photo_id: str) -> Photo:
        request = pb.CompleteUploadRequest(subject_id=subject_id, photo_id=photo_id)
        return _photo(self._stub.CompleteUpload(request, timeout=protos.SLOW_S))

    def photo(self, subject_id: str, photo_id: str) -> Photo:
        return _photo(self._stub.GetPhoto(pb.GetPhotoRequest(subject_id=subject_id, photo_id=photo_id)))

    def photo_content(self, subject_id: str, photo_id: str) -> Content:
        request = pb.GetPhotoContentRequest(subject_id=subject_id, photo_id=photo_id)
        parts = list(self._stub.GetPhotoContent(request, timeout=protos.SLOW_S))
        content_type = next((part.content_type for part in parts if part.content_type), "application/octet-stream")
        return Content(content_type, b"".join(part.data for part in parts))

    def photos(self, subject_id: str, *, after: str | None, limit: int) -> Page[Photo]:
        answer = self._stub.ListPhotos(pb.ListPhotosRequest(subject_id=subject_id, after=after or "", limit=limit))
        return Page(tuple(_photo(photo) for photo in answer.photos), answer.next_after or None)

    def remove_photo(self, subject_id: str, photo_id: str) -> None:
        self._stub.RemovePhoto(pb.RemovePhotoRequest(subject_id=subject_id, photo_id=photo_id))

    def people(self, subject_id: str) -> list[Person]:
        return _people(self._stub.ListPeople(pb.ListPeopleRequest(subject_id=subject_id)))

    def name_person(self, subject_id: str, person_id: str, name: str) -> Person:
        request = pb.NamePersonRequest(subject_id=subject_id, person_id=person_id, name=name)
        return _person(self._stub.NamePerson(request))

    def merge_people(self, subject_id: str, *, into_person_id: str, from_person_id: str) -> Person:
        request = pb.MergePeopleRequest(
            subject_id=subject_id, into_person_id=into_person_id, from_person_id=from_person_id
        )
        return _person(self._stub.MergePeople(request))

    def split_person(self, subject_id: str, person_id: str, face_ids: Sequence[str]) -> Person:
        request = pb.SplitPersonRequest(subject_id=subject_id, person_id=person_id, face_ids=face_ids)
        return _person(self._stub.SplitPerson(request))

    def undo_people_change(self, subject_id: str) -> list[Person]:
        return _people(self._stub.UndoPeopleChange(pb.UndoPeopleChangeRequest(subject_id=subject_id)))


def _photo(answer: Any) -> Photo:
    return Photo(
        id=answer.photo_id,
        state=protos.word(pb.PhotoState, answer.state),
        reason_code=answer.reason_code,
        verdict=answer.verdict,
        width_px=answer.width_px,
        height_px=answer.height_px,
        sha256=answer.sha256,
        received_at=protos.instant(answer, "received_at"),
        faces=tuple(
            FaceInPhoto(
                face.face_id,
                face.person_id,
                Box(face.box.x_px, face.box.y_px, face.box.width_px, face.box.height_px),
                face.own,
            )
            for face in answer.faces
        ),
    )


def _person(answer: Any) -> Person:
    return Person(answer.person_id, answer.name, answer.own, tuple(answer.face_ids), tuple(answer.photo_ids))


def _people(answer: Any) -> list[Person]:
    return [_person(person) for person in answer.people]
