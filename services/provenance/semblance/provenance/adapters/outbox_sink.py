"""Domain events as protobuf messages."""

from __future__ import annotations

from dataclasses import asdict

from google.protobuf.message import Message

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.provenance.domain.events import Erased, Event, Hidden, Published, Refused, Shown, TakenDown
from semblance.provenance.domain.publication import Publication
from semblance.service_kit.erased import store_count


def to_message(event: Event) -> Message:
    """The message that carries this event."""
    match event:
        case Published(publication, signed):
            return provenance_pb.ImagePublished(
                subject_id=publication.subject_id,
                consent_id=publication.consent_id,
                consent_revision=publication.consent_revision,
                image_id=publication.image_id,
                manifest_id=signed.manifest_id,
                object_key=signed.object_key,
                sha256=signed.sha256,
                size_bytes=signed.size_bytes,
                further_subjects=_further(publication),
            )
        case Refused(publication):
            return provenance_pb.PublicationRefused(
                subject_id=publication.subject_id,
                consent_id=publication.consent_id,
                consent_revision=publication.consent_revision,
                image_id=publication.image_id,
                reason_code=publication.reason_code,
                further_subjects=_further(publication),
            )
        case Hidden(publication):
            return _about(provenance_pb.ImageHidden, publication)
        case Shown(publication):
            return _about(provenance_pb.ImageShown, publication)
        case TakenDown(publication):
            return _about(provenance_pb.ImageTakenDown, publication)
        case Erased(subject_id, erasure_id, stores):
            return platform_pb.ServiceErased(
                subject_id=subject_id,
                erasure_id=erasure_id,
                service="provenance",
                stores=[store_count(s.store, s.count, s.items) for s in stores],
            )


def _about(kind: type[Message], publication: Publication) -> Message:
    return kind(
        subject_id=publication.subject_id,
        consent_id=publication.consent_id,
        consent_revision=publication.consent_revision,
        image_id=publication.image_id,
        further_subjects=_further(publication),
    )


def _further(publication: Publication) -> list[generation_pb.FurtherSubject]:
    """Everybody beside its subject who is not erased."""
    return [generation_pb.FurtherSubject(**asdict(each)) for each in publication.further if each.subject_id]
