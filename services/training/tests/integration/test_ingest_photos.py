"""What training asks of ingest, against a servicer that answers as ingest does."""

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.ingest.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import rpc
from semblance.training.adapters.ingest_photos import IngestPhotos

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")


class Ingest(service_pb2_grpc.IngestServiceServicer):
    def ListTrainingPhotos(
        self, request: service_pb2.ListTrainingPhotosRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListTrainingPhotosResponse:
        def photo(points: int) -> service_pb2.TrainingPhoto:
            key = f"{request.subject_id}/{points}"
            landmarks = [float(i) for i in range(2 * points)]
            return service_pb2.TrainingPhoto(photo_id=str(points), object_key=key, landmarks_px=landmarks)

        return service_pb2.ListTrainingPhotosResponse(photos=[photo(5), photo(4)])


def test_photos_come_with_their_five_points() -> None:
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_IngestServiceServicer_to_server(Ingest(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    subject_id = SubjectId(new_id())
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        [photo] = IngestPhotos(channel).accepted(subject_id)
        assert photo.object_key == f"{subject_id}/5"
        assert photo.landmarks == ((0.0, 1.0), (2.0, 3.0), (4.0, 5.0), (6.0, 7.0), (8.0, 9.0))
    server.stop(None).wait()
    with rpc.connect("127.0.0.1:1", TOKEN, deadline_s=2) as channel, pytest.raises(Unavailable):
        IngestPhotos(channel).accepted(subject_id)
