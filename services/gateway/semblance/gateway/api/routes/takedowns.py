"""Anybody may ask for a picture to be taken down: no account, an answer within 48 hours."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.exceptions import HTTPException

from semblance.gateway.api.admission import ANYBODY, READS_MULTIPART, TAKING_DOWN, Here
from semblance.gateway.api.multipart import read_form
from semblance.gateway.api.routes.verification import IMAGE_TYPE
from semblance.gateway.api.schemas.takedowns import Takedown, TakedownStatement
from semblance.gateway.domain.provenance import TakedownNotice
from semblance.kernel.errors import Invalid

router = APIRouter(tags=["take-downs"])
_RELATIONS = ("self", "guardian", "representative")
_FIELDS = ("signed_name", "contact", "relation", "statement_version", "confirmed", "reason", "image")
_OPTIONAL = frozenset({"reason", "image", "picture"})
_REFERENCE_BYTES = 18
Reference = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,64}$")]
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [name for name in _FIELDS if name not in _OPTIONAL],
                    "additionalProperties": False,
                    "properties": {
                        "signed_name": {"type": "string", "minLength": 2, "maxLength": 100},
                        "contact": {"type": "string", "minLength": 3, "maxLength": 200},
                        "relation": {"type": "string", "enum": list(_RELATIONS)},
                        "statement_version": {"type": "string", "maxLength": 20},
                        "confirmed": {"type": "string", "enum": ["true"]},
                        "reason": {"type": "string", "maxLength": 2000},
                        "image": {
                            "type": "string",
                            "maxLength": 500,
                            "description": "A link, an image id or a manifest id, where no picture is sent.",
                        },
                        "picture": {"type": "string", "format": "binary"},
                    },
                },
                "encoding": {"picture": {"contentType": "image/png, image/jpeg, image/webp"}},
            }
        },
    }
}


async def _notice(request: Request) -> TakedownNotice:
    """The form. Raises Invalid and 415."""
    form = await read_form(request, fields=frozenset(_FIELDS), file="picture", max_files=1, optional=_OPTIONAL)
    said = form.fields
    if said["relation"] not in _RELATIONS:
        raise Invalid("relation is self, guardian or representative", code="malformed-form")
    if said["confirmed"] != "true":
        raise Invalid("the statement has to be confirmed", remedy='Send confirmed="true".', code="invalid-takedown")
    part = form.files["picture"][0] if "picture" in form.files else None
    if part is not None and not IMAGE_TYPE.fullmatch(part.content_type):
        raise HTTPException(415)
    if part is None and not said.get("image", "").strip():
        raise Invalid("send the picture, a link to it, or its id", code="invalid-takedown")
    return TakedownNotice(
        signed_name=said["signed_name"],
        contact=said["contact"],
        relation=said["relation"],
        reason=said.get("reason", "").replace("\r\n", "\n"),
        statement_version=said["statement_version"],
        image=said.get("image", ""),
        picture=part.data if part else b"",
    )


@router.get("/v1/takedown-statement", dependencies=[ANYBODY])
def get_statement(here: Here) -> TakedownStatement:
    """What a notice is signed under."""
    return TakedownStatement.of(here.gate.takedowns.statement())


@router.post("/v1/takedowns", status_code=201, dependencies=[TAKING_DOWN, READS_MULTIPART], openapi_extra=_FORM)
def submit_takedown(here: Here, notice: Annotated[Any, Depends(_notice)]) -> Takedown:
    """Ask for a picture to go. The picture is compared with what is published here and not kept.

    Name and contact are sealed, for operators only, and destroyed some months after the decision. There is no
    Idempotency-Key: the reference would have to be stored.
    """
    return Takedown.of(here.gate.takedowns.submit(secrets.token_urlsafe(_REFERENCE_BYTES), notice))


@router.get("/v1/takedowns/{reference}", dependencies=[ANYBODY])
def get_takedown(here: Here, reference: Reference) -> Takedown:
    """How a notice stands, for whoever has its reference."""
    return Takedown.of(here.gate.takedowns.receipt(reference))
