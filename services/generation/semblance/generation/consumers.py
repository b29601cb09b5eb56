"""Consents, adapters, verdicts, manifests and erasures in; protobuf to handlers, nothing else."""

from __future__ import annotations

from collections.abc import Callable

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.generation.handlers import verdicts, withdrawal
from semblance.generation.ports import Ports, Store
from semblance.kernel.consent import ENDED_BY_ERASURE
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit


def subscriptions(ports: Ports, store_of: Callable[[Unit], Store]) -> list[Subscription]:
    """Topic to handler. Withdrawals have a group of their own, so that nothing delays them."""

    def consent_revoked(message: identity_pb.ConsentRevoked, unit: Unit) -> None:
        erased = message.reason == ENDED_BY_ERASURE
        withdrawal.withdraw_consent(ConsentId(message.consent_id), store_of(unit), ports, erased=erased)

    def adapter_revoked(message: training_pb.AdapterRevoked, unit: Unit) -> None:
        withdrawal.adapter_revoked(AdapterId(message.adapter_id), store_of(unit), ports)

    def adapter_removed(message: training_pb.AdapterRemoved, unit: Unit) -> None:
        withdrawal.adapter_removed(AdapterId(message.adapter_id), store_of(unit), ports)

    def erasure_requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
        withdrawal.forget_subject(ErasureId(message.erasure_id), SubjectId(message.subject_id), store_of(unit))

    def image_blocked(message: safety_pb.ImageBlocked, unit: Unit) -> None:
        verdicts.image_blocked(ImageId(message.image_id), list(message.reason_codes), store_of(unit), ports)

    def image_held(message: safety_pb.ImageHeld, unit: Unit) -> None:
        verdicts.image_held(ImageId(message.image_id), store_of(unit))

    def image_allowed(message: safety_pb.ImageAllowed, unit: Unit) -> None:
        verdicts.image_allowed(ImageId(message.image_id), store_of(unit))

    def image_published(message: provenance_pb.ImagePublished, unit: Unit) -> None:
        verdicts.image_published(ImageId(message.image_id), message.manifest_id, store_of(unit), ports)

    def publication_refused(message: provenance_pb.PublicationRefused, unit: Unit) -> None:
        verdicts.publication_refused(ImageId(message.image_id), message.reason_code, store_of(unit), ports)

    def image_taken_down(message: provenance_pb.ImageTakenDown, unit: Unit) -> None:
        withdrawal.taken_down(ImageId(message.image_id), store_of(unit), ports)

    return [
        Subscription("generation.consents", {identity_pb.ConsentRevoked: consent_revoked}),
        Subscription(
            "generation.adapters",
            {training_pb.AdapterRevoked: adapter_revoked, training_pb.AdapterRemoved: adapter_removed},
        ),
        Subscription("generation.erasures", {platform_pb.ErasureRequested: erasure_requested}),
        Subscription(
            "generation.verdicts",
            {
                safety_pb.ImageAllowed: image_allowed,
                safety_pb.ImageBlocked: image_blocked,
                safety_pb.ImageHeld: image_held,
                provenance_pb.ImagePublished: image_published,
                provenance_pb.PublicationRefused: publication_refused,
                provenance_pb.ImageTakenDown: image_taken_down,
            },
        ),
    ]
