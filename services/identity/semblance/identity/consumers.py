"""platform.erasure.v1: the services' answers. generation.image.v1: pictures that were never made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.identity.handlers.erasure import record_answer
from semblance.identity.handlers.grant_uses import picture_failed
from semblance.identity.ports import Ports, Store
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.ids import ConsentId, ErasureId, ImageId
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Unit


def erasure_answers(ports: Ports, store_of: Callable[[Unit], Store]) -> Subscription:
    """Collects who has erased what."""

    def service_erased(message: platform_pb.ServiceErased, unit: Unit) -> None:
        at = message.destroyed_at.ToDatetime(dt.UTC).isoformat() if message.HasField("destroyed_at") else ""
        stores = [
            ErasedStore(message.service, s.store, s.count, at, tuple(s.items), s.items_root) for s in message.stores
        ]
        record_answer(ErasureId(message.erasure_id), message.service, stores, store_of(unit), ports)

    return Subscription(group="identity.erasure", handlers={platform_pb.ServiceErased: service_erased})


def failed_pictures(store_of: Callable[[Unit], Store]) -> Subscription:
    """Gives back what counted against a grant and failed before there were pixels."""

    def image_failed(message: generation_pb.ImageFailed, unit: Unit) -> None:
        consents = [message.consent_id, *(each.consent_id for each in message.further_subjects)]
        for consent_id in consents:
            picture_failed(ConsentId(consent_id), ImageId(message.image_id), store_of(unit))

    return Subscription(group="identity.grants", handlers={generation_pb.ImageFailed: image_failed})
