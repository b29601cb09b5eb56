"""Topics to handlers: protobuf to domain, nothing else."""

from __future__ import annotations

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId, parse_id
from semblance.provenance.adapters.store import store_of
from semblance.provenance.domain.publication import Publication
from semblance.provenance.handlers import clearing, publishing
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit


def subscriptions() -> list[Subscription]:
    """identity.consent.v1 is read by the consent view, not by a group."""
    return [
        Subscription("provenance.verdicts", {safety_pb.ImageAllowed: _allowed}),
        Subscription("provenance.images", {generation_pb.ImageRemoved: _removed, generation_pb.ImageRevoked: _removed}),
        Subscription("provenance.erasure", {platform_pb.ErasureRequested: _erasure_requested}),
    ]


def _allowed(message: safety_pb.ImageAllowed, unit: Unit) -> None:
    publication = Publication(
        image_id=ImageId(parse_id(message.image_id, "image_id")),
        subject_id=SubjectId(parse_id(message.subject_id, "subject_id")),
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(message.adapter_id),
        quarantine_key=message.quarantine_key,
        rendered_sha256=message.sha256,
        backbone_digest=message.backbone_digest,
    )
    publishing.allow(publication, store_of(unit))


def _removed(message: generation_pb.ImageRemoved | generation_pb.ImageRevoked, unit: Unit) -> None:
    subject_id = SubjectId(parse_id(message.subject_id, "subject_id"))
    image_id = ImageId(parse_id(message.image_id, "image_id"))
    publication = Publication(
        image_id=image_id,
        subject_id=subject_id,
        consent_id=ConsentId(parse_id(message.consent_id, "consent_id")),
        consent_revision=message.consent_revision,
        adapter_id=AdapterId(""),
        quarantine_key=f"{subject_id}/{image_id}",
        rendered_sha256="",
        backbone_digest="",
    )
    clearing.remove(publication, store_of(unit))


def _erasure_requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
    subject_id = SubjectId(parse_id(message.subject_id, "subject_id"))
    clearing.request_erasure(ErasureId(parse_id(message.erasure_id, "erasure_id")), subject_id, store_of(unit))
