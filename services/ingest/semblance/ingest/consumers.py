"""Events in: withdrawn consents and erasures. Grants need nothing here: every process keeps the consents in memory."""

from __future__ import annotations

from collections.abc import Callable

from semblance.contracts.identity.v1.events_pb2 import ConsentRevoked
from semblance.contracts.platform.v1.events_pb2 import ErasureRequested
from semblance.ingest.handlers.endings import request_erasure, withdraw_consent
from semblance.ingest.ports import Store
from semblance.kernel.consent import ENDED_BY_ERASURE
from semblance.kernel.ids import ConsentId, ErasureId, SubjectId
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit


def subscriptions(store_of: Callable[[Unit], Store]) -> list[Subscription]:
    """This service's consumer groups; `store_of` makes the handlers' view of a transaction."""

    def consent_revoked(message: ConsentRevoked, unit: Unit) -> None:
        if message.reason != ENDED_BY_ERASURE:  # the erasure that follows ends everything, and counts it
            withdraw_consent(ConsentId(message.consent_id), store_of(unit))

    def erasure_requested(message: ErasureRequested, unit: Unit) -> None:
        request_erasure(SubjectId(message.subject_id), ErasureId(message.erasure_id), store_of(unit))

    return [
        Subscription("ingest.consents", {ConsentRevoked: consent_revoked}),
        Subscription("ingest.erasures", {ErasureRequested: erasure_requested}),
    ]
