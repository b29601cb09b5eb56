"""gRPC in: messages to handlers and back, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.contracts.ingest.v1 import service_pb2_grpc
from semblance.ingest.api.messages import (
    person_message,
    photo_message,
    seen_message,
    training_message,
    upload_message,
)
from semblance.ingest.domain.errors import UnusableFile
from semblance.ingest.handlers import comparing, library, people, uploads
from semblance.ingest.ports import Ports
from semblance.kernel.ids import PersonId, PhotoId, SubjectId, parse_id
from semblance.kernel.units import KIB, MIB

_CHUNK_BYTES = 256 * KIB


class IngestServicer(service_pb2_grpc.IngestServiceServicer):
    """See service.proto. Errors are raised; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def UploadPhoto(
        self, request_iterator: Iterator[pb.UploadPhotoRequest], _context: grpc.ServicerContext
    ) -> pb.Photo:
        header, data = self._received(request_iterator)
        photo = uploads.receive_photo(_subject(header), header.consent_id, header.photo_id, data, self._ports)
        return photo_message(photo)

    def CreateUpload(self, request: pb.CreateUploadRequest, _context: grpc.ServicerContext) -> pb.CreateUploadResponse:
        return upload_message(
            uploads.create_upload(
                _subject(request), request.consent_id, request.content_type, request.size_bytes, self._ports
            )
        )

    def CompleteUpload(self, request: pb.CompleteUploadRequest, _context: grpc.ServicerContext) -> pb.Photo:
        return photo_message(uploads.complete_upload(_subject(request), _photo(request), self._ports))

    def GetPhoto(self, request: pb.GetPhotoRequest, _context: grpc.ServicerContext) -> pb.Photo:
        return seen_message(library.get_photo(_subject(request), _photo(request), self._ports))

    def GetPhotoContent(
        self, request: pb.GetPhotoContentRequest, _context: grpc.ServicerContext
    ) -> Iterator[pb.PhotoContent]:
        jpeg = library.photo_content(_subject(request), _photo(request), self._ports)
        for start in range(0, len(jpeg), _CHUNK_BYTES):
            yield pb.PhotoContent(content_type="image/jpeg", data=jpeg[start : start + _CHUNK_BYTES])

    def ListPhotos(self, request: pb.ListPhotosRequest, _context: grpc.ServicerContext) -> pb.ListPhotosResponse:
        photos, next_after = library.list_photos(_subject(request), request.after, request.limit, self._ports)
        return pb.ListPhotosResponse(photos=[seen_message(photo) for photo in photos], next_after=next_after)

    def RemovePhoto(self, request: pb.RemovePhotoRequest, _context: grpc.ServicerContext) -> pb.RemovePhotoResponse:
        library.remove_photo(_subject(request), _photo(request), self._ports)
        return pb.RemovePhotoResponse()

    def ListPeople(self, request: pb.ListPeopleRequest, _context: grpc.ServicerContext) -> pb.ListPeopleResponse:
        found = people.list_people(_subject(request), self._ports)
        return pb.ListPeopleResponse(people=[person_message(person) for person in found])

    def NamePerson(self, request: pb.NamePersonRequest, _context: grpc.ServicerContext) -> pb.Person:
        person_id = PersonId(parse_id(request.person_id, "person id"))
        return person_message(people.name_person(_subject(request), person_id, request.name, self._ports))

    def MergePeople(self, request: pb.MergePeopleRequest, _context: grpc.ServicerContext) -> pb.Person:
        into = PersonId(parse_id(request.into_person_id, "person id"))
        gone = PersonId(parse_id(request.from_person_id, "person id"))
        return person_message(people.merge_people(_subject(request), into, gone, self._ports))

    def SplitPerson(self, request: pb.SplitPersonRequest, _context: grpc.ServicerContext) -> pb.Person:
        person_id = PersonId(parse_id(request.person_id, "person id"))
        return person_message(people.split_person(_subject(request), person_id, request.face_ids, self._ports))

    def UndoPeopleChange(
        self, request: pb.UndoPeopleChangeRequest, _context: grpc.ServicerContext
    ) -> pb.ListPeopleResponse:
        left = people.undo_change(_subject(request), self._ports)
        return pb.ListPeopleResponse(people=[person_message(person) for person in left])

    def ListTrainingPhotos(
        self, request: pb.ListTrainingPhotosRequest, _context: grpc.ServicerContext
    ) -> pb.ListTrainingPhotosResponse:
        found = library.training_photos(_subject(request), self._ports)
        return pb.ListTrainingPhotosResponse(photos=[training_message(photo) for photo in found])

    def CompareWithLibrary(
        self, request: pb.CompareWithLibraryRequest, _context: grpc.ServicerContext
    ) -> pb.CompareWithLibraryResponse:
        subject_id = _subject(request)
        faces = [comparing.parse(face.values, face.face_model, self._ports) for face in request.embeddings]
        depicted = [SubjectId(parse_id(each, "depicted id")) for each in request.depicted_ids]
        scores = comparing.compare(subject_id, faces, self._ports, depicted=depicted)
        return pb.CompareWithLibraryResponse(best_scores=scores)

    def _received(self, requests: Iterator[pb.UploadPhotoRequest]) -> tuple[pb.UploadHeader, bytes]:
        """The header and all bytes; stops listening as soon as there are too many. Raises UnusableFile."""
        first = next(requests, None)
        if first is None or first.WhichOneof("part") != "header":
            raise UnusableFile("malformed-upload", "an upload begins with its header")
        limit = self._ports.settings.limits.size_bytes
        data = bytearray()
        for request in requests:
            if request.WhichOneof("part") != "data":
                raise UnusableFile("malformed-upload", "an upload has one header")
            data += request.data
            if len(data) > limit:
                raise UnusableFile(
                    "file-too-large", f"the file is larger than {limit // MIB} MiB", "Upload a smaller file."
                )
        return first.header, bytes(data)


def _subject(request: object) -> SubjectId:
    return SubjectId(parse_id(request.subject_id, "subject id"))  # type: ignore[attr-defined] # every request has one


def _photo(request: object) -> PhotoId:
    return PhotoId(parse_id(request.photo_id, "photo id"))  # type: ignore[attr-defined] # asked only where there is one
