"""Domain to protobuf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.generation.v1 import events_pb2, service_pb2
from semblance.generation.domain.image import Image, Pixels, State
from semblance.generation.ports import ImageCount

_STATES = {
    State.QUEUED: service_pb2.IMAGE_STATE_QUEUED,
    State.RUNNING: service_pb2.IMAGE_STATE_RUNNING,
    State.QUARANTINED: service_pb2.IMAGE_STATE_QUARANTINED,
    State.IN_REVIEW: service_pb2.IMAGE_STATE_IN_REVIEW,
    State.PUBLISHED: service_pb2.IMAGE_STATE_PUBLISHED,
    State.BLOCKED: service_pb2.IMAGE_STATE_BLOCKED,
    State.FAILED: service_pb2.IMAGE_STATE_FAILED,
    State.REVOKED: service_pb2.IMAGE_STATE_REVOKED,
    State.REMOVED: service_pb2.IMAGE_STATE_REMOVED,
}


def counts(found: Iterable[ImageCount]) -> service_pb2.CountImagesResponse:
    """Every kind that there is."""
    return service_pb2.CountImagesResponse(
        counts=[
            service_pb2.ImageCount(
                consent_id=each.consent_id,
                adapter_consent_id=each.adapter_consent_id,
                state=_STATES[each.state],
                by_others=each.by_others,
                count=each.count,
            )
            for each in found
        ]
    )


def image(made: Image, *, to_asker: bool = False) -> service_pb2.Image:
    """The image as others see it: without its words. to_asker: of several it names everybody, and says whether whoever
    asked may see it."""
    pixels = made.pixels or Pixels("", "", 0, 0, "")
    message = service_pb2.Image(
        image_id=made.id,
        subject_id=made.subject_id,
        consent_id=made.consent_id,
        adapter_id=made.adapter_id,
        state=_STATES[made.state],
        reason_codes=made.reason_codes,
        seed=made.order.seed,
        width_px=pixels.width_px,
        height_px=pixels.height_px,
        manifest_id=made.manifest_id,
        requester_id=made.requester_id or "",
        visibility=_visibility(made, to_asker=to_asker),
        use=made.use.value if made.use else "",
        source_image_id=made.edit.source_id if made.edit else "",
        people=made.people,
        further_subjects=[events_pb2.FurtherSubject(**asdict(o.depicted)) for o in made.others] if to_asker else [],
    )
    requested_at = Timestamp()
    requested_at.FromDatetime(made.requested_at)
    message.requested_at.CopyFrom(requested_at)
    if made.finished_at is not None:
        finished_at = Timestamp()
        finished_at.FromDatetime(made.finished_at)
        message.finished_at.CopyFrom(finished_at)
    return message


def _visibility(made: Image, *, to_asker: bool) -> str:
    if to_asker and made.people > 1:
        return made.for_asker.value
    return made.visibility.value if made.by_other else ""
