"""The public app: the service kit's edge, this service's limits, every route."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware

from semblance.gateway.api.bodies import (
    FORM_OVERHEAD_BYTES,
    PHOTO_LIMIT_BYTES,
    Bodies,
)
from semblance.gateway.api.docs import add_docs
from semblance.gateway.api.front import Front
from semblance.gateway.api.headers import SecurityHeaders
from semblance.gateway.api.pages import add_pages
from semblance.gateway.api.routes import (
    accounts,
    audit,
    consents,
    images,
    jobs,
    photos,
    receipts,
    register,
    resolution,
    sessions,
    sharing,
    takedowns,
    verification,
)
from semblance.gateway.domain.errors import MeaninglessQuery
from semblance.service_kit.http import Check, create_app
from semblance.service_kit.problems import problem

VERSION = "1.0.0"
_DESCRIPTION = """Pictures of a person, only with that person's say-so.

Create an account, read the notice and sign the release, pass a capture session, consent; send photos, train an
adapter, ask for images. Errors are RFC 9457 problems with a stable `type` and a `remedy`. Every create takes an
`Idempotency-Key`. Lists are paged by an opaque `after`.
"""


def build_app(front: Front, checks: Sequence[Check] = ()) -> FastAPI:
    """The app over `front`; nothing is global, so a process may hold several."""
    app = create_app(
        "Semblance",
        VERSION,
        checks=checks,
        body_limit_bytes=PHOTO_LIMIT_BYTES + FORM_OVERHEAD_BYTES,
        docs=False,
        description=_DESCRIPTION,
    )
    app.state.front = front
    # Innermost, so that what it refuses has a request id and is counted like any answer.
    settings = front.settings
    app.user_middleware.append(
        Middleware(
            Bodies,
            large_at_once=settings.uploads_at_once,
            large_per_address=settings.uploads_per_address,
            within_s=settings.upload_within_s,
        )
    )
    if front.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(front.settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Removal-Code"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(MeaninglessQuery, _meaningless)
    for routes in (
        accounts,
        consents,
        photos,
        images,
        jobs,
        audit,
        receipts,
        register,
        sessions,
        sharing,
        verification,
        resolution,
        takedowns,
    ):
        app.include_router(routes.router)
    add_docs(app)
    add_pages(app)
    return app


def _meaningless(request: Request, error: Exception) -> Response:
    assert isinstance(error, MeaninglessQuery)
    reason = error.reason
    return problem(400, reason.code, reason.detail, instance=request.url.path, remedy=reason.remedy)
