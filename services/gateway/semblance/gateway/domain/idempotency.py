"""The Idempotency-Key rule: a retry gets the first answer, never a second effect."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from semblance.gateway.domain.errors import IdempotencyKeyInProgress, IdempotencyKeyReused
from semblance.kernel.errors import Invalid

KEEP_S = 24 * 3600
# A request that ended without a word (its process died) may be tried again after so long.
IN_PROGRESS_S = 120


class KeyState(enum.StrEnum):
    """OPEN: an attempt failed on the way and may be repeated with the same resource id."""

    RUNNING = "running"
    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as first sent. `body` may hold capabilities, so it is sealed at rest."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class KeyRecord:
    """What is known of a key. `fingerprint` is a keyed digest of route and body."""

    fingerprint: str
    resource_id: str
    state: KeyState
    since: dt.datetime
    answer: Answer | None = None


def settled(record: KeyRecord, fingerprint: str, now: dt.datetime) -> Answer | None:
    """The stored answer, or None when the request must be run with `record.resource_id`.

    Raises IdempotencyKeyReused for another request, IdempotencyKeyInProgress while the first one runs.
    """
    if record.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    if record.state is KeyState.DONE:
        return record.answer
    if record.state is KeyState.RUNNING and now < record.since + dt.timedelta(seconds=IN_PROGRESS_S):
        raise IdempotencyKeyInProgress
    return None


def parse_key(text: str) -> str:
    """`text` if it can be a key: 1 to 255 visible ASCII characters. Raises Invalid."""
    if not 1 <= len(text) <= 255 or not all("!" <= c <= "~" for c in text):
        raise Invalid(
            "an Idempotency-Key has 1 to 255 visible ASCII characters",
            remedy="Use a UUID.",
            code="malformed-idempotency-key",
        )
    return text
