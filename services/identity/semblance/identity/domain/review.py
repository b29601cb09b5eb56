"""What a person has to decide because the service must not: opened, then allowed or refused, once and for good."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, replace

from semblance.identity.domain.errors import InvalidReview, ReviewDecided, ReviewNotUsable
from semblance.kernel.ids import ConsentId, ReleaseId, ReviewId, SessionId, SubjectId

NOTE_MAX_CHARACTERS = 500

REFUSED_ADVICE = (
    "A person has looked at it, and this account cannot be let in. If you think that this is wrong, write to support "
    "and name this session."
)
"""Neither why nor who: each reason would tell somebody about somebody else."""


class ReviewKind(enum.Enum):
    """Why somebody has to look."""

    FACE_ENROLLED_ELSEWHERE = "face_enrolled_elsewhere"
    PROTECTED_FACE = "protected_face"
    NON_BIOMETRIC = "non_biometric"
    PROTECTION_OF_ENROLLED_FACE = "protection_of_enrolled_face"


class ReviewState(enum.Enum):
    """Where a review stands; all but OPEN are final."""

    OPEN = "open"
    ALLOWED = "allowed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Review:
    """One question for an operator. Its `other_subject_id` and `entry_id` are for nobody else's eyes.

    `usable_until` and `used_at`: what an allowed review allows is good once, and not for ever.
    """

    id: ReviewId
    kind: ReviewKind
    subject_id: SubjectId
    opened_at: dt.datetime
    session_id: SessionId | None = None
    release_id: ReleaseId | None = None
    other_subject_id: SubjectId | None = None
    entry_id: str | None = None
    state: ReviewState = ReviewState.OPEN
    decided_at: dt.datetime | None = None
    decided_by: str | None = None
    sealed_note: bytes | None = None
    usable_until: dt.datetime | None = None
    used_at: dt.datetime | None = None
    consent_id: ConsentId | None = None

    def decide(self, decision: ReviewState, *, by: str, now: dt.datetime, usable_for: dt.timedelta) -> Review:
        """This review decided; the same decision again changes nothing. Raises InvalidReview, ReviewDecided."""
        if decision is ReviewState.OPEN:
            raise InvalidReview("a review is allowed or refused")
        if self.state is decision:
            return self
        if self.state is not ReviewState.OPEN:
            raise ReviewDecided(self.state.value)
        until = now + usable_for if decision is ReviewState.ALLOWED and self.lets_try_again else None
        return replace(self, state=decision, decided_at=now, decided_by=by, usable_until=until)

    @property
    def lets_try_again(self) -> bool:
        """Whether allowing it is a pass for the person's next try; else it takes effect at once."""
        return self.kind is not ReviewKind.PROTECTION_OF_ENROLLED_FACE

    def usable_at(self, now: dt.datetime) -> bool:
        """Whether it still allows what it was opened for."""
        return self.usable_until is not None and self.used_at is None and now < self.usable_until

    def use(self, now: dt.datetime, consent_id: ConsentId | None = None) -> Review:
        """This review once what it allowed was done. Raises ReviewNotUsable."""
        if not self.usable_at(now):
            raise ReviewNotUsable
        return replace(self, used_at=now, consent_id=consent_id)


def allowed_advice(until: dt.datetime) -> str:
    """What a person reads whose capture was let through afterwards."""
    return (
        f"A person has looked at it. Begin again with a new session before {until:%Y-%m-%d %H:%M} UTC; "
        "every other check stays."
    )


def check_note(text: str) -> str:
    """The note, trimmed; may be empty. Raises InvalidReview."""
    note = text.strip()
    if len(note) > NOTE_MAX_CHARACTERS or not all(c.isprintable() or c == "\n" for c in note):
        raise InvalidReview(f"a note has at most {NOTE_MAX_CHARACTERS} printable characters")
    return note
