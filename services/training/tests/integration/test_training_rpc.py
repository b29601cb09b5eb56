"""The service over real gRPC: ids, errors and answers as a caller sees them."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from semblance.contracts.training.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from semblance.kernel.ids import new_id
from semblance.service_kit import rpc
from semblance.training.api.servicer import TrainingServicer
from semblance.training.handlers.scoring import score_photos

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")


@pytest.fixture
def address(service) -> Iterator[str]:  # type: ignore[no-untyped-def]
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_TrainingServiceServicer_to_server(TrainingServicer(service.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_an_adapter_from_start_to_removal(service, address: str) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol()
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        training = service_pb2_grpc.TrainingServiceStub(channel)
        order = service_pb2.StartTrainingRequest(
            subject_id=service.subject_id, consent_id=consent.id, adapter_id=new_id(), name="me"
        )
        queued = training.StartTraining(order)
        assert queued == training.StartTraining(order)
        assert queued.state == service_pb2.ADAPTER_STATE_QUEUED
        assert queued.requested_at.seconds > 0
        service.do_work()
        one = service_pb2.GetAdapterRequest(subject_id=service.subject_id, adapter_id=queued.adapter_id)
        ready = training.GetAdapter(one)
        assert ready.state == service_pb2.ADAPTER_STATE_READY
        assert (ready.photo_count, ready.name, ready.backbone_digest) == (6, "me", "d" * 64)
        assert ready.lora_key.startswith(f"{service.subject_id}/")
        listed = training.ListAdapters(service_pb2.ListAdaptersRequest(subject_id=service.subject_id))
        assert list(listed.adapters) == [ready]
        removed = training.RemoveAdapter(
            service_pb2.RemoveAdapterRequest(subject_id=service.subject_id, adapter_id=queued.adapter_id)
        )
        assert (removed.state, removed.lora_key) == (service_pb2.ADAPTER_STATE_REMOVED, "")


def test_errors_arrive_as_themselves(service, address: str) -> None:  # type: ignore[no-untyped-def]
    consent = service.consents.grant(service.subject_id)
    service.consents.revoke(consent.id)
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        training = service_pb2_grpc.TrainingServiceStub(channel)
        with pytest.raises(NotFound):
            training.GetAdapter(service_pb2.GetAdapterRequest(subject_id=new_id(), adapter_id=new_id()))
        with pytest.raises(Invalid, match="subject_id"):
            training.GetAdapter(service_pb2.GetAdapterRequest(subject_id="../../x", adapter_id=new_id()))
        order = service_pb2.StartTrainingRequest(
            subject_id=service.subject_id, consent_id=consent.id, adapter_id=new_id()
        )
        with pytest.raises(Forbidden) as refused:
            training.StartTraining(order)
        assert refused.value.code == "consent-revoked"
    with rpc.connect(address, SecretStr("another"), deadline_s=60) as channel, pytest.raises(Unauthenticated):
        service_pb2_grpc.TrainingServiceStub(channel).StartTraining(order)


def test_photos_are_scored_under_a_consent_for_training(service, address: str) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol(photos=8)
    soft = service.photos.on_file[2].photo_id
    service.ports.meter.sharpness[soft] = 5.0
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        training = service_pb2_grpc.TrainingServiceStub(channel)
        asked = service_pb2.ScorePhotosRequest(subject_id=service.subject_id, consent_id=consent.id)
        found = training.ScorePhotos(asked)
        assert (found.photo_count, found.enough) == (8, True)
        assert [(f.code, list(f.photo_ids)) for f in found.findings] == [("few-photos", []), ("soft-photos", [soft])]
        assert found.score_0_100 == 100 - sum(f.points for f in found.findings)
        assert all(f.advice for f in found.findings)
        service.consents.revoke(consent.id)
        with pytest.raises(Forbidden):
            training.ScorePhotos(asked)
    assert service.trainer.calls == []


def test_a_consent_that_ends_while_photos_are_scored_opens_no_more_of_them(service) -> None:  # type: ignore[no-untyped-def]
    consent = service.enrol(photos=8)
    measure, looked_at = service.ports.meter.measure, []

    def withdrawn(on_file, photo):  # type: ignore[no-untyped-def]
        looked_at.append(on_file.photo_id)
        if len(looked_at) == 3:
            service.consents.revoke(consent.id)
        return measure(on_file, photo)

    service.ports.meter.measure = withdrawn
    with pytest.raises(Forbidden):
        score_photos(service.subject_id, consent.id, service.ports)
    assert len(looked_at) == 3
