"""Giving and taking back a consent. The rule that uses one is semblance.kernel.consent."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import replace

from semblance.identity.domain.errors import InvalidConsent, PurposeNotReleased
from semblance.kernel.consent import ENDED_BY_ERASURE, Consent, Purpose
from semblance.kernel.ids import ConsentId, SubjectId

DEFAULT_DAYS = 180
MAX_DAYS = 365


class RevocationReason(enum.Enum):
    """Why a consent ended early; goes out with the event."""

    WITHDRAWN = "withdrawn"
    ERASURE = ENDED_BY_ERASURE
    OPERATOR = "operator"


def new_consent(
    *,
    consent_id: ConsentId,
    subject_id: SubjectId,
    purposes: frozenset[Purpose],
    released: frozenset[Purpose],
    days: int,
    now: dt.datetime,
) -> Consent:
    """A consent at revision 1. `days` 0 means the default. Raises InvalidConsent, PurposeNotReleased."""
    if not purposes:
        raise InvalidConsent("the consent names no purpose", remedy="Name at least one of: photos, train, generate.")
    if not purposes <= released:
        raise PurposeNotReleased
    days = days or DEFAULT_DAYS
    if not 1 <= days <= MAX_DAYS:
        raise InvalidConsent(f"a consent lasts 1 to {MAX_DAYS} days")
    return Consent(
        id=consent_id,
        subject_id=subject_id,
        revision=1,
        purposes=purposes,
        granted_at=now,
        expires_at=now + dt.timedelta(days=days),
    )


def revoke(consent: Consent, now: dt.datetime) -> Consent:
    """`consent` taken back at `now` with the next revision; one that already was comes back unchanged."""
    if consent.revoked_at is not None:
        return consent
    return replace(consent, revision=consent.revision + 1, revoked_at=now)


def parse_reason(text: str) -> RevocationReason:
    """The reason a caller gives; empty means withdrawn. Raises InvalidConsent ("erasure" is not a caller's to say)."""
    if text in ("", RevocationReason.WITHDRAWN.value):
        return RevocationReason.WITHDRAWN
    if text == RevocationReason.OPERATOR.value:
        return RevocationReason.OPERATOR
    raise InvalidConsent("the reason must be 'withdrawn' or 'operator'")
