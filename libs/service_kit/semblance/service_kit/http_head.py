"""How long a request's line, headers and trailers may be. httptools, which uvicorn reads HTTP with, has no end of its
own: it held 64 MiB of one header before anything of ours was asked."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from semblance.kernel.units import KIB

HEAD_LIMIT_BYTES: Final = 64 * KIB  # what uvicorn allows where it reads with h11
_PROBLEM: Final = json.dumps(
    {
        "type": "https://semblance.example/problems/headers-too-large",
        "title": "headers-too-large",
        "status": 431,
        "detail": f"a request's line and headers have at most {HEAD_LIMIT_BYTES} bytes",
        "code": "headers-too-large",
        "remedy": "Send fewer or shorter headers.",
    }
).encode()
_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n" % len(_PROBLEM)
) + _PROBLEM


class LimitedHead(HttpToolsProtocol):
    """Counts what came since anything came of it: a whole head, a piece of a body, the end of a request. Over the limit
    it answers 431 and hangs up; behind a body, where endless trailers would come, it only hangs up. What comes at once,
    some 256 KiB, is read before it is counted. Whoever has not sent a whole head `within_s` after connecting, or after
    beginning another one, is hung up on: a connection that says nothing is one that somebody else cannot have."""

    within_s = 15.0
    _in_head = True
    _loose_bytes = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """The transport's."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport's."""
        self._await_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The transport's."""
        if self.transport.is_closing():
            return
        self._loose_bytes += len(data)
        super().data_received(data)
        if self._loose_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
            if self._in_head:
                self.transport.write(_REFUSAL)
            self.transport.close()
        elif self._in_head and self._loose_bytes:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The parser's."""
        self._in_head, self._loose_bytes = False, 0
        self._await_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._loose_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser's."""
        self._in_head, self._loose_bytes = True, 0
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.within_s, self.transport.close)

    def _await_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
