"""A capture session: one challenge, a nonce for each try, three tries, ten minutes."""

from __future__ import annotations

import datetime as dt
import enum
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.errors import LockedOut, NonceMismatch, SessionClosed, SessionNotPassed, SessionUsed
from semblance.kernel.ids import ConsentId, ReleaseId, SessionId, SubjectId


class SessionState(enum.Enum):
    """Where a session stands; EXPIRED is derived from the clock, never stored."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Session:
    """One person's try at opting in. `failure` is for the operator; `advice` is for the person."""

    id: SessionId
    subject_id: SubjectId
    release_id: ReleaseId
    device_sha256: str
    challenge: tuple[Movement, ...]
    nonce: str
    state: SessionState
    tries_left: int
    created_at: dt.datetime
    expires_at: dt.datetime
    advice: tuple[str, ...] = ()
    failure: str | None = None
    consent_id: ConsentId | None = None

    def seen_at(self, now: dt.datetime) -> Session:
        """This session as the clock has it: an open one past its end is EXPIRED."""
        if self.state in (SessionState.CREATED, SessionState.IN_PROGRESS) and now >= self.expires_at:
            return replace(self, state=SessionState.EXPIRED)
        return self

    def begin_try(self, *, nonce: str, next_nonce: str, now: dt.datetime) -> Session:
        """This session with one try and its nonce spent. Raises SessionClosed, NonceMismatch."""
        seen = self.seen_at(now)
        if seen.state not in (SessionState.CREATED, SessionState.IN_PROGRESS):
            raise SessionClosed(seen.state.value)
        if not hmac.compare_digest(self.nonce.encode(), nonce.encode()):
            raise NonceMismatch
        return replace(
            self, nonce=next_nonce, tries_left=self.tries_left - 1, state=SessionState.IN_PROGRESS, advice=()
        )

    def give_try_back(self, nonce: str) -> Session:
        """This session after a fault of ours: the try is not counted, and its nonce may be used again."""
        return replace(self, tries_left=self.tries_left + 1, nonce=nonce)

    def passed(self) -> Session:
        """Liveness and match held."""
        return replace(self, state=SessionState.SUCCEEDED, advice=(), failure=None)

    def missed(self, advice: Sequence[str], failure: str) -> Session:
        """The try failed; the session too, if it was the last."""
        state = SessionState.IN_PROGRESS if self.tries_left > 0 else SessionState.FAILED
        return replace(self, state=state, advice=tuple(advice), failure=failure)

    def refused(self, advice: Sequence[str], failure: str) -> Session:
        """The session ends here, whatever tries are left: a person has to look at it."""
        return replace(self, state=SessionState.FAILED, tries_left=0, advice=tuple(advice), failure=failure)

    def spend_on(self, consent_id: ConsentId) -> Session:
        """This session once it has given a consent. Raises SessionNotPassed, SessionUsed."""
        if self.state is not SessionState.SUCCEEDED:
            raise SessionNotPassed
        if self.consent_id is not None:
            raise SessionUsed
        return replace(self, consent_id=consent_id)


@dataclass(frozen=True)
class LockOut:
    """So many failed tries within the window lock the person, and the device, out for as long.

    The shape is AWS Rekognition Face Liveness' advice: 5 failures in 3 minutes, 30 to 60 minutes out.
    """

    failures: int
    window_s: int

    def window_start(self, now: dt.datetime) -> dt.datetime:
        """Failures before this instant are forgotten."""
        return now - dt.timedelta(seconds=self.window_s)

    def require_open(self, failed_at: Sequence[dt.datetime], now: dt.datetime) -> None:
        """Raise LockedOut when `failed_at` (within the window, any order) reaches the limit."""
        if len(failed_at) < self.failures:
            return
        opens_at = sorted(failed_at)[-self.failures] + dt.timedelta(seconds=self.window_s)
        if opens_at > now:
            raise LockedOut(max(1, round((opens_at - now).total_seconds())))
