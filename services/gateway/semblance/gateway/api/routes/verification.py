"""What can be said of any picture: no account, nothing kept."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from semblance.gateway.api.admission import READS_MULTIPART, VERIFYING, Here
from semblance.gateway.api.multipart import Part, read_form
from semblance.gateway.api.schemas.verification import Verification

router = APIRouter()
IMAGE_TYPE = re.compile(r"image/[a-z0-9.+-]{1,40}")
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "additionalProperties": False,
                    "properties": {"image": {"type": "string", "format": "binary"}},
                },
                "encoding": {"image": {"contentType": "image/png, image/jpeg, image/webp"}},
            }
        },
    }
}


async def _picture(request: Request) -> Part:
    """The picture of the form. Raises Invalid and 415."""
    form = await read_form(request, fields=frozenset(), file="image", max_files=1)
    part = form.files["image"][0]
    if not IMAGE_TYPE.fullmatch(part.content_type):
        raise HTTPException(415)
    return part


@router.post("/v1/verify", tags=["provenance"], dependencies=[VERIFYING, READS_MULTIPART], openapi_extra=_FORM)
def verify(here: Here, picture: Annotated[Part, Depends(_picture)]) -> Verification:
    """Was this picture made here, is its seal whole, and does the consent behind it still stand? Anyone may ask.

    Also of a copy whose Content Credentials were taken out: by an invisible mark in its pixels, or by its fingerprint.
    Nothing is kept, and nothing is fetched from anywhere else.
    """
    return Verification.of(here.gate.provenance.verify(picture.content_type, picture.data))
