"""Faces that nothing may be made of, without an account; and reviews instead of a capture, with one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from semblance.gateway.api.admission import PROTECTING, READS_JSON, READS_MULTIPART, Here, Reader, Writer
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.multipart import read_form
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.register import IdentityReview, NewIdentityReview, ProtectedFace
from semblance.gateway.handlers import register
from semblance.kernel.errors import Invalid

router = APIRouter()
_PURPOSES = ("self", "guardian")
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["purpose", "photos"],
                    "additionalProperties": False,
                    "properties": {
                        "purpose": {"type": "string", "enum": list(_PURPOSES)},
                        "photos": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": register.PHOTOS_MAX,
                            "items": {"type": "string", "format": "binary"},
                            "description": "JPEG, PNG or WebP of at most 5 MiB, each with exactly one clear face.",
                        },
                    },
                },
                "encoding": {"photos": {"contentType": "image/jpeg, image/png, image/webp"}},
            }
        },
    }
}


async def _photos(request: Request) -> tuple[str, list[bytes]]:
    """(purpose, photos) of the form. Raises Invalid."""
    form = await read_form(request, fields=frozenset({"purpose"}), file="photos", max_files=register.PHOTOS_MAX)
    if form.fields["purpose"] not in _PURPOSES:
        raise Invalid("purpose is self or guardian", code="malformed-form")
    return form.fields["purpose"], [part.data for part in form.files["photos"]]


@router.post(
    "/v1/protected-faces",
    tags=["protected faces"],
    status_code=201,
    dependencies=[PROTECTING],
    openapi_extra=_FORM,
)
def protect_face(
    _multipart: Annotated[None, READS_MULTIPART], here: Here, entry: Annotated[Any, Depends(_photos)]
) -> ProtectedFace:
    """Have a face refused everywhere: one's own, or that of somebody one answers for. No account is needed.

    The photos are measured in memory and dropped; a sealed template is kept, the purpose, and a digest of the removal
    code. The answer is the same for every face. There is no Idempotency-Key: the code would have to be stored.
    """
    purpose, photos = entry
    return ProtectedFace.of(register.protect_face(here.gate, purpose=purpose, photos=photos))


@router.delete("/v1/protected-faces/{entry_id}", tags=["protected faces"], status_code=204, dependencies=[PROTECTING])
def remove_protection(
    here: Here,
    entry_id: PathId,
    removal_code: Annotated[str, Header(min_length=1, max_length=100, description="As told when it was added.")],
) -> None:
    """Remove an entry; its key is destroyed. An unknown entry and a wrong code are the same 404."""
    here.gate.register.remove(entry_id, removal_code)


@router.post("/v1/identity-reviews", tags=["consents"], status_code=201, response_model=IdentityReview)
def request_review(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewIdentityReview,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask a person to look instead of the camera. 403 `review-not-offered` unless the operator offers it."""

    def act(_id: str) -> IdentityReview:
        return IdentityReview.of(here.gate.reviews.request(caller.subject_id, body.release_id))

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/identity-reviews/{id}")


@router.get("/v1/identity-reviews/{review_id}", tags=["consents"])
def get_review(caller: Reader, here: Here, review_id: PathId) -> IdentityReview:
    """How a review stands that was asked for instead of a capture."""
    return IdentityReview.of(here.gate.reviews.get(caller.subject_id, review_id))
