"""Domain values as the contract's messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.identity.v1 import events_pb2, service_pb2
from semblance.identity.domain.erasure import Erasure
from semblance.identity.domain.release import Release
from semblance.identity.domain.session import Session, SessionState
from semblance.identity.handlers.faces import Match
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import Invalid

_PURPOSES: dict[Purpose, events_pb2.Purpose] = {
    Purpose.PHOTOS: events_pb2.PURPOSE_PHOTOS,
    Purpose.TRAIN: events_pb2.PURPOSE_TRAIN,
    Purpose.GENERATE: events_pb2.PURPOSE_GENERATE,
}
_FROM_PB = {number: purpose for purpose, number in _PURPOSES.items()}
_STATES: dict[SessionState, service_pb2.SessionState] = {
    SessionState.CREATED: service_pb2.SESSION_STATE_CREATED,
    SessionState.IN_PROGRESS: service_pb2.SESSION_STATE_IN_PROGRESS,
    SessionState.SUCCEEDED: service_pb2.SESSION_STATE_SUCCEEDED,
    SessionState.FAILED: service_pb2.SESSION_STATE_FAILED,
    SessionState.EXPIRED: service_pb2.SESSION_STATE_EXPIRED,
}


def purposes(numbers: Iterable[events_pb2.Purpose]) -> frozenset[Purpose]:
    """Raises Invalid for a purpose that this build does not know."""
    try:
        return frozenset(_FROM_PB[number] for number in numbers)
    except KeyError as e:
        raise Invalid("an unknown purpose was named", code="unknown-purpose") from e


def release(value: Release) -> service_pb2.Release:
    """Without the name."""
    return service_pb2.Release(
        release_id=value.id,
        subject_id=value.subject_id,
        notice_sha256=value.notice_sha256,
        purposes=_numbers(value.purposes),
        signed_at=stamp(value.signed_at),
    )


def session(value: Session) -> service_pb2.CaptureSession:
    """Without the device and without the operator's reason."""
    return service_pb2.CaptureSession(
        session_id=value.id,
        subject_id=value.subject_id,
        state=_STATES[value.state],
        challenge=[movement.value for movement in value.challenge],
        nonce=value.nonce,
        expires_at=stamp(value.expires_at),
        tries_left=value.tries_left,
        advice=value.advice,
        colours=[service_pb2.ScreenColour(colour=c.colour, for_ms=c.for_ms) for c in value.colours],
    )


def consent(value: Consent) -> service_pb2.Consent:
    """The whole state."""
    state = events_pb2.ConsentState(
        subject_id=value.subject_id,
        consent_id=value.id,
        revision=value.revision,
        purposes=_numbers(value.purposes),
        granted_at=stamp(value.granted_at),
        expires_at=stamp(value.expires_at),
        revoked_at=stamp(value.revoked_at),
        grantee_id=value.grantee_id or "",
    )
    return service_pb2.Consent(state=state)


def match(value: Match) -> service_pb2.FaceMatch:
    """One face's scores."""
    return service_pb2.FaceMatch(
        own_score=value.scores.own,
        other_score=value.scores.other,
        matches_own=value.own,
        matches_other=value.other,
        protected=value.protected,
    )


def erasure(value: Erasure) -> service_pb2.Erasure:
    """How far it is; the receipt once completed."""
    return service_pb2.Erasure(
        erasure_id=value.id,
        subject_id=value.subject_id or "",
        state="completed" if value.completed_at else "running",
        requested_at=stamp(value.requested_at),
        completed_at=stamp(value.completed_at),
        stores=[service_pb2.ErasedStore(service=s.service, store=s.store, count=s.count) for s in value.stores],
        receipt_jws=value.receipt_jws or "",
        waiting_for=value.waiting_for,
    )


def _numbers(values: Iterable[Purpose]) -> list[events_pb2.Purpose]:
    return [_PURPOSES[p] for p in sorted(values, key=lambda p: p.value)]


def stamp(instant: dt.datetime | None) -> Timestamp | None:
    """An aware datetime as protobuf has it."""
    if instant is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp
