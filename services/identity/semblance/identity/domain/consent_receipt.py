"""What a consent's receipt says: no name, no face, no score.

Its fields are shaped by ISO/IEC TS 27560:2023 (record header, PII processing, parties, events); nobody has validated it
against the standard's text.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from semblance.identity.domain.release import Notice, Release
from semblance.kernel.consent import Consent, Purpose

SCHEMA_VERSION: Final = "semblance-consent-receipt/1, shaped by ISO/IEC TS 27560:2023"
RECEIPT_TYPE: Final = "semblance-consent-receipt+jwt"
CREDENTIAL_TYPE: Final = "vc+jwt"
_CONTROLLER: Final = "controller"
_PROCESSING: Final[Mapping[Purpose, tuple[str, tuple[str, ...], str]]] = {
    # What for, of what, and how long: the words of the notice, sections 3, 4 and 6.
    Purpose.PHOTOS: (
        "to keep your photos, find the faces in them, and sort out those that show you",
        ("photos", "face templates"),
        "until you delete them or your account",
    ),
    Purpose.TRAIN: (
        "to learn an adapter from your photos",
        ("photos", "adapter"),
        "until the consent is withdrawn, or until you delete it",
    ),
    Purpose.GENERATE: (
        "to make pictures that look like you, when you ask for them",
        ("adapter", "pictures", "face templates"),
        "until you delete them or your account",
    ),
}


@dataclass(frozen=True)
class Basis:
    """What the person had read and signed when they consented."""

    release: Release
    notice: Notice


def receipt(
    consent: Consent, basis: Basis, *, receipt_id: str, issuer: str, salt: str, now: dt.datetime
) -> Mapping[str, Any]:
    """The consent with its events up to `now`, as JSON has it."""
    recipients = [hashed(salt, consent.grantee_id)] if consent.grantee_id is not None else []
    parties = [{"party_id": _CONTROLLER, "party_role": "pii controller", "party_url": issuer}]
    parties += [{"party_id": grantee, "party_role": "third party"} for grantee in recipients]
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": receipt_id,
        "record_id": consent.id,
        "record_revision": consent.revision,
        "receipt_timestamp": now.isoformat(),
        "pii_principal_id": hashed(salt, consent.subject_id),
        "pii_processing": {
            "privacy_notice": {
                "version": basis.notice.version,
                "language": basis.notice.language,
                "sha256": basis.notice.sha256,
                "text": basis.notice.text,
            },
            "release": {
                "release_id": basis.release.id,
                "signed_at": basis.release.signed_at.isoformat(),
                "purposes": _words(basis.release.purposes),
            },
            "purposes": [_purpose(word, recipients) for word in sorted(consent.purposes, key=lambda p: p.value)],
        },
        "party_identification": parties,
        "events": events(consent, now),
    }


def events(consent: Consent, now: dt.datetime) -> list[dict[str, str]]:
    """Given, and what ended it if it has ended; oldest first."""
    lasts = consent.expires_at - consent.granted_at
    told = [_event(consent.granted_at, "consent given")]
    told[0]["validity_duration"] = f"PT{int(lasts.total_seconds())}S"
    told[0]["valid_until"] = consent.expires_at.isoformat()
    if consent.revoked_at is not None:
        told.append(_event(consent.revoked_at, "consent withdrawn"))
    elif now >= consent.expires_at:
        told.append(_event(consent.expires_at, "consent expired"))
    return told


def credential(receipt: Mapping[str, Any], consent: Consent, issuer: str) -> Mapping[str, Any]:
    """A Verifiable Credential (W3C VC Data Model 2.0), to be secured as VC-JOSE-COSE says; the receipt's words are
    terms of no vocabulary, which the second context declares."""
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": f"urn:uuid:{receipt['receipt_id']}",
        "type": ["VerifiableCredential", "ConsentReceiptCredential"],
        "issuer": issuer,
        "iss": issuer,
        "validFrom": consent.granted_at.isoformat(),
        "validUntil": consent.expires_at.isoformat(),
        "credentialSubject": {"type": "ConsentReceipt", **receipt},
    }


def hashed(salt: str, subject_id: str) -> str:
    """Whom a receipt is about, for those who are told the salt."""
    return f"sha256:{hashlib.sha256(f'{salt}:{subject_id}'.encode()).hexdigest()}"


def _purpose(purpose: Purpose, recipients: list[str]) -> dict[str, Any]:
    description, kinds, retention = _PROCESSING[purpose]
    return {
        "purpose": purpose.value,
        "purpose_description": description,
        "lawful_basis": "explicit consent",
        "pii_information": [{"pii_type": kind, "sensitive_pii_category": True} for kind in kinds],
        "pii_controllers": [_CONTROLLER],
        "collection_method": "given by the person",
        "retention_period": retention,
        "recipient_third_parties": recipients,
        "withdrawal_method": "in the account, at any time",
    }


def _event(at: dt.datetime, state: str) -> dict[str, str]:
    return {"event_time": at.isoformat(), "event_type": "explicit", "event_state": state, "entity_id": _CONTROLLER}


def _words(purposes: frozenset[Purpose]) -> list[str]:
    return sorted(purpose.value for purpose in purposes)
