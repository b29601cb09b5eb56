"""Pages for people: plain files beside this package, no framework, no CDN."""

from __future__ import annotations

from importlib import resources
from typing import Any

from fastapi import FastAPI, Response

_SCRIPT = "text/javascript; charset=utf-8"
_ME = (
    "api",
    "camera",
    "dom",
    "entering",
    "filming",
    "given",
    "inbox",
    "library",
    "page",
    "pictures",
    "proving",
    "screen",
    "sharing",
    "signed_in",
    "signing",
    "together",
    "waiting",
    "words",
)
# Path -> (file, type). The policies in headers.py let a page run its own files and nothing else.
_FILES = {
    "/verify": ("verify.html", "text/html; charset=utf-8"),
    "/verify/page.js": ("verify.js", _SCRIPT),
    "/verify/page.css": ("verify.css", "text/css; charset=utf-8"),
    "/takedown": ("takedown.html", "text/html; charset=utf-8"),
    "/takedown/page.js": ("takedown.js", _SCRIPT),
    "/me": ("me/me.html", "text/html; charset=utf-8"),
    "/me/icon.svg": ("me/icon.svg", "image/svg+xml"),
    "/me/page.css": ("me/me.css", "text/css; charset=utf-8"),
    **{f"/me/{name}.js": (f"me/{name}.js", _SCRIPT) for name in _ME},
}


def add_pages(app: FastAPI) -> None:
    """Serve them."""
    for path, (name, media_type) in _FILES.items():
        app.add_api_route(path, _file(name, media_type), include_in_schema=False)


def _file(name: str, media_type: str) -> Any:
    data = resources.files("semblance.gateway").joinpath("pages", name).read_bytes()

    def serve() -> Response:
        return Response(data, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return serve
