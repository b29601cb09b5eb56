"""HTTP apps: problems as RFC 9457, request ids, body limits, traces, health."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from semblance.kernel.errors import SemblanceError
from semblance.kernel.units import MIB
from semblance.service_kit.http_edge import HttpEdge
from semblance.service_kit.problems import problem, problem_of, problem_of_status, validation_problem

__all__ = ["Check", "create_app", "problem"]


@dataclass(frozen=True)
class Check:
    """What must hold for the process to be ready; `fn` raises a SemblanceError or OSError when it does not."""

    name: str
    fn: Callable[[], object]


def create_app(
    title: str,
    version: str,
    *,
    checks: Sequence[Check] = (),
    body_limit_bytes: int = 32 * MIB,
    body_limits: dict[str, int] | None = None,
    lifespan: Lifespan[FastAPI] | None = None,
    docs: bool = True,
    **fastapi: Any,
) -> FastAPI:
    """A FastAPI app with the platform's edge. `body_limits` gives paths (exact) a limit of their own.

    `app.state.checks` may be extended later: runtime adds the process's own.
    """
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url="/docs" if docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        # HttpEdge says what we want known of a request; FastAPI's own spans would name every health check.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        **fastapi,
    )
    app.state.checks = list(checks)
    app.add_middleware(HttpEdge, limit_bytes=body_limit_bytes, limits=body_limits or {})
    app.add_exception_handler(SemblanceError, _semblance_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_api_route("/healthz", _healthz, include_in_schema=False)
    app.add_api_route("/readyz", _readyz, include_in_schema=False)
    return app


def _healthz() -> dict[str, str]:
    return {"status": "alive"}


def _readyz(request: Request) -> JSONResponse:
    """503 with the failing checks' names and codes; never their texts, which may name hosts."""
    failed: dict[str, str] = {}
    for check in request.app.state.checks:
        try:
            check.fn()
        except SemblanceError as error:
            failed[check.name] = error.code
        except OSError as error:
            failed[check.name] = type(error).__name__
    names = [check.name for check in request.app.state.checks]
    body = {"status": "unready" if failed else "ready", "checks": {n: failed.get(n, "ok") for n in names}}
    return JSONResponse(body, status_code=503 if failed else 200)


def _semblance_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SemblanceError)
    return problem_of(error, request.url.path)


def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return validation_problem(error, request.url.path)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem_of_status(error.status_code, request.url.path, dict(error.headers or {}))
