"""Request bodies before anything parses them: size by route, JSON nesting, and how many large ones are in memory."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from semblance.gateway.api.admission import counted_address
from semblance.gateway.domain.errors import Busy, TooManyUploads
from semblance.kernel.units import KIB, MIB
from semblance.service_kit.problems import problem, problem_of, problem_of_status

JSON_LIMIT_BYTES = 64 * KIB
PHOTO_LIMIT_BYTES = 25 * MIB
CAPTURE_LIMIT_BYTES = 16 * MIB
PROTECTION_LIMIT_BYTES = 15 * MIB  # three photos of 5
FORM_OVERHEAD_BYTES = 64 * KIB  # boundaries and part headers around the file itself
JSON_DEPTH_MAX = 16
_LARGER = (
    (re.compile(r"/v1/(photos|verify|takedowns|c2pa/matches/byContent)"), PHOTO_LIMIT_BYTES + FORM_OVERHEAD_BYTES),
    (re.compile(r"/v1/protected-faces"), PROTECTION_LIMIT_BYTES + FORM_OVERHEAD_BYTES),
    (re.compile(r"/v1/capture-sessions/[^/]+/capture"), CAPTURE_LIMIT_BYTES + FORM_OVERHEAD_BYTES),
)


def limit_of(method: str, path: str) -> int:
    """The largest body that the path reads. What lists or removes things brings none, whatever else the path takes: it
    must not wait for a place among those who send files."""
    if method != "POST":
        return JSON_LIMIT_BYTES
    return next((limit for pattern, limit in _LARGER if pattern.fullmatch(path)), JSON_LIMIT_BYTES)


class _TooSlow(HTTPException):
    def __init__(self) -> None:
        super().__init__(408, headers={"Connection": "close"})


class Bodies:
    """A plain ASGI middleware. `large_at_once`: bodies over 64 KiB that may be read at the same time, at most
    `large_per_address` of them from one address; whoever takes longer than `within_s` to send a body of any size gets
    408, so that slow senders keep out nobody and hold no connection for ever."""

    def __init__(self, app: ASGIApp, *, large_at_once: int, large_per_address: int, within_s: float) -> None:
        self._app = app
        self._free = large_at_once
        self._per_address = large_per_address
        self._sending: Counter[str] = Counter()
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, limit_bytes = Headers(scope=scope), limit_of(scope["method"], scope["path"])
        receive = _in_time(receive, self._within_s)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:18]) > limit_bytes:
            await _refuse(limit_bytes, scope, receive, send)
        elif headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
            try:
                await self._json(scope, receive, send)
            except _TooSlow as slow:  # here nobody else would answer it
                await problem_of_status(slow.status_code, scope["path"], slow.headers)(scope, receive, send)
        elif limit_bytes > JSON_LIMIT_BYTES:
            await self._large(scope, _counted(receive, limit_bytes), send)
        else:
            await self._app(scope, _counted(receive, limit_bytes), send)

    async def _large(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = counted_address(scope["client"][0]) if scope.get("client") else "unknown"
        if self._sending[address] >= self._per_address:
            await problem_of(TooManyUploads(), scope["path"])(scope, receive, send)
            return
        if self._free == 0:
            await problem_of(Busy(), scope["path"])(scope, receive, send)
            return
        self._free -= 1
        self._sending[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free += 1
            self._sending[address] -= 1
            if not self._sending[address]:
                del self._sending[address]

    async def _json(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the body until it is whole and measure its nesting."""
        held: list[Message] = []
        body = b""
        while True:
            message = await receive()
            held.append(message)
            body += message.get("body", b"")
            if len(body) > JSON_LIMIT_BYTES:
                await _refuse(JSON_LIMIT_BYTES, scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        if json_depth(body) > JSON_DEPTH_MAX:
            detail = f"the JSON is nested more than {JSON_DEPTH_MAX} deep"
            remedy = "Send the fields that /docs names; none is nested."
            await problem(422, "json-too-deep", detail, instance=scope["path"], remedy=remedy)(scope, receive, send)
            return
        held.reverse()

        async def receive_held() -> Message:
            return held.pop() if held else await receive()

        await self._app(scope, receive_held, send)


def json_depth(body: bytes) -> int:
    """The deepest nesting of brackets outside strings, or a bound on it; a first look that needs no parser."""
    if body.count(b"[") + body.count(b"{") <= JSON_DEPTH_MAX:
        return body.count(b"[") + body.count(b"{")  # an upper bound, and enough
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _counted(receive: Receive, limit_bytes: int) -> Receive:
    """`receive`, raising 413 into whoever reads past the limit."""
    received_bytes = 0

    async def receive_counted() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > limit_bytes:
            raise HTTPException(413)
        return message

    return receive_counted


def _in_time(receive: Receive, within_s: float) -> Receive:
    """`receive`, raising 408 into whoever still reads the body after so long; what comes after it may take its time."""
    end_s = asyncio.get_running_loop().time() + within_s
    whole = False

    async def receive_in_time() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(end_s):
                message = await receive()
        except TimeoutError as error:
            raise _TooSlow from error
        whole = not message.get("more_body", False)
        return message

    return receive_in_time


async def _refuse(limit_bytes: int, scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"a body may hold {limit_bytes} bytes here"
    headers = {"Connection": "close"}
    answer = problem(
        413, "body-too-large", detail, instance=scope["path"], remedy="Send a smaller body.", headers=headers
    )
    await answer(scope, receive, send)
