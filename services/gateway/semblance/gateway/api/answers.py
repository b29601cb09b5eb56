"""Answers to creates: run once per Idempotency-Key, sent as first sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import BaseModel

from semblance.gateway.api.front import Front
from semblance.gateway.domain.account import Caller
from semblance.gateway.domain.idempotency import Answer, parse_key
from semblance.gateway.handlers.accounts import subject_digest
from semblance.gateway.handlers.idempotency import once

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="1 to 255 visible characters, such as a UUID. For 24 hours the same key with the same request "
        "gets the stored answer (with `Idempotency-Replayed: true`) and has no second effect.",
        examples=["0b6d3c1e-6a59-4f5b-9c8f-4a5f0f7f6f3e"],
    ),
]
_ANONYMOUS = "anonymous"


def create_once(  # noqa: PLR0917 - read at its ten calls like a sentence: who asks what, under which key
    request: Request,
    here: Front,
    caller: Caller | None,
    key: str | None,
    body: BaseModel | dict[str, Any],
    act: Callable[[str], BaseModel],
    *,
    status: int = 201,
    location: str = "",
) -> Response:
    """Answer with what `act` makes; `location` is a path with {id}, filled from the resource id that `act` got.

    Raises what idempotency.once raises.
    """
    payload = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    pepper = here.gate.pepper
    scope = subject_digest(here.gate, caller.subject_id) if caller else pepper.digest(_ANONYMOUS)

    def answer(resource_id: str) -> Answer:
        made = act(resource_id)
        headers = [("Content-Type", "application/json")]
        if location:
            headers.append(("Location", location.format(id=getattr(made, "id", resource_id))))
        return Answer(status, tuple(headers), made.model_dump_json().encode())

    stored, replayed = once(
        here.gate,
        scope=scope,
        key=None if key is None else parse_key(key),
        fingerprint=pepper.digest("request", request.method, request.url.path, canonical),
        act=answer,
    )
    response = Response(stored.body, stored.status, dict(stored.headers))
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
