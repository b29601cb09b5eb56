"""/openapi.json and /docs; the page's script and style are served from here, not from a CDN."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from semblance.gateway.api.schemas.jobs import JobEvent, Problem

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_SAYINGS = {
    "400": "The body cannot be read, or the query means nothing.",
    "401": "No token, or one that does not hold.",
    "403": "No consent covers this, or it was withdrawn.",
    "404": "Nothing here by that id, or it is somebody else's.",
    "408": "The body took too long to arrive.",
    "409": "It contradicts the present state, or the Idempotency-Key was used.",
    "410": "The account has been erased.",
    "413": "The body is too large.",
    "415": "The Content-Type is not what this route reads.",
    "422": "A field breaks a rule; `errors` says which.",
    "429": "A rate limit was reached; come back after Retry-After seconds.",
    "500": "A bug.",
    "503": "A part that is needed does not answer; try again.",
}


def add_docs(app: FastAPI) -> None:
    """Serve the document and the page."""
    app.add_api_route("/openapi.json", serve_document, include_in_schema=False)
    app.add_api_route("/docs", serve_page, include_in_schema=False)
    for name in _ASSETS:
        app.add_api_route(f"/docs/{name}", _asset(name), include_in_schema=False)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign] # FastAPI's documented way


# FastAPI remembers every route's function for as long as the process lives: those that hold an app would keep it.
def serve_document(request: Request) -> JSONResponse:
    """What the app of this request answers to."""
    return JSONResponse(request.app.openapi())


def serve_page(request: Request) -> HTMLResponse:
    """The same, to be read and tried."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=request.app.title,
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon.png",
    )


@functools.cache
def _asset(name: str) -> Callable[[], Response]:
    data = resources.files("fastapi_offline").joinpath("static", name).read_bytes()

    def serve() -> Response:
        return Response(data, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})

    return serve


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, servers=[{"url": "/"}]
        )
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for model in (Problem, JobEvent):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
            for name, definition in schema.pop("$defs", {}).items():
                schemas.setdefault(name, definition)
            schemas[model.__name__] = schema
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_problems(operation, names_a_thing="{" in path)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(operation: dict[str, Any], *, names_a_thing: bool) -> None:
    """Every way an operation can be refused, as the same problem document."""
    codes = {"422", "429", "500", "503"}
    if names_a_thing:
        codes |= {"404"}
    if "c2pa" in operation.get("tags", []):
        codes |= {"400"}
    if operation.get("security"):
        codes |= {"401", "403", "404", "409", "410"}
    if "requestBody" in operation:
        codes |= {"400", "408", "409", "413", "415"}
    if any(parameter["name"] == "idempotency-key" for parameter in operation.get("parameters", [])):
        codes |= {"403", "409"}
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for code in sorted(codes):
        operation["responses"][code] = {"description": _SAYINGS[code], "content": content}


def document_text(app: FastAPI) -> str:
    """The document as it is committed."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
