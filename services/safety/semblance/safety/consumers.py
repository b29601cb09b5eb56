"""Pictures that come, pictures that are not wanted any more, people to be forgotten."""

from __future__ import annotations

from collections.abc import Callable

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.safety.domain.picture import PictureCheck
from semblance.safety.handlers import erasure, filtering
from semblance.safety.ports import Ports, Store
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit

StoreOf = Callable[[Unit], Store]
_USE_CHARACTERS = 32  # as the column has


def subscriptions(ports: Ports, store_of: StoreOf) -> list[Subscription]:
    """Everything that this service listens to, consents apart."""
    return [_pictures(ports, store_of), _erasures(store_of)]


def _pictures(ports: Ports, store_of: StoreOf) -> Subscription:
    def rendered(message: generation_pb.ImageRendered, unit: Unit) -> None:
        check = PictureCheck(
            image_id=ImageId(message.image_id),
            subject_id=SubjectId(message.subject_id),
            consent_id=ConsentId(message.consent_id),
            consent_revision=message.consent_revision,
            adapter_id=AdapterId(message.adapter_id),
            quarantine_key=message.quarantine_key,
            sha256=message.sha256,
            width_px=message.width_px,
            height_px=message.height_px,
            backbone_digest=message.backbone_digest,
            received_at=ports.clock.now(),
            declared_use=message.use[:_USE_CHARACTERS],
            requester_id=message.requester_id,
            further=tuple(_depicted(each) for each in message.further_subjects),
            source_image_id=message.source_image_id,
        )
        filtering.receive(check, store_of(unit))

    def unwanted(message: generation_pb.ImageRevoked | generation_pb.ImageRemoved, unit: Unit) -> None:
        filtering.withdraw(ImageId(message.image_id), store_of(unit), ports)

    return Subscription(
        group="safety.pictures",
        handlers={
            generation_pb.ImageRendered: rendered,
            generation_pb.ImageRevoked: unwanted,
            generation_pb.ImageRemoved: unwanted,
        },
    )


def _depicted(each: generation_pb.FurtherSubject) -> Depicted:
    whose = SubjectId(each.subject_id), ConsentId(each.consent_id), each.consent_revision
    return Depicted(*whose, AdapterId(each.adapter_id))


def _erasures(store_of: StoreOf) -> Subscription:
    def requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
        erasure.forget(SubjectId(message.subject_id), message.erasure_id, store_of(unit))

    return Subscription(group="safety.erasure", handlers={platform_pb.ErasureRequested: requested})
