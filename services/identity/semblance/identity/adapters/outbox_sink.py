"""Domain events as protobuf messages."""

from __future__ import annotations

import datetime as dt

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.identity.adapters.grant_sink import grant_message
from semblance.identity.domain.events import (
    Answered,
    Asked,
    ErasureAnnounced,
    ErasureFinished,
    Event,
    Granted,
    IdentityErased,
    PictureRefused,
    Revoked,
)
from semblance.kernel.consent import Consent, Purpose
from semblance.service_kit.erased import service_erased

PURPOSE_TO_PB: dict[Purpose, identity_pb.Purpose] = {
    Purpose.PHOTOS: identity_pb.PURPOSE_PHOTOS,
    Purpose.TRAIN: identity_pb.PURPOSE_TRAIN,
    Purpose.GENERATE: identity_pb.PURPOSE_GENERATE,
}


def to_message(event: Event) -> Message:
    """The message that carries this event."""
    match event:
        case Granted(consent, grantee_name):
            return identity_pb.ConsentGranted(
                subject_id=consent.subject_id,
                consent_id=consent.id,
                consent_revision=consent.revision,
                state=consent_state(consent),
                grantee_name=grantee_name,
            )
        case Asked() | Answered() | PictureRefused():
            return grant_message(event)
        case Revoked(consent, reason, grantee_name):
            return identity_pb.ConsentRevoked(
                subject_id=consent.subject_id,
                consent_id=consent.id,
                consent_revision=consent.revision,
                state=consent_state(consent),
                reason=reason.value,
                grantee_name=grantee_name,
            )
        case ErasureAnnounced(subject_id, erasure_id):
            return platform_pb.ErasureRequested(subject_id=subject_id, erasure_id=erasure_id)
        case IdentityErased(subject_id, erasure_id, stores):
            return service_erased("identity", subject_id, erasure_id, stores)
        case ErasureFinished(subject_id, erasure_id, receipt_sha256):
            return platform_pb.ErasureCompleted(
                subject_id=subject_id, erasure_id=erasure_id, receipt_sha256=receipt_sha256
            )


def consent_state(consent: Consent) -> identity_pb.ConsentState:
    """A consent's whole state."""
    return identity_pb.ConsentState(
        subject_id=consent.subject_id,
        consent_id=consent.id,
        revision=consent.revision,
        purposes=[PURPOSE_TO_PB[p] for p in sorted(consent.purposes, key=lambda p: p.value)],
        granted_at=timestamp(consent.granted_at),
        expires_at=timestamp(consent.expires_at),
        revoked_at=timestamp(consent.revoked_at) if consent.revoked_at else None,
        grantee_id=consent.grantee_id or "",
    )


def timestamp(instant: dt.datetime) -> Timestamp:
    """An aware datetime as protobuf has it."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp
