"""What every HTTP request passes: request id, span, body limit, duration, and the last catch.

A plain ASGI middleware, so that streams stream.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping

from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semblance.kernel.ids import new_id
from semblance.service_kit import metrics
from semblance.service_kit.problems import problem, problem_of_status
from semblance.service_kit.tracing import context_of, tracer

_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SILENT = frozenset({"/healthz", "/readyz"})


class HttpEdge:
    """Wraps an ASGI app. limit_bytes: the largest body; `limits` by exact path overrides it."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; websockets and the lifespan pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._limits.get(scope["path"], self._limit_bytes))
        if scope["path"] in _SILENT:
            await exchange.run(self._app)
            return
        started_s = time.monotonic()
        parent = context_of(exchange.headers.get("traceparent"))
        with tracer().start_as_current_span(scope["method"], context=parent, kind=SpanKind.SERVER) as span:
            await exchange.run(self._app)
            route = getattr(scope.get("route"), "path", "unmatched")
            span.update_name(f"{scope['method']} {route}")
            span.set_attributes({"http.request.method": scope["method"], "http.route": route})
            span.set_attribute("http.response.status_code", exchange.status)
            span.set_attribute("semblance.request_id", exchange.request_id)
            if exchange.status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            duration_s = time.monotonic() - started_s
            metrics.http_served(scope["method"], route, exchange.status, duration_s)
            fields = {"method": scope["method"], "route": route, "status": exchange.status}
            more = {"duration_s": round(duration_s, 4), "request_id": exchange.request_id}
            _log.info("request", extra={**fields, **more})


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit_bytes: int) -> None:
        self.headers = Headers(scope=scope)
        self.status = 500
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else new_id()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit_bytes = limit_bytes
        self._received_bytes = 0
        self._started = False
        self._replaced = False
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def run(self, app: ASGIApp) -> None:
        length = self.headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limit_bytes:
            await self._refuse()
            return
        try:
            await app(self._scope, self._receive_limited, self._send_marked)
        except Exception as error:
            _log.error("request failed", exc_info=error, extra={"request_id": self.request_id})
            if self._started:
                raise
            await problem_of_status(500, self._scope["path"])(self._scope, self._receive, self._send_marked)

    async def _receive_limited(self) -> Message:
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._limit_bytes:
            if not self._started:
                await self._refuse()
            return {"type": "http.disconnect"}
        return message

    async def _refuse(self) -> None:
        response = problem(
            413,
            "body-too-large",
            f"a body may hold {self._limit_bytes} bytes here",
            instance=self._scope["path"],
            remedy="Send a smaller body.",
            headers={"Connection": "close"},
        )
        await response(self._scope, self._receive, self._send_marked)
        self._replaced = True

    async def _send_marked(self, message: Message) -> None:
        if self._replaced:
            return  # the app answers a request that was already refused
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)
