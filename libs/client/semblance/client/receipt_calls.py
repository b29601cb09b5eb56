"""Asking for what proves: receipts of consents, and the list beside an erasure's."""

from __future__ import annotations

from semblance.client.calls import Calls
from semblance.client.consent_receipts import ExportedConsent
from semblance.client.erasure_lists import ErasureList


class ReceiptCalls(Calls):
    """The part of Client that asks for receipts; checking them needs no client."""

    def consent_receipt(self, consent_id: str) -> ExportedConsent:
        """The consent with its events up to now, signed; check_exported() checks it without the platform."""
        return ExportedConsent.model_validate_json(self._transport.get(f"/v1/consents/{consent_id}/receipt").content)

    def consent_credential(self, consent_id: str) -> str:
        """The same as a W3C Verifiable Credential, a compact JWS (application/vc+jwt)."""
        return self._transport.get(f"/v1/consents/{consent_id}/credential").text

    def erased_items(self, erasure_id: str) -> ErasureList:
        """What the erasure destroyed, thing by thing. Raises ApiError before the end, and when it is no longer kept."""
        return ErasureList.model_validate_json(self._transport.get(f"/v1/erasures/{erasure_id}/items").content)
