"""Headers on every answer: what a browser may not do with it, and what is left of the rate limit."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# The documentation page runs its own script and style, from here and nowhere else.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
# A page of ours runs its own files and nothing inline; a picture that was picked is shown from memory.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_POLICIES = {"/docs": _DOCS_POLICY, "/verify": _PAGE_POLICY, "/takedown": _PAGE_POLICY, "/me": _PAGE_POLICY}
_CAMERA_PAGE = "/me"  # opting in needs the camera; nothing else does


class SecurityHeaders:
    """A plain ASGI middleware, so that streams stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"] == _CAMERA_PAGE:
                    headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
                for name, value in _EVERYWHERE.items():
                    headers.setdefault(name, value)
                if scope["path"] in _POLICIES:
                    headers["Content-Security-Policy"] = _POLICIES[scope["path"]]
                policy, left = scope.get("state", {}).get("rate_limit", ("", ""))
                if policy:
                    headers["RateLimit-Policy"] = policy
                    headers["RateLimit"] = left
            await send(message)

        await self._app(scope, receive, send_with_headers)
