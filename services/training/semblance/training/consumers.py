"""identity.consent.v1 and platform.erasure.v1: what makes this service let go of a person's data."""

from __future__ import annotations

from collections.abc import Callable

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.kernel.consent import ENDED_BY_ERASURE
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit
from semblance.training.handlers.withdrawal import forget_subject, withdraw_consent
from semblance.training.ports import Ports, Store


def subscriptions(ports: Ports, store_of: Callable[[Unit], Store]) -> list[Subscription]:
    """Topic to handler."""

    def consent_revoked(message: identity_pb.ConsentRevoked, unit: Unit) -> None:
        erased = message.reason == ENDED_BY_ERASURE
        withdraw_consent(ConsentId(message.consent_id), store_of(unit), ports, erased=erased)

    def erasure_requested(message: platform_pb.ErasureRequested, unit: Unit) -> None:
        forget_subject(ErasureId(message.erasure_id), SubjectId(message.subject_id), store_of(unit))

    return [
        Subscription("training.consents", {identity_pb.ConsentRevoked: consent_revoked}),
        Subscription("training.erasures", {platform_pb.ErasureRequested: erasure_requested}),
    ]
