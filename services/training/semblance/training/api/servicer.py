"""TrainingService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.training.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId, parse_id
from semblance.training.api.messages import adapter, photo_score
from semblance.training.handlers import runs
from semblance.training.handlers.scoring import score_photos
from semblance.training.ports import Ports


class TrainingServicer(service_pb2_grpc.TrainingServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def StartTraining(
        self, request: service_pb2.StartTrainingRequest, context: grpc.ServicerContext
    ) -> service_pb2.Adapter:
        """Queue a training; the same id again answers with the same run."""
        command = runs.StartTraining(
            subject_id=_subject(request.subject_id),
            consent_id=ConsentId(parse_id(request.consent_id, "consent_id")),
            adapter_id=_adapter(request.adapter_id),
            name=request.name,
        )
        return adapter(runs.start_training(command, self._ports))

    def GetAdapter(self, request: service_pb2.GetAdapterRequest, context: grpc.ServicerContext) -> service_pb2.Adapter:
        """One of the person's own."""
        return adapter(runs.get_adapter(_subject(request.subject_id), _adapter(request.adapter_id), self._ports))

    def ListAdapters(
        self, request: service_pb2.ListAdaptersRequest, context: grpc.ServicerContext
    ) -> service_pb2.ListAdaptersResponse:
        """A page of the person's own, ended ones included."""
        after = parse_id(request.after, "after") if request.after else ""
        found, next_after = runs.list_adapters(_subject(request.subject_id), after, request.limit, self._ports)
        return service_pb2.ListAdaptersResponse(adapters=[adapter(run) for run in found], next_after=next_after)

    def RemoveAdapter(
        self, request: service_pb2.RemoveAdapterRequest, context: grpc.ServicerContext
    ) -> service_pb2.Adapter:
        """Stop it or destroy it."""
        return adapter(runs.remove_adapter(_subject(request.subject_id), _adapter(request.adapter_id), self._ports))

    def ScorePhotos(
        self, request: service_pb2.ScorePhotosRequest, context: grpc.ServicerContext
    ) -> service_pb2.PhotoScore:
        """How good the person's photos are to learn from."""
        consent_id = ConsentId(parse_id(request.consent_id, "consent_id"))
        return photo_score(score_photos(_subject(request.subject_id), consent_id, self._ports))


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))


def _adapter(text: str) -> AdapterId:
    return AdapterId(parse_id(text, "adapter_id"))
