"""One person's adapter from the request to its end: the state machine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.training.domain.errors import InvalidName, WrongState
from semblance.training.domain.leak import Leak

MAX_NAME_CHARACTERS: Final = 80


class State(enum.Enum):
    """Where a run stands. REFUSED: trained, but not like the person or showing people unasked; its bytes are gone."""

    QUEUED = "queued"
    TRAINING = "training"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"
    REVOKED = "revoked"
    REMOVED = "removed"


class Refusal(enum.Enum):
    """Why a trained adapter is refused."""

    NOT_LIKE_YOU = "not-like-you"
    LEAKS = "leaks"


_NEXT: Final[Mapping[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.TRAINING, State.FAILED, State.REVOKED, State.REMOVED}),
    # Training again: the process was killed or the broker was away, and another worker took over.
    State.TRAINING: frozenset({State.TRAINING, State.READY, State.REFUSED, State.FAILED, State.REVOKED, State.REMOVED}),
    State.READY: frozenset({State.REVOKED, State.REMOVED}),
    State.REFUSED: frozenset({State.REMOVED}),
    State.FAILED: frozenset({State.REMOVED}),
    State.REVOKED: frozenset(),
    State.REMOVED: frozenset(),
}


@dataclass(frozen=True)
class Bytes:
    """Where the sealed adapter lies. reference_key is empty when the backbone takes no reference face, flat_key where
    the LoRA was not packed for generation's slots."""

    lora_key: str
    lora_sha256: str
    reference_key: str
    backbone_digest: str
    flat_key: str = ""


@dataclass(frozen=True)
class Judged:
    """What a trained adapter was judged by. leak is None where nothing was looked for."""

    photo_count: int
    likeness: float
    likeness_floor: float
    leak: Leak | None = None


@dataclass(frozen=True)
class Run:
    """A training and the adapter that comes of it."""

    id: AdapterId
    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    name: str
    state: State
    requested_at: dt.datetime
    reason_code: str = ""
    photo_count: int = 0
    likeness: float = 0.0
    likeness_floor: float = 0.0
    leak: Leak | None = None
    bytes: Bytes | None = None
    finished_at: dt.datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits or trains."""
        return self.state in (State.QUEUED, State.TRAINING)

    def begin(self) -> Run:
        """A worker took it, for the first time or again. Raises WrongState."""
        return self._to(State.TRAINING)

    def ready(self, stored: Bytes, judged: Judged, now: dt.datetime) -> Run:
        """It passed and lies sealed in the store. Raises WrongState."""
        return self._to(State.READY, bytes=stored, finished_at=now, **vars(judged))

    def refuse(self, judged: Judged, refusal: Refusal, now: dt.datetime) -> Run:
        """It is not like the person, or shows people where nobody asked for them. Raises WrongState."""
        return self._to(State.REFUSED, reason_code=refusal.value, finished_at=now, **vars(judged))

    def fail(self, reason_code: str, now: dt.datetime) -> Run:
        """It could not end. Raises WrongState."""
        return self._to(State.FAILED, reason_code=reason_code, finished_at=now)

    def revoke(self, now: dt.datetime) -> Run:
        """The consent was withdrawn; nothing of the adapter is kept. Raises WrongState."""
        return self._to(State.REVOKED, reason_code="consent-revoked", bytes=None, finished_at=now)

    def remove(self, now: dt.datetime) -> Run:
        """The person wants it gone. Raises WrongState."""
        return self._to(State.REMOVED, bytes=None, finished_at=now)

    def _to(self, state: State, **changes: Any) -> Run:
        if state not in _NEXT[self.state]:
            raise WrongState(self.state.value, state.value)
        return dataclasses.replace(self, state=state, **changes)


def parse_name(text: str) -> str:
    """A name the person chose, trimmed; may be empty. Raises InvalidName."""
    name = text.strip()
    if len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidName(MAX_NAME_CHARACTERS)
    return name
