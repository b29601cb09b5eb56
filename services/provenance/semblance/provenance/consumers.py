"""Topics to handlers: protobuf to domain, nothing else."""

from __future__ import annotations

from collections.abc import Callable

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId, parse_id
from semblance.provenance.domain.publication import Publication
from semblance.provenance.handlers import clearing, publishing
from semblance.provenance.ports import Store
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit


def subscriptions(store_of: Callable[[Unit], Store]) -> list[Subscription]:
    """identity.consent.v1 is read by the consent view, not by a group."""

    def allowed(message: safety_pb.ImageAllowed, unit: Unit) -> None:
        publishing.allow(_allowed(message), store_of(unit))

    def removed(message: generation_pb.ImageRemoved | generation_pb.ImageRevoked, unit: Unit) -> None:
        clearing.remove(_removed(message), store_of(unit))

    def erasure_requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
        erasure_id = ErasureId(parse_id(message.erasure_id, "erasure_id"))
        clearing.request_erasure(erasure_id, _subject(message.subject_id), store_of(unit))

    return [
        Subscription("provenance.verdicts", {safety_pb.ImageAllowed: allowed}),
        Subscription("provenance.images", {generation_pb.ImageRemoved: removed, generation_pb.ImageRevoked: removed}),
        Subscription("provenance.erasure", {platform_pb.ErasureRequested: erasure_requested}),
    ]


def _allowed(message: safety_pb.ImageAllowed) -> Publication:
    return Publication(
        image_id=ImageId(parse_id(message.image_id, "image_id")),
        subject_id=_subject(message.subject_id),
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(message.adapter_id),
        quarantine_key=message.quarantine_key,
        rendered_sha256=message.sha256,
        backbone_digest=message.backbone_digest,
    )


def _removed(message: generation_pb.ImageRemoved | generation_pb.ImageRevoked) -> Publication:
    subject_id, image_id = _subject(message.subject_id), ImageId(parse_id(message.image_id, "image_id"))
    return Publication(
        image_id=image_id,
        subject_id=subject_id,
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(""),
        quarantine_key=f"{subject_id}/{image_id}",
        rendered_sha256="",
        backbone_digest="",
    )


def _subject(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))
