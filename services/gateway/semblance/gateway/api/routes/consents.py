"""Opting in and out: notice, release, capture, consent."""

from __future__ import annotations

import itertools
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from semblance.gateway.api.admission import ANYBODY, READS_JSON, READS_MULTIPART, Here, Reader, Uploader, Writer
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.multipart import read_form
from semblance.gateway.api.paging import After, Limit, cursor, inner_of, page_of
from semblance.gateway.api.schemas.consents import (
    CaptureSession,
    Consent,
    ConsentAnswer,
    ConsentQuestion,
    NewCaptureSession,
    NewConsent,
    NewRelease,
    Notice,
    Release,
)
from semblance.gateway.api.schemas.model import UUID_PATTERN, Listed, printable, purposes_of
from semblance.gateway.domain.things import Frame
from semblance.gateway.handlers import consents, grants
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Invalid

router = APIRouter(tags=["consents"])
PathId = Annotated[str, Path(pattern=UUID_PATTERN, examples=["0198c5b2-7a10-7c3e-9d55-0f6a4be1c001"])]
FRAMES_MAX = 150
CAPTURE_MS_MAX = 60_000
_CAPTURE_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["nonce", "times_ms", "frames"],
                    "additionalProperties": False,
                    "properties": {
                        "nonce": {"type": "string", "minLength": 1, "description": "The session's."},
                        "times_ms": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "A JSON array: milliseconds since the start of each frame, rising.",
                            "example": "[0, 200, 400]",
                        },
                        "frames": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": FRAMES_MAX,
                            "items": {"type": "string", "format": "binary", "contentMediaType": "image/jpeg"},
                        },
                    },
                }
            }
        },
    }
}


@router.get("/v1/notice", dependencies=[ANYBODY])
def get_notice(
    here: Here, language: Annotated[str, Query(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] = "en"
) -> Notice:
    """The notice to read before anything is captured."""
    return Notice.of(here.gate.identity.notice(language))


@router.post("/v1/releases", status_code=201, response_model=Release)
def sign_release(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewRelease,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Sign the written release for the notice that was read."""

    def act(_id: str) -> Release:
        made = here.gate.identity.sign_release(
            caller.subject_id,
            notice_sha256=body.notice_sha256,
            signed_name=body.signed_name,
            adult=body.adult,
            purposes=purposes_of(body.purposes),
        )
        return Release.of(made)

    return create_once(request, here, caller, idempotency_key, body, act)


@router.post("/v1/capture-sessions", status_code=201, response_model=CaptureSession)
def create_session(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewCaptureSession,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Begin a capture: the answer says what to do before the camera."""

    def act(_id: str) -> CaptureSession:
        session = here.gate.identity.create_session(
            caller.subject_id, release_id=body.release_id, device_id=body.device_id
        )
        return CaptureSession.of(session)

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/capture-sessions/{id}")


@router.get("/v1/capture-sessions/{session_id}")
def get_session(caller: Reader, here: Here, session_id: PathId) -> CaptureSession:
    """How the capture stands."""
    return CaptureSession.of(here.gate.identity.session(caller.subject_id, session_id))


async def _capture(request: Request) -> tuple[str, list[Frame]]:
    """(nonce, frames) of the form. Raises Invalid."""
    form = await read_form(request, fields=frozenset({"nonce", "times_ms"}), file="frames", max_files=FRAMES_MAX)
    nonce, parts = form.fields["nonce"], form.files["frames"]
    times = _times(form.fields["times_ms"])
    try:
        printable(nonce)
    except ValueError as e:
        raise _bad_capture("the nonce is not the session's") from e
    if len(times) != len(parts):
        raise _bad_capture(f"{len(times)} times for {len(parts)} frames")
    if any(not part.data.startswith(b"\xff\xd8\xff") for part in parts):
        raise _bad_capture("every frame is a JPEG")
    return nonce, [Frame(at_ms, part.data) for at_ms, part in zip(times, parts, strict=True)]


@router.post(
    "/v1/capture-sessions/{session_id}/capture",
    openapi_extra=_CAPTURE_FORM,
)
def submit_capture(
    caller: Uploader,
    _multipart: Annotated[None, READS_MULTIPART],
    here: Here,
    session_id: PathId,
    capture: Annotated[Any, Depends(_capture)],
) -> CaptureSession:
    """Send the frames of a capture, at most 16 MiB. The session succeeds, or says what to do better."""
    nonce, frames = capture
    session = here.gate.identity.submit_capture(caller.subject_id, session_id, nonce=nonce, frames=frames)
    return CaptureSession.of(session)


@router.post("/v1/consents", status_code=201, response_model=Consent)
def grant_consent(
    caller: Writer,
    _json: Annotated[None, READS_JSON],
    body: NewConsent,
    request: Request,
    here: Here,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Consent to the named purposes on the strength of a capture that succeeded, or of a review that was allowed."""

    def act(_id: str) -> Consent:
        made = consents.grant_consent(
            here.gate,
            caller.subject_id,
            session_id=body.session_id or "",
            review_id=body.review_id or "",
            purposes=purposes_of(body.purposes),
            days=body.days,
        )
        return Consent.at(made, here.gate.clock.now())

    return create_once(request, here, caller, idempotency_key, body, act, location="/v1/consents/{id}")


@router.get("/v1/consents")
def list_consents(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Consent]:
    """Every consent given, newest first, also those withdrawn."""
    page = page_of(here.gate.identity.consents(caller.subject_id), lambda c: c.id, after=inner_of(after), limit=limit)
    now = here.gate.clock.now()
    return Listed[Consent](items=[Consent.at(c, now) for c in page.items], next_after=cursor(page.next_after))


@router.post("/v1/consents/check")
def check_consent(
    caller: Reader, _json: Annotated[None, READS_JSON], body: ConsentQuestion, here: Here
) -> ConsentAnswer:
    """Ask beforehand whether a request would be allowed, and learn every reason against it; nothing happens."""
    if body.grant_id is not None:
        what = Purpose(body.purpose), body.use or ""
        answer = grants.check(here.gate, caller.subject_id, body.grant_id, *what, together=body.together)
        return ConsentAnswer.of(answer)
    answer = consents.check_consent(here.gate, caller.subject_id, body.consent_id or "", Purpose(body.purpose))
    return ConsentAnswer.of(answer)


@router.get("/v1/consents/{consent_id}")
def get_consent(caller: Reader, here: Here, consent_id: PathId) -> Consent:
    """One consent."""
    return Consent.at(here.gate.identity.consent(caller.subject_id, consent_id), here.gate.clock.now())


@router.post("/v1/consents/{consent_id}/revoke")
def revoke_consent(caller: Writer, here: Here, consent_id: PathId) -> Consent:
    """Withdraw a consent. Work in progress stops, adapters made under it are destroyed; doing it twice is harmless."""
    return Consent.at(consents.revoke_consent(here.gate, caller.subject_id, consent_id), here.gate.clock.now())


def _times(text: str) -> list[int]:
    try:
        times = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise _bad_capture("times_ms is not JSON") from e
    if (
        not isinstance(times, list)
        or not all(type(t) is int and 0 <= t <= CAPTURE_MS_MAX for t in times)
        or any(later <= earlier for earlier, later in itertools.pairwise(times))
    ):
        raise _bad_capture(f"times_ms is an array of rising integers from 0 to {CAPTURE_MS_MAX}")
    return times


def _bad_capture(detail: str) -> Invalid:
    return Invalid(detail, remedy="Send one time for each frame, as the capture was made.", code="malformed-capture")
