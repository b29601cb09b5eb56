"""Jobs and their events; erasures and their receipts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from semblance.gateway.api.admission import ANYBODY, GUESSING, READS_JSON, Here, Proven, Reader
from semblance.gateway.api.events import EventStream
from semblance.gateway.api.paging import After, Limit, inner_of
from semblance.gateway.api.routes.consents import PathId
from semblance.gateway.api.schemas.accounts import ErasureWish, JwkSet
from semblance.gateway.api.schemas.jobs import Erasure, Job
from semblance.gateway.api.schemas.model import Listed, listed
from semblance.gateway.handlers import erasure, jobs
from semblance.kernel.errors import Invalid

router = APIRouter()
_SEQUENCE_MAX = 2**31 - 1


@router.get("/v1/jobs", tags=["jobs"])
def list_jobs(caller: Reader, here: Here, after: After = None, limit: Limit = 20) -> Listed[Job]:
    """Photos, adapters and images on their way or done, newest first."""
    return listed(Job, jobs.list_jobs(here.gate, caller.subject_id, after=inner_of(after), limit=limit))


@router.get("/v1/jobs/{job_id}", tags=["jobs"])
def get_job(caller: Reader, here: Here, job_id: PathId) -> Job:
    """One job."""
    return Job.of(jobs.get_job(here.gate, caller.subject_id, job_id))


@router.get(
    "/v1/jobs/{job_id}/events",
    tags=["jobs"],
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events; the data of each is a JobEvent.",
            "content": {"text/event-stream": {}},
        },
        204: {"description": "The job has ended and every event of it was already received."},
    },
)
async def follow_job(
    caller: Reader, here: Here, job_id: PathId, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Follow a job: events `state` and `progress`, numbered. Resume with Last-Event-ID, also on another replica."""
    return await EventStream.open(here, caller, job_id, _sequence(last_event_id))


@router.post("/v1/erasures", tags=["erasures"], status_code=202, dependencies=[GUESSING])
def request_erasure(
    here: Here, proof: Proven, _json: Annotated[None, READS_JSON], wish: ErasureWish | None = None
) -> Erasure:
    """Be forgotten everywhere. The account answers 410 from now on; asking again gives the same erasure.

    A token is not enough: the account's password comes with it (401 `password-needed`, `wrong-password`), or, from an
    identity provider, a sign-in of the last minutes by the person's own client (401 `sign-in-too-old`, 403
    `not-own-sign-in`).
    """
    begun = erasure.request_erasure(
        here.gate,
        proof,
        wish.password if wish else "",
        guesses=here.policies["guess"],
        within_s=here.settings.recent_sign_in_s,
    )
    return Erasure.of(begun)


@router.get("/v1/erasures/{erasure_id}", tags=["erasures"], dependencies=[ANYBODY])
def get_erasure(here: Here, proof: Proven, erasure_id: PathId) -> Erasure:
    """How far the erasure is; works with the erased account's token too."""
    return Erasure.of(erasure.get_erasure(here.gate, proof.login, erasure_id))


@router.get(
    "/v1/erasures/{erasure_id}/receipt",
    tags=["erasures"],
    dependencies=[ANYBODY],
    response_class=Response,
    responses={200: {"description": "A compact JWS (RFC 7515).", "content": {"application/jose": {}}}},
)
def get_receipt(here: Here, proof: Proven, erasure_id: PathId) -> Response:
    """The signed receipt: every store with its count."""
    return Response(erasure.receipt(here.gate, proof.login, erasure_id), media_type="application/jose")


@router.get("/.well-known/receipt-keys.json", tags=["erasures"], dependencies=[ANYBODY])
def receipt_keys(here: Here) -> JwkSet:
    """The public keys that receipts are signed with: anybody may check one."""
    return JwkSet.model_validate_json(here.gate.identity.receipt_keys())


def _sequence(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if not last_event_id.isascii() or not last_event_id.isdigit() or int(last_event_id[:12]) > _SEQUENCE_MAX:
        raise Invalid(
            "Last-Event-ID is not one of this stream's", remedy="Leave it out to start over.", code="malformed-event-id"
        )
    return int(last_event_id[:12])
