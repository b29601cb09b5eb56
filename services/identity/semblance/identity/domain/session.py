"""A capture session: three tries in ten minutes, each with its own nonce, order of movements and colours."""

from __future__ import annotations

import datetime as dt
import enum
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.errors import LockedOut, NonceMismatch, SessionClosed, SessionNotPassed, SessionUsed
from semblance.identity.domain.illumination import ScreenColour
from semblance.kernel.ids import ConsentId, ReleaseId, SessionId, SubjectId


class SessionState(enum.Enum):
    """Where a session stands; EXPIRED is derived from the clock, never stored."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Asked:
    """What one try has to show, and the nonce that it must name. Frames for another nonce show something else."""

    nonce: str
    challenge: tuple[Movement, ...]
    colours: tuple[ScreenColour, ...] = ()


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
    colours: tuple[ScreenColour, ...] = ()

    def seen_at(self, now: dt.datetime) -> Session:
        """This session as the clock has it: an open one past its end is EXPIRED."""
        if self.state in (SessionState.CREATED, SessionState.IN_PROGRESS) and now >= self.expires_at:
            return replace(self, state=SessionState.EXPIRED)
        return self

    def begin_try(self, *, nonce: str, then: Asked, now: dt.datetime) -> Session:
        """This session with one try and its nonce spent; `then` is what the next try has to show.

        Raises SessionClosed, NonceMismatch.
        """
        seen = self.seen_at(now)
        if seen.state not in (SessionState.CREATED, SessionState.IN_PROGRESS):
            raise SessionClosed(seen.state.value)
        if not hmac.compare_digest(self.nonce.encode(), nonce.encode()):
            raise NonceMismatch
        begun = replace(self, tries_left=self.tries_left - 1, state=SessionState.IN_PROGRESS, advice=())
        return begun._asking(then)

    def give_try_back(self, asked: Asked) -> Session:
        """This session after a fault of ours: the try is not counted, and the same frames may be sent again."""
        return replace(self, tries_left=self.tries_left + 1)._asking(asked)

    @property
    def asked(self) -> Asked:
        """What the next try has to show."""
        return Asked(self.nonce, self.challenge, self.colours)

    def _asking(self, asked: Asked) -> Session:
        return replace(self, nonce=asked.nonce, challenge=asked.challenge, colours=asked.colours)

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
    """Every so many failed tries lock the person, and the device, out; each time for longer.

    The first step is AWS Rekognition Face Liveness' advice: 30 to 60 minutes out after 5 failures. `memory_s` must not
    be shorter than `longest_s`, or a pause would be forgotten before it ends.
    """

    failures: int
    pause_s: int
    growth: float
    longest_s: int
    memory_s: int

    def memory_start(self, now: dt.datetime) -> dt.datetime:
        """Failures before this instant are forgotten."""
        return now - dt.timedelta(seconds=self.memory_s)

    def pause_after(self, failures: int) -> dt.timedelta:
        """How long the pause is that begins with this many remembered failures; none before the first limit."""
        level = failures // self.failures
        if level == 0:
            return dt.timedelta()
        return dt.timedelta(seconds=min(self.longest_s, self.pause_s * self.growth ** (level - 1)))

    def require_open(self, failed_at: Sequence[dt.datetime], now: dt.datetime) -> None:
        """Raise LockedOut while the pause lasts that the remembered failures (any order) have earned."""
        full = len(failed_at) - len(failed_at) % self.failures
        if not full:
            return
        opens_at = sorted(failed_at)[full - 1] + self.pause_after(full)
        if opens_at > now:
            raise LockedOut(max(1, round((opens_at - now).total_seconds())))
