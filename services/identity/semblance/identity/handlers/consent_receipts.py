"""A consent as something to keep: a signed receipt, and a credential that other software reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from semblance.identity.domain import consent_receipt
from semblance.identity.domain.consent_receipt import Basis
from semblance.identity.domain.errors import ReceiptUnavailable
from semblance.identity.handlers.consents import get_consent
from semblance.identity.ports import Ports
from semblance.kernel.consent import Consent
from semblance.kernel.ids import ConsentId, SubjectId, new_id


@dataclass(frozen=True)
class ExportedConsent:
    """`salt` is for the person alone: it is not in what was signed."""

    receipt: Mapping[str, Any]
    receipt_jws: str
    credential_jwt: str
    salt: str = field(repr=False)

    @property
    def receipt_json(self) -> str:
        """The receipt alone."""
        return json.dumps(self.receipt, ensure_ascii=False)


def export_consent(subject_id: SubjectId, consent_id: ConsentId, ports: Ports) -> ExportedConsent:
    """Raises UnknownConsent, also for another person's, and ReceiptUnavailable."""
    consent = get_consent(subject_id, consent_id, ports)
    basis = _basis(consent, ports)
    issuer, now = ports.rules.issuer, ports.clock.now()
    salt = salt_of(consent_id, ports)
    receipt = consent_receipt.receipt(consent, basis, receipt_id=new_id(), issuer=issuer, salt=salt, now=now)
    claims = {"iss": issuer, "iat": int(now.timestamp()), "receipt": receipt}
    credential = consent_receipt.credential(receipt, consent, issuer)
    return ExportedConsent(
        receipt=receipt,
        receipt_jws=ports.receipts.sign(claims, consent_receipt.RECEIPT_TYPE),
        credential_jwt=ports.receipts.sign(credential, consent_receipt.CREDENTIAL_TYPE, content_type="vc"),
        salt=salt,
    )


def salt_of(consent_id: ConsentId, ports: Ports) -> str:
    """Always the same for a consent, stored nowhere, and of no use for another consent's receipt."""
    return ports.receipts.fingerprint(f"consent-receipt:{consent_id}")[:32]


def _basis(consent: Consent, ports: Ports) -> Basis:
    """What the consent was given to. A grant has no capture of its own: the newest release before it is its basis."""
    with ports.reads() as store:
        release = store.releases.of_consent(consent.id) or store.releases.before(consent.subject_id, consent.granted_at)
    notice = ports.notices(release.notice_version) if release is not None else None
    if release is None or notice is None or notice.sha256 != release.notice_sha256:
        raise ReceiptUnavailable
    return Basis(release, notice)
