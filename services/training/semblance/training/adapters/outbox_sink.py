"""Domain events as protobuf messages."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.service_kit.erased import service_erased
from semblance.training.domain.events import Ended, Erased, Event, Progressed, Requested
from semblance.training.domain.leak import Leak
from semblance.training.domain.run import Bytes, Run, State

SERVICE = "training"


def to_message(event: Event) -> Message:
    """The message that other services know this event by."""
    match event:
        case Requested(run):
            return training_pb.AdapterRequested(**_ids(run))
        case Progressed(run, phase, step, steps):
            return training_pb.TrainingProgressed(**_ids(run), phase=phase, step=step, steps=steps)
        case Ended(run):
            return _ended(run)
        case Erased(subject_id, erasure_id, stores):
            return service_erased(SERVICE, subject_id, erasure_id, stores)


def _ended(run: Run) -> Message:
    ids = _ids(run)
    match run.state:
        case State.READY:
            stored = run.bytes or Bytes("", "", "", "")
            return training_pb.AdapterTrained(
                **ids,
                lora_key=stored.lora_key,
                lora_sha256=stored.lora_sha256,
                reference_key=stored.reference_key,
                backbone_digest=stored.backbone_digest,
                photo_count=run.photo_count,
                likeness=run.likeness,
                likeness_floor=run.likeness_floor,
            )
        case State.REFUSED:
            return training_pb.AdapterRefused(
                **ids,
                likeness=run.likeness,
                likeness_floor=run.likeness_floor,
                reason_code=run.reason_code,
                **_leak(run.leak),
            )
        case State.FAILED:
            return training_pb.AdapterFailed(**ids, reason_code=run.reason_code)
        case State.REVOKED:
            return training_pb.AdapterRevoked(**ids)
        case State.REMOVED:
            return training_pb.AdapterRemoved(**ids)
        case State.QUEUED | State.TRAINING:
            raise ValueError(f"a run that is {run.state.value} has not ended")


def _leak(leak: Leak | None) -> dict[str, Any]:
    if leak is None:
        return {}
    return {
        "leak_places": leak.places,
        "leak_excess": leak.excess,
        "leak_shown_0_1": leak.shown,
        "leak_swapped_0_1": leak.swapped,
        "leak_others_0_1": leak.others,
    }


def _ids(run: Run) -> dict[str, Any]:
    return {
        "subject_id": run.subject_id,
        "consent_id": run.consent_id,
        "consent_revision": run.consent_revision,
        "adapter_id": run.id,
    }
