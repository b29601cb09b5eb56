"""Training over gRPC."""

from __future__ import annotations

from typing import Any

from semblance.contracts.training.v1 import service_pb2 as pb
from semblance.contracts.training.v1.service_pb2_grpc import TrainingServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import Adapter, Leak, Page, PhotoFinding, PhotoScore

_SCORE_S = 30.0  # opening forty photos takes a while


class GrpcTraining:
    """See ports.Training. Object keys of adapters are not taken over: the gateway has no use for them."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = TrainingServiceStub(channel)

    def start(self, subject_id: str, *, consent_id: str, adapter_id: str, name: str) -> Adapter:
        request = pb.StartTrainingRequest(
            subject_id=subject_id, consent_id=consent_id, adapter_id=adapter_id, name=name
        )
        return _adapter(self._stub.StartTraining(request))

    def adapter(self, subject_id: str, adapter_id: str) -> Adapter:
        return _adapter(self._stub.GetAdapter(pb.GetAdapterRequest(subject_id=subject_id, adapter_id=adapter_id)))

    def adapters(self, subject_id: str, *, after: str | None, limit: int) -> Page[Adapter]:
        answer = self._stub.ListAdapters(pb.ListAdaptersRequest(subject_id=subject_id, after=after or "", limit=limit))
        return Page(tuple(_adapter(adapter) for adapter in answer.adapters), answer.next_after or None)

    def remove(self, subject_id: str, adapter_id: str) -> Adapter:
        request = pb.RemoveAdapterRequest(subject_id=subject_id, adapter_id=adapter_id)
        return _adapter(self._stub.RemoveAdapter(request))

    def score_photos(self, subject_id: str, consent_id: str) -> PhotoScore:
        asked = pb.ScorePhotosRequest(subject_id=subject_id, consent_id=consent_id)
        answer = self._stub.ScorePhotos(asked, timeout=_SCORE_S)
        findings = tuple(PhotoFinding(f.code, f.points, f.advice, tuple(f.photo_ids)) for f in answer.findings)
        return PhotoScore(answer.score_0_100, answer.photo_count, answer.enough, findings)


def _adapter(answer: Any) -> Adapter:
    return Adapter(
        id=answer.adapter_id,
        consent_id=answer.consent_id,
        state=protos.word(pb.AdapterState, answer.state),
        reason_code=answer.reason_code,
        name=answer.name,
        photo_count=answer.photo_count,
        likeness=answer.likeness,
        likeness_floor=answer.likeness_floor,
        backbone_digest=answer.backbone_digest,
        requested_at=protos.instant(answer, "requested_at"),
        finished_at=protos.instant(answer, "finished_at"),
        advice=answer.advice,
        leak=_leak(answer.leak) if answer.HasField("leak") else None,
    )


def _leak(found: pb.Leak) -> Leak:
    return Leak(found.places, found.excess, found.shown_0_1, found.swapped_0_1, found.others_0_1)
