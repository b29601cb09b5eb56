"""Domain events as protobuf messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.generation.domain.events import Ended, Erased, Event, Progressed, Rendered, Requested
from semblance.generation.domain.image import Image, State
from semblance.service_kit.erased import service_erased

SERVICE = "generation"


def to_message(event: Event) -> Message:
    """The message that other services know this event by."""
    match event:
        case Requested(image, requester_name):
            return generation_pb.ImageRequested(
                **_ids(image),
                adapter_id=image.adapter_id,
                requester_id=image.requester_id or "",
                requester_name=requester_name,
                use=_use(image),
                source_image_id=_source(image),
                further_subjects=_further(image),
            )
        case Progressed(image, step, steps):
            return generation_pb.GenerationProgressed(**_ids(image), step=step, steps=steps)
        case Rendered(image):
            return _rendered(image)
        case Ended(image):
            return _ended(image)
        case Erased(subject_id, erasure_id, stores):
            return service_erased(SERVICE, subject_id, erasure_id, stores)


def _rendered(image: Image) -> Message:
    if image.pixels is None:
        raise ValueError("an image without pixels has not been rendered")
    return generation_pb.ImageRendered(
        **_ids(image),
        adapter_id=image.adapter_id,
        quarantine_key=image.pixels.quarantine_key,
        sha256=image.pixels.sha256,
        width_px=image.pixels.width_px,
        height_px=image.pixels.height_px,
        backbone_digest=image.pixels.backbone_digest,
        use=_use(image),
        requester_id=image.requester_id or "",
        source_image_id=_source(image),
        further_subjects=_further(image),
    )


def _ended(image: Image) -> Message:
    match image.state:
        case State.FAILED:
            return generation_pb.ImageFailed(
                **_ids(image), reason_code=image.reason_codes[0], further_subjects=_further(image)
            )
        case State.REVOKED:
            return generation_pb.ImageRevoked(**_ids(image), further_subjects=_further(image))
        case State.REMOVED:
            return generation_pb.ImageRemoved(**_ids(image), further_subjects=_further(image))
        case _:
            raise ValueError(f"an image that is {image.state.value} has no event of this service")


def _use(image: Image) -> str:
    return image.use.value if image.use else ""


def _source(image: Image) -> str:
    return image.edit.source_id if image.edit else ""


def _further(image: Image) -> list[generation_pb.FurtherSubject]:
    return [generation_pb.FurtherSubject(**asdict(each.depicted)) for each in image.others]


def _ids(image: Image) -> dict[str, Any]:
    return {
        "subject_id": image.subject_id,
        "consent_id": image.consent_id,
        "consent_revision": image.consent_revision,
        "image_id": image.id,
    }
