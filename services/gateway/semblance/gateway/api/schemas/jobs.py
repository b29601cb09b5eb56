"""Jobs, their events, and erasures."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import ConfigDict

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_TIME, Answered, example


class Progress(Answered):
    phase: str
    step: int
    steps: int


class Job(Answered):
    """A photo, adapter or image on its way; a job's id is that thing's id. `ended`: nothing more will be made. An image
    that is `in_review` waits for a person to decide whether it may be seen, which can take a day."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            kind="image",
            state="running",
            ended=False,
            reason_codes=[],
            progress={"phase": "rendering", "step": 4, "steps": 20},
            created_at=EXAMPLE_TIME,
            updated_at=EXAMPLE_TIME,
        )
    )

    id: str
    kind: Literal["photo", "adapter", "image"]
    state: str
    ended: bool
    reason_codes: list[str]
    progress: Progress | None
    created_at: dt.datetime
    updated_at: dt.datetime


class JobEvent(Answered):
    """The data of a server-sent event; its id is `sequence`, its name is `type`."""

    job_id: str
    sequence: int
    type: Literal["state", "progress"]
    state: str
    ended: bool
    reason_codes: list[str]
    progress: Progress | None
    at: dt.datetime


class ErasedStore(Answered):
    service: str
    store: str
    count: int


class Erasure(Answered):
    """`state`: running or completed; `waiting_for` names services. The receipt is a compact JWS (RFC 7515)."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=EXAMPLE_ID,
            state="completed",
            requested_at=EXAMPLE_TIME,
            completed_at=EXAMPLE_TIME,
            stores=[{"service": "ingest", "store": "objects:photos", "count": 14}],
            waiting_for=[],
            receipt_jws="eyJhbGciOiJFZERTQSJ9.e30.c2ln",
        )
    )

    id: str
    state: str
    requested_at: dt.datetime | None
    completed_at: dt.datetime | None
    stores: list[ErasedStore]
    waiting_for: list[str]
    receipt_jws: str


class Problem(Answered):
    """RFC 9457. `type` is stable and ends in `code`; `remedy` says what to do next."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="https://semblance.example/problems/consent-revoked",
            title="consent revoked",
            status=403,
            detail=f"consent {EXAMPLE_ID} has been withdrawn",
            code="consent-revoked",
            remedy="Ask the person for a new consent.",
            instance="/v1/images",
        )
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str = ""
    instance: str = ""
    errors: list[dict[str, str]] | None = None
