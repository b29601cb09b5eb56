"""Whether the others can know of a consent's end: its event has left the outbox, and a reader of the topic has seen it.

An acknowledgement alone is not enough: on a busy machine Tansu answered fetches for seconds without a record that it
had acknowledged before they were sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus.tables import outbox
from semblance.identity.domain.errors import RevocationNotTold
from semblance.kernel.ids import ConsentId
from semblance.service_kit.consent_view import Consents
from semblance.service_kit.database import Database

_POLL_S = 0.01
_TOPIC = registry.topic_of(events_pb2.ConsentRevoked).name


def told_within(database: Database, view: Consents, timeout_s: float) -> Callable[[ConsentId], None]:
    """What waits for the relay, which deletes what the broker has acknowledged, and then for this process's own view of
    the topic, which is read as everybody else reads it. Raises RevocationNotTold."""

    def told(consent_id: ConsentId) -> None:
        until_s = time.monotonic() + timeout_s
        while _waits(database, consent_id) or _stands(view, consent_id):
            if time.monotonic() >= until_s:
                raise RevocationNotTold
            time.sleep(_POLL_S)

    return told


def _waits(database: Database, consent_id: ConsentId) -> bool:
    unsent = sa.select(outbox.c.sequence).where(outbox.c.topic == _TOPIC, outbox.c.key == consent_id)
    with database.read() as session:
        return session.execute(unsent.limit(1)).first() is not None


def _stands(view: Consents, consent_id: ConsentId) -> bool:
    known = view.get(consent_id)
    return known is not None and known.revoked_at is None
