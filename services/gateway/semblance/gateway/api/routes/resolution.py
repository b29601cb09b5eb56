"""C2PA's Soft Binding Resolution API, version 2.2, under /v1/c2pa: anybody may ask.

Source: https://spec.c2pa.org/specifications/specifications/2.2/softbinding/Decoupled.html. Of its statuses 400 (a query
that means nothing), 404 and 415 are answered as problem documents like everywhere here; scores are whole numbers 0-100.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from semblance.gateway.api.admission import ANYBODY, READS_JSON, VERIFYING, Here
from semblance.gateway.api.routes.verification import IMAGE_TYPE
from semblance.gateway.api.schemas.verification import (
    BindingAlgorithm,
    BindingAlgorithmList,
    BindingMatch,
    BindingQuery,
    BindingQueryResult,
)
from semblance.gateway.domain.errors import MeaninglessQuery
from semblance.gateway.domain.jumbf import active_manifest_only
from semblance.gateway.domain.provenance import ManifestMatch
from semblance.kernel.errors import Invalid

router = APIRouter(prefix="/v1/c2pa", tags=["c2pa"])
_MOST = 100
_UNSUPPORTED = frozenset({"unsupported-picture"})
MaxResults = Annotated[int, Query(ge=1, description=f"At most {_MOST} are given.")]
Algorithm = Annotated[str, Query(min_length=1, max_length=100)]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/png", "image/jpeg", "image/webp")
        },
    }
}


@router.get("/matches/byBinding", dependencies=[ANYBODY])
def match_binding(
    here: Here,
    alg: Algorithm,
    value: Annotated[str, Query(min_length=1, max_length=1000, description="Base64.")],
    maxResults: MaxResults = 10,
) -> BindingQueryResult:
    """Manifest identifiers by a soft binding's value."""
    return _by_binding(here, alg, value, maxResults)


@router.post("/matches/byBinding", dependencies=[ANYBODY])
def match_large_binding(
    here: Here,
    _json: Annotated[None, READS_JSON],
    body: BindingQuery,
    maxResults: MaxResults = 10,
) -> BindingQueryResult:
    """The same for values that do not fit a URL."""
    return _by_binding(here, body.alg, body.value, maxResults)


async def _image(request: Request) -> tuple[str, bytes]:
    """(content type, bytes) of a body that is the picture itself. Raises 415."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not IMAGE_TYPE.fullmatch(content_type):
        raise HTTPException(415)
    return content_type, await request.body()


@router.post("/matches/byContent", dependencies=[VERIFYING], openapi_extra=_BODY)
def match_content(
    *,
    here: Here,
    picture: Annotated[tuple[str, bytes], Depends(_image)],
    alg: Annotated[str, Query(max_length=100, description="One algorithm; all where it is left out.")] = "",
    maxResults: MaxResults = 10,
    hintAlg: Annotated[str, Query(max_length=100)] = "",
    hintValue: Annotated[str, Query(max_length=1000)] = "",
) -> BindingQueryResult:
    """Manifest identifiers by a picture; a hint is one more binding to look by. Nothing is kept."""
    content_type, data = picture
    limit = min(maxResults, _MOST)
    try:
        found = list(here.gate.resolution.by_content(content_type, data, algorithm=alg, limit=limit))
    except Invalid as error:
        if error.code in _UNSUPPORTED:
            raise HTTPException(415) from error
        raise MeaninglessQuery(error) from error
    if hintAlg and hintValue:
        found += _matches(here, hintAlg, hintValue, limit)
    return _result(sorted(found, key=lambda match: -match.similarity_score), limit)


@router.get(
    "/manifests/{manifest_id}",
    dependencies=[ANYBODY],
    response_class=Response,
    responses={200: {"description": "The manifest store, as it was signed.", "content": {"application/c2pa": {}}}},
)
def get_manifest(
    here: Here,
    manifest_id: Annotated[str, Path(max_length=100, pattern=r"^[a-zA-Z0-9:._-]+$")],
    returnActiveManifest: bool = False,
) -> Response:
    """A manifest store by the identifier of its active manifest; or a store with that manifest alone."""
    store = here.gate.resolution.store(manifest_id)
    data = active_manifest_only(store) if returnActiveManifest else store
    return Response(data, media_type="application/c2pa", headers={"Cache-Control": "no-cache"})


@router.get("/services/supportedAlgorithms", dependencies=[ANYBODY])
def supported_algorithms(here: Here) -> BindingAlgorithmList:
    """What can be asked by."""
    known = here.gate.resolution.algorithms()
    return BindingAlgorithmList(
        watermarks=[BindingAlgorithm(alg=name) for name in known.watermarks],
        fingerprints=[BindingAlgorithm(alg=name) for name in known.fingerprints],
    )


def _by_binding(here: Here, algorithm: str, value: str, max_results: int) -> BindingQueryResult:
    limit = min(max_results, _MOST)
    return _result(_matches(here, algorithm, value, limit), limit)


def _matches(here: Here, algorithm: str, value: str, limit: int) -> list[ManifestMatch]:
    try:
        # A "+" of standard base64 is a blank once a form-decoding client has left it bare in a URL.
        raw = base64.b64decode(value.translate({0x20: "+", 0x2D: "+", 0x5F: "/"}), validate=True)
        return list(here.gate.resolution.by_binding(algorithm, raw, limit))
    except (binascii.Error, ValueError) as error:
        raise MeaninglessQuery(Invalid("the value is not base64", code="invalid-binding")) from error
    except Invalid as error:
        raise MeaninglessQuery(error) from error


def _result(found: list[ManifestMatch], limit: int) -> BindingQueryResult:
    best: dict[str, ManifestMatch] = {}
    for match in found:
        best.setdefault(match.manifest_id, match)
    return BindingQueryResult(
        matches=[
            BindingMatch(manifestId=match.manifest_id, similarityScore=match.similarity_score)
            for match in list(best.values())[:limit]
        ]
    )
