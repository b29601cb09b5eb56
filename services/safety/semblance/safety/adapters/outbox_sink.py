"""Domain events as protobuf messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.safety.domain.events import Decided, Erased, Event, Held
from semblance.safety.domain.picture import CheckState, PictureCheck
from semblance.service_kit.erased import service_erased


def to_message(event: Event) -> Message:
    """The message that carries this event."""
    match event:
        case Decided(check):
            return _verdict(check)
        case Held(check):
            return safety_pb.ImageHeld(**_ids(check), further_subjects=_further(check))
        case Erased(subject_id, erasure_id, stores):
            return service_erased("safety", subject_id, erasure_id, stores)


def _verdict(check: PictureCheck) -> Message:
    if check.state is CheckState.ALLOWED:
        return safety_pb.ImageAllowed(
            **_ids(check),
            adapter_id=check.adapter_id,
            quarantine_key=check.quarantine_key,
            sha256=check.sha256,
            face_count=len(check.measured.faces),
            backbone_digest=check.backbone_digest,
            use=check.declared_use,
            further_subjects=_further(check),
            source_image_id=check.source_image_id,
        )
    return safety_pb.ImageBlocked(**_ids(check), reason_codes=check.reasons, further_subjects=_further(check))


def _further(check: PictureCheck) -> list[generation_pb.FurtherSubject]:
    return [generation_pb.FurtherSubject(**asdict(each)) for each in check.further]


def _ids(check: PictureCheck) -> dict[str, Any]:
    return {
        "subject_id": check.subject_id,
        "consent_id": check.consent_id,
        "consent_revision": check.consent_revision,
        "image_id": check.image_id,
    }
