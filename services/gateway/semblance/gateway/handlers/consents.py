"""Consent check 1, and the ways to give, ask about and take back a consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from semblance.gateway.domain.sharing import Reason
from semblance.gateway.domain.things import ConsentCheck
from semblance.gateway.handlers.gate import Gate
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentMissing, Forbidden, NotFound, Unavailable

_AGAIN = Reason(
    "opt-in-again",
    "faces are recognised in a new way here since you opted in: opt in again before your camera, then ask again",
)
_VIEW_WAIT_S = 3.0
_VIEW_POLL_S = 0.05


def require_consent(gate: Gate, subject_id: str, consent_id: str, purpose: Purpose) -> Consent:
    """The consent that covers the request. A consent too young for this process's view is asked of identity.

    Raises ConsentMissing, ConsentRevoked, ConsentExpired, and Unavailable when nothing can tell.
    """
    try:
        return gate.consents.require(consent_id, subject_id, purpose)
    except ConsentMissing:
        if gate.consents.get(consent_id) is not None:
            raise
    try:
        consent = gate.identity.consent(subject_id, consent_id)
    except NotFound:
        raise ConsentMissing from None
    consent.require(subject_id=subject_id, purpose=purpose, now=gate.clock.now())
    return consent


def check_consent(gate: Gate, subject_id: str, consent_id: str, purpose: Purpose) -> ConsentCheck:
    """Would a request come to anything now? Says so without doing anything."""
    try:
        consent = require_consent(gate, subject_id, consent_id, purpose)
    except Forbidden as e:
        return ConsentCheck(False, e.code, e.detail, consent=None, reasons=(Reason(e.code, e.detail),))
    if _must_opt_in_again(gate, subject_id):
        return ConsentCheck(False, _AGAIN.code, _AGAIN.detail, consent=consent, reasons=(_AGAIN,))
    return ConsentCheck(allowed=True, reason_code="", detail="an active consent covers this", consent=consent)


def _must_opt_in_again(gate: Gate, subject_id: str) -> bool:
    """What identity says. While it is away the consent in memory is the answer: photos and pictures of whoever must are
    refused all the same."""
    try:
        return gate.identity.must_opt_in_again(subject_id)
    except Unavailable:
        return False


def grant_consent(
    gate: Gate, subject_id: str, *, session_id: str, purposes: Sequence[Purpose], days: int, review_id: str = ""
) -> Consent:
    """A new consent, already in force in this process when it is returned (or after 3 s at the latest)."""
    consent = gate.identity.grant(subject_id, session_id=session_id, purposes=purposes, days=days, review_id=review_id)
    await_view(gate, lambda: gate.consents.get(consent.id) is not None)
    return consent


def revoke_consent(gate: Gate, subject_id: str, consent_id: str) -> Consent:
    """Take a consent back; this process refuses it when this returns (or after 3 s at the latest)."""
    consent = gate.identity.revoke(subject_id, consent_id)
    await_view(gate, lambda: _seen_revoked(gate, consent_id))
    return consent


def _seen_revoked(gate: Gate, consent_id: str) -> bool:
    seen = gate.consents.get(consent_id)
    return seen is not None and seen.revoked_at is not None


def await_view(gate: Gate, arrived: Callable[[], bool]) -> None:
    """Let the event come round, so that a caller's next request is judged by what this one did."""
    end_s = gate.clock.monotonic_s() + _VIEW_WAIT_S
    while not arrived() and gate.clock.monotonic_s() < end_s:
        gate.pause(_VIEW_POLL_S)
