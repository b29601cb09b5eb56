"""What proves: a consent's receipt and credential, and the list beside an erasure's receipt."""

from __future__ import annotations

from fastapi import APIRouter, Response

from semblance.gateway.api.admission import ANYBODY, Here, Proven, Reader
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.receipts import ConsentReceipt, ErasedItems
from semblance.gateway.handlers import erasure

router = APIRouter()
_NOT_KEPT = {"Cache-Control": "no-store"}
_CREDENTIAL = "application/vc+jwt"


@router.get("/v1/consents/{consent_id}/receipt", tags=["consents"])
def get_consent_receipt(caller: Reader, here: Here, consent_id: PathId, response: Response) -> ConsentReceipt:
    """The consent with its events up to now, signed. It can be checked without the platform, when that is gone."""
    response.headers.update(_NOT_KEPT)
    return ConsentReceipt.of_export(here.gate.identity.consent_receipt(caller.subject_id, consent_id))


@router.get(
    "/v1/consents/{consent_id}/credential",
    tags=["consents"],
    response_class=Response,
    responses={
        200: {
            "description": "A W3C Verifiable Credential 2.0 in a compact JWS (VC-JOSE-COSE).",
            "content": {_CREDENTIAL: {}},
        }
    },
)
def get_consent_credential(caller: Reader, here: Here, consent_id: PathId) -> Response:
    """The same as a credential that other software reads."""
    made = here.gate.identity.consent_receipt(caller.subject_id, consent_id)
    return Response(made.credential_jwt, media_type=_CREDENTIAL, headers=_NOT_KEPT)


@router.get("/v1/erasures/{erasure_id}/items", tags=["erasures"], dependencies=[ANYBODY])
def get_erased_items(here: Here, proof: Proven, erasure_id: PathId, response: Response) -> ErasedItems:
    """What was destroyed, thing by thing; kept for some weeks. Works with the erased account's token too."""
    response.headers.update(_NOT_KEPT)
    return ErasedItems.of(erasure.erased_items(here.gate, proof.login, erasure_id))
