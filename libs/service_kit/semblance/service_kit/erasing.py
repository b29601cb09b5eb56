"""Whether somebody's erasure was asked for by who may ask: identity.

All services answer on the topic of erasures, so each one's account at the broker may write to it, and a stolen one
could have everybody's photos, adapters and pictures deleted. But identity destroys the person's key before it asks.
Whoever reads the key ring can see that, and nobody else can make it so; who cannot read it asks identity.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from semblance.contracts.platform.v1.events_pb2 import ErasureRequested
from semblance.kernel.errors import Forbidden, Gone, NotFound
from semblance.service_kit.consumer import Handler, Subscription
from semblance.service_kit.database import Unit

_log = logging.getLogger(__name__)
IsAsked = Callable[[ErasureRequested], bool]


class PeoplesKeys(Protocol):
    """What is asked of a key ring (semblance.objects, which the gateway has not)."""

    def data_key(self, subject_id: str, /) -> object:
        """Raises Gone for a destroyed key, NotFound where none was."""


class ErasureNotAsked(Forbidden):
    """A request for an erasure that is none of identity's. Identity asks again every minute while one is not answered,
    so that a key ring which is a moment behind loses nothing."""

    code = "erasure-not-asked"


def only_asked(subscriptions: Iterable[Subscription], is_asked: IsAsked) -> list[Subscription]:
    """The same, refusing what `is_asked` denies."""
    return [_guarded(each, is_asked) for each in subscriptions]


def key_is_destroyed(keyring: PeoplesKeys) -> IsAsked:
    """Whether the person's key is destroyed. Raises KeyRingUnavailable, and Invalid for what is no person's id."""

    def is_asked(message: ErasureRequested) -> bool:
        try:
            keyring.data_key(message.subject_id)
        except Gone:
            return True
        except NotFound:
            return False
        return False

    return is_asked


def _guarded(subscription: Subscription, is_asked: IsAsked) -> Subscription:
    handler = subscription.handlers.get(ErasureRequested)
    if handler is None:
        return subscription
    return replace(subscription, handlers={**subscription.handlers, ErasureRequested: _refusing(handler, is_asked)})


def _refusing(handler: Handler, is_asked: IsAsked) -> Handler:
    def handle(message: ErasureRequested, unit: Unit) -> None:
        if not is_asked(message):
            _log.critical(
                "somebody asked for an erasure who may not, or the key ring is behind",
                extra={"erasure_id": message.erasure_id, "error_code": ErasureNotAsked.code},
            )
            raise ErasureNotAsked("no such erasure was asked for")
        handler(message, unit)

    return handle
