"""Domain to protobuf."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.training.v1 import service_pb2
from semblance.training.domain.advice import advice_for
from semblance.training.domain.dataset import DatasetScore
from semblance.training.domain.leak import Leak
from semblance.training.domain.run import Bytes, Run, State

_STATES = {
    State.QUEUED: service_pb2.ADAPTER_STATE_QUEUED,
    State.TRAINING: service_pb2.ADAPTER_STATE_TRAINING,
    State.READY: service_pb2.ADAPTER_STATE_READY,
    State.REFUSED: service_pb2.ADAPTER_STATE_REFUSED,
    State.FAILED: service_pb2.ADAPTER_STATE_FAILED,
    State.REVOKED: service_pb2.ADAPTER_STATE_REVOKED,
    State.REMOVED: service_pb2.ADAPTER_STATE_REMOVED,
}


def adapter(run: Run) -> service_pb2.Adapter:
    """The run as others see it."""
    stored = run.bytes or Bytes("", "", "", "")
    message = service_pb2.Adapter(
        adapter_id=run.id,
        subject_id=run.subject_id,
        consent_id=run.consent_id,
        state=_STATES[run.state],
        reason_code=run.reason_code,
        name=run.name,
        photo_count=run.photo_count,
        likeness=run.likeness,
        likeness_floor=run.likeness_floor,
        lora_key=stored.lora_key,
        lora_sha256=stored.lora_sha256,
        reference_key=stored.reference_key,
        flat_key=stored.flat_key,
        backbone_digest=stored.backbone_digest,
        advice=advice_for(run.reason_code),
    )
    if run.leak is not None:
        message.leak.CopyFrom(_leak(run.leak))
    requested_at = Timestamp()
    requested_at.FromDatetime(run.requested_at)
    message.requested_at.CopyFrom(requested_at)
    if run.finished_at is not None:
        finished_at = Timestamp()
        finished_at.FromDatetime(run.finished_at)
        message.finished_at.CopyFrom(finished_at)
    return message


def photo_score(found: DatasetScore) -> service_pb2.PhotoScore:
    """A score as others see it."""
    return service_pb2.PhotoScore(
        score_0_100=found.score,
        photo_count=found.photos,
        enough=found.enough,
        findings=[
            service_pb2.PhotoFinding(code=f.code, points=f.points, advice=f.advice, photo_ids=f.photo_ids)
            for f in found.findings
        ],
    )


def _leak(leak: Leak) -> service_pb2.Leak:
    return service_pb2.Leak(
        places=leak.places,
        excess=leak.excess,
        shown_0_1=leak.shown,
        swapped_0_1=leak.swapped,
        others_0_1=leak.others,
    )
