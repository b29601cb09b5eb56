"""The whole interface over real gRPC, errors included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from semblance.contracts.ingest.v1 import service_pb2 as pb
from semblance.contracts.ingest.v1 import service_pb2_grpc
from semblance.ingest.api.servicer import IngestServicer
from semblance.ingest.domain.photo import Limits
from semblance.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from semblance.kernel.ids import new_id
from semblance.objects import INCOMING
from semblance.service_kit import rpc

if TYPE_CHECKING:
    from conftest import Service

PictureOf = Callable[..., bytes]
TOKEN = SecretStr("a token for tests")


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    settings = replace(service.ports.settings, limits=replace(Limits(), size_bytes=200_000))
    ports = replace(service.ports, settings=settings)
    server = rpc.server(TOKEN, workers=4)
    service_pb2_grpc.add_IngestServiceServicer_to_server(IngestServicer(ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(1).wait()


@pytest.fixture
def stub(address: str) -> Iterator[service_pb2_grpc.IngestServiceStub]:
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        yield service_pb2_grpc.IngestServiceStub(channel)


def _upload(service: Service, data: bytes, chunk: int = 1000, **header: str) -> Iterator[pb.UploadPhotoRequest]:
    named = {"subject_id": service.subject, "consent_id": service.consent_id, **header}
    yield pb.UploadPhotoRequest(header=pb.UploadHeader(**named))
    for start in range(0, len(data), chunk):
        yield pb.UploadPhotoRequest(data=data[start : start + chunk])


def test_from_upload_to_training(
    service: Service, stub: service_pb2_grpc.IngestServiceStub, picture_of: PictureOf
) -> None:
    service.faces.people = (0, 1)
    chosen = new_id()
    photo = stub.UploadPhoto(_upload(service, picture_of(1), photo_id=chosen))
    assert (photo.photo_id, photo.state) == (chosen, pb.PHOTO_STATE_RECEIVED)
    assert photo.received_at.ToDatetime().year == service.clock.now().year
    service.work()
    of = {"subject_id": service.subject}
    seen = stub.GetPhoto(pb.GetPhotoRequest(photo_id=chosen, **of))
    assert seen.state == pb.PHOTO_STATE_ACCEPTED
    assert [face.own for face in seen.faces].count(True) == 1
    assert seen.faces[0].box.width_px == 100
    content = b"".join(part.data for part in stub.GetPhotoContent(pb.GetPhotoContentRequest(photo_id=chosen, **of)))
    assert content[:3] == b"\xff\xd8\xff"
    assert [p.photo_id for p in stub.ListPhotos(pb.ListPhotosRequest(**of)).photos] == [chosen]
    [training] = stub.ListTrainingPhotos(pb.ListTrainingPhotosRequest(**of)).photos
    assert (training.photo_id, training.sha256, len(training.landmarks_px)) == (chosen, seen.sha256, 10)
    assert training.object_key == f"{service.subject}/{chosen}"

    own, other = stub.ListPeople(pb.ListPeopleRequest(**of)).people
    assert (own.own, list(own.photo_ids)) == (True, [chosen])
    assert stub.NamePerson(pb.NamePersonRequest(person_id=other.person_id, name="Zoë", **of)).name == "Zoë"
    merge = pb.MergePeopleRequest(into_person_id=own.person_id, from_person_id=other.person_id, **of)
    with pytest.raises(Conflict) as caught:
        stub.MergePeople(merge)
    assert caught.value.code == "faces-in-one-photo"
    with pytest.raises(Invalid):
        stub.SplitPerson(pb.SplitPersonRequest(person_id=own.person_id, face_ids=own.face_ids, **of))
    left = stub.UndoPeopleChange(pb.UndoPeopleChangeRequest(**of)).people
    assert [person.name for person in left] == ["", ""]
    stub.RemovePhoto(pb.RemovePhotoRequest(photo_id=chosen, **of))
    with pytest.raises(NotFound):
        stub.GetPhoto(pb.GetPhotoRequest(photo_id=chosen, **of))


def test_a_presigned_upload(service: Service, stub: service_pb2_grpc.IngestServiceStub, picture_of: PictureOf) -> None:
    asked = pb.CreateUploadRequest(
        subject_id=service.subject, consent_id=service.consent_id, content_type="image/jpeg", size_bytes=100
    )
    address = stub.CreateUpload(asked)
    assert address.expires_at.ToDatetime(tzinfo=service.clock.now().tzinfo) > service.clock.now()
    done = pb.CompleteUploadRequest(subject_id=service.subject, photo_id=address.photo_id)
    with pytest.raises(Conflict):
        stub.CompleteUpload(done)
    state = stub.GetPhoto(pb.GetPhotoRequest(subject_id=service.subject, photo_id=address.photo_id)).state
    assert state == pb.PHOTO_STATE_AWAITING_UPLOAD
    service.store.put(INCOMING, f"{service.subject}/{address.photo_id}", picture_of(1))
    assert stub.CompleteUpload(done).state == pb.PHOTO_STATE_RECEIVED


def test_errors_arrive_as_themselves(
    service: Service, stub: service_pb2_grpc.IngestServiceStub, picture_of: PictureOf
) -> None:
    with pytest.raises(Invalid) as caught:
        stub.UploadPhoto(_upload(service, bytes(300_000)))
    assert caught.value.code == "file-too-large"
    with pytest.raises(Invalid) as caught:
        stub.UploadPhoto(_upload(service, b"PK\x03\x04"))
    assert (caught.value.code, bool(caught.value.remedy)) == ("unsupported-format", True)
    with pytest.raises(Invalid):
        stub.UploadPhoto(iter([pb.UploadPhotoRequest(data=b"no header")]))
    with pytest.raises(Invalid):
        stub.UploadPhoto(iter([]))
    twice = [*_upload(service, picture_of(1)), *_upload(service, b"")]
    with pytest.raises(Invalid):
        stub.UploadPhoto(iter(twice))
    with pytest.raises(Forbidden):
        stub.UploadPhoto(_upload(service, picture_of(1), consent_id=new_id()))
    with pytest.raises(Invalid):
        stub.ListPhotos(pb.ListPhotosRequest(subject_id="../../etc"))
    with pytest.raises(NotFound):
        stub.GetPhoto(pb.GetPhotoRequest(subject_id=service.subject, photo_id=new_id()))
    with pytest.raises(NotFound):
        list(stub.GetPhotoContent(pb.GetPhotoContentRequest(subject_id=service.subject, photo_id=new_id())))


def test_the_internal_token_is_needed(service: Service, address: str) -> None:
    with rpc.connect(address, SecretStr("another"), deadline_s=60) as channel, pytest.raises(Unauthenticated):
        service_pb2_grpc.IngestServiceStub(channel).ListPeople(pb.ListPeopleRequest(subject_id=service.subject))
