"""What the four stations share: each is a service as its main builds it, with one way to try to get something out.

Real in every station: the consent view over the broker, handlers, work queue and worker, SQLite, relay, consumers,
sealed objects in the store. Standing in: see standins.py. An attempt returns "made" or why not. Each station is a
module of its own, so that a process imports no other service.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import standins
from people import Person

from semblance.eventbus.broker import Broker
from semblance.kernel.ids import new_id
from semblance.objects import ObjectStore, SealedObjects
from semblance.service_kit.consent_view import ConsentView
from semblance.service_kit.runtime import Application

ENOUGH_S = 20.0
_POLL_S = 0.004
MADE = "made"
Attempt = Callable[[Person, int], str]


@dataclass(frozen=True)
class Station:
    """A service to run, and the attempt."""

    application: Application
    attempt: Attempt

    @property
    def view(self) -> ConsentView:
        """Its consents."""
        assert self.application.consent_view is not None
        return self.application.consent_view


@dataclass(frozen=True)
class Around:
    """Who is in it, and quarantine with every right. broker, objects: instead of those that settings name."""

    everybody: list[Person]
    quarantine: SealedObjects
    broker: Broker | None = None
    objects: ObjectStore | None = None

    def render(self, person: Person, seed: int) -> tuple[str, str, str]:
        """Image id, key and digest of a picture that an attempt needs to lie in quarantine."""
        image_id, data = new_id(), standins.png(seed)
        key = f"{person.subject_id}/{image_id}.png"
        self.quarantine.put(person.subject_id, key, data)
        return image_id, key, hashlib.sha256(data).hexdigest()


def awaited(state: Callable[[], str]) -> str:
    """What it comes to, once it is not "pending" any more."""
    until_s = time.monotonic() + ENOUGH_S
    while (found := state()) == "pending":
        if time.monotonic() > until_s:
            return "gave-up-waiting"
        time.sleep(_POLL_S)
    return found
