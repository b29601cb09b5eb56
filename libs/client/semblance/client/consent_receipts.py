"""Checking a consent's receipt or credential without asking the platform that wrote it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from semblance.client.signatures import ConsentWithdrawn, ReceiptExpired, ReceiptInvalid, opened

RECEIPT_TYPE: Final = "semblance-consent-receipt+jwt"
CREDENTIAL_TYPE: Final = "vc+jwt"
CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
_KINDS: Final = {"VerifiableCredential", "ConsentReceiptCredential"}


class PrivacyNotice(BaseModel):
    """What the person had read; the digest is of the text."""

    model_config = ConfigDict(frozen=True)
    version: str
    language: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    text: str


class ConsentPurpose(BaseModel):
    """One thing that was agreed to. Recipients are salted hashes: a grant names who may ask for pictures under it."""

    model_config = ConfigDict(frozen=True)
    purpose: str
    recipient_third_parties: tuple[str, ...] = ()


class Processing(BaseModel):
    """What for, by which notice."""

    model_config = ConfigDict(frozen=True)
    privacy_notice: PrivacyNotice
    purposes: tuple[ConsentPurpose, ...] = Field(min_length=1, max_length=100)


class ConsentEvent(BaseModel):
    """ "consent given", "consent withdrawn" or "consent expired"."""

    model_config = ConfigDict(frozen=True)
    event_time: dt.datetime
    event_state: str
    valid_until: dt.datetime | None = None


class ConsentReceipt(BaseModel):
    """A consent as it was when the receipt was written; shaped by ISO/IEC TS 27560:2023."""

    model_config = ConfigDict(frozen=True)
    schema_version: str
    receipt_id: str
    record_id: str
    receipt_timestamp: dt.datetime
    pii_principal_id: str
    pii_processing: Processing
    events: tuple[ConsentEvent, ...] = Field(min_length=1, max_length=1000)
    issuer: str = ""

    def names(self, subject_id: str, salt: str) -> bool:
        """Whether it is about this person, for who was told the salt."""
        return self.pii_principal_id == _hashed(salt, subject_id)

    def given_to(self, grantee_id: str, salt: str) -> bool:
        """Whether it is a grant to this person or app."""
        hashed = _hashed(salt, grantee_id)
        return any(hashed in purpose.recipient_third_parties for purpose in self.pii_processing.purposes)

    def require_standing(self, now: dt.datetime) -> None:
        """By its own events and dates alone. Raises ConsentWithdrawn, ReceiptExpired."""
        for event in self.events:
            if event.event_state == "consent withdrawn":
                raise ConsentWithdrawn(f"genuine, but the consent was withdrawn on {_day(event.event_time)}")
        ends = [event.valid_until or event.event_time for event in self.events if event.event_state != "consent given"]
        ends += [event.valid_until for event in self.events if event.valid_until is not None]
        if ends and now >= min(ends):
            raise ReceiptExpired(f"genuine, but the consent ended on {_day(min(ends))}")


class ExportedConsent(BaseModel):
    """The file that the platform gives the person: readable, signed, and with the salt that is theirs alone."""

    model_config = ConfigDict(frozen=True)
    receipt: dict[str, Any]
    jws: str
    pii_principal_salt: str = ""


def exported(text: str) -> ExportedConsent:
    """The file's parts, unverified. Raises ReceiptInvalid."""
    try:
        return ExportedConsent.model_validate(json.loads(text))
    except (ValueError, RecursionError) as e:
        raise ReceiptInvalid("the file is JSON, but no consent receipt") from e


def check_exported(file: ExportedConsent, keys: Mapping[str, Any]) -> ConsentReceipt:
    """That what can be read in the file is what was signed. Raises ReceiptInvalid."""
    claims = opened(file.jws, keys, RECEIPT_TYPE, what="consent receipt")
    if claims.get("receipt") != file.receipt:
        raise ReceiptInvalid("the receipt is not what was signed: the file was changed")
    return _receipt(claims)


def check_consent_receipt(jws: str, keys: Mapping[str, Any]) -> ConsentReceipt:
    """The receipt of a JWS. Raises ReceiptInvalid; whether the consent stands is `require_standing`'s to say."""
    return _receipt(opened(jws, keys, RECEIPT_TYPE, what="consent receipt"))


def check_credential(jwt: str, keys: Mapping[str, Any], now: dt.datetime) -> ConsentReceipt:
    """The receipt in a Verifiable Credential secured as VC-JOSE-COSE says. Raises ReceiptInvalid, ReceiptExpired."""
    claims = opened(jwt, keys, CREDENTIAL_TYPE, what="credential")
    context, kinds, subject = claims.get("@context"), claims.get("type"), claims.get("credentialSubject")
    if not isinstance(context, list) or context[:1] != [CREDENTIALS_V2]:
        raise ReceiptInvalid("the credential is not of the W3C's data model 2.0")
    if not isinstance(kinds, list) or not _KINDS.issubset(map(str, kinds)) or not isinstance(subject, dict):
        raise ReceiptInvalid("the credential is signed, but it is not about a consent")
    if not claims.get("issuer") or claims.get("issuer") != claims.get("iss"):
        raise ReceiptInvalid("the credential does not say who issued it, or says it twice and not the same")
    receipt = _receipt({"iss": claims["issuer"], "receipt": subject})
    begins, ends = _instant(claims, "validFrom"), _instant(claims, "validUntil")
    if now < begins:
        raise ReceiptInvalid(f"the credential is not valid before {_day(begins)}", code="receipt-not-yet-valid")
    if now >= ends:
        raise ReceiptExpired(f"genuine, but the credential ended on {_day(ends)}")
    return receipt


def _receipt(claims: Mapping[str, Any]) -> ConsentReceipt:
    try:
        receipt = ConsentReceipt.model_validate({**claims["receipt"], "issuer": str(claims.get("iss", ""))})
    except (ValidationError, KeyError, TypeError) as e:
        raise ReceiptInvalid("the receipt is signed, but lacks what a consent receipt must say") from e
    notice = receipt.pii_processing.privacy_notice
    if hashlib.sha256(notice.text.encode()).hexdigest() != notice.sha256:
        raise ReceiptInvalid("the notice in the receipt is not the one of its digest")
    return receipt


def _instant(claims: Mapping[str, Any], name: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(str(claims[name]))
    except (KeyError, ValueError) as e:
        raise ReceiptInvalid(f"the credential has no {name}") from e
    if found.tzinfo is None:
        raise ReceiptInvalid(f"the credential's {name} has no time zone")
    return found


def _hashed(salt: str, subject_id: str) -> str:
    return f"sha256:{hashlib.sha256(f'{salt}:{subject_id}'.encode()).hexdigest()}"


def _day(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
