"""How a call leaves: a port with one adapter on the standard library here and one on Locust in locustfile.py."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

NO_ANSWER = 0


@dataclass(frozen=True)
class Request:
    """`route` is the path's template, by which calls are counted."""

    method: str
    path: str
    route: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Answer:
    """`status` NO_ANSWER: the connection failed. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read. Raises ValueError."""
        return json.loads(self.body)


class Door(Protocol):
    """Never raises for a failed connection: that is an answer too."""

    def send(self, request: Request) -> Answer: ...

    def lines(self, request: Request) -> Iterator[str]:
        """A stream's lines as they come, ending with the stream however it ends; the first one is the status."""
        ...


class PlainDoor:
    """One connection a call, by the standard library; cooperative where gevent has patched it. SSL_CERT_FILE names a
    CA of one's own."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a gateway")
        self._parts = parts
        # Once: it reads all certificates that there are.
        self._context = ssl.create_default_context() if parts.scheme == "https" else None

    def send(self, request: Request) -> Answer:
        """The whole answer."""
        connection = self._connect(request)
        try:
            found = self._ask(connection, request)
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        except (OSError, http.client.HTTPException):
            return Answer(NO_ANSWER, {}, b"")
        finally:
            connection.close()

    def lines(self, request: Request) -> Iterator[str]:
        """See Door."""
        connection = self._connect(request)
        try:
            found = self._ask(connection, request)
            yield str(found.status)
            while found.status == http.client.OK and (line := found.readline()):
                yield line.decode("utf-8", "replace").rstrip("\r\n")
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def _connect(self, request: Request) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=request.timeout_s)
        return http.client.HTTPSConnection(host, port, timeout=request.timeout_s, context=self._context)

    def _ask(self, connection: http.client.HTTPConnection, request: Request) -> http.client.HTTPResponse:
        connection.request(request.method, self._parts.path + request.path, request.body, dict(request.headers))
        return connection.getresponse()


def whole(found: Any) -> Answer:
    """Of Locust's response, asked for with `catch_response`. Locust gives back what came of an answer that was cut off,
    under its status; that is none. Its own error bears a response if the answer is a whole 4xx or 5xx."""
    wrong = found.request_meta["exception"]
    if wrong is not None and not hasattr(wrong, "response"):
        return Answer(NO_ANSWER, {}, b"")
    return Answer(found.status_code, {k.lower(): v for k, v in found.headers.items()}, found.content or b"")


def form(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """(body, content type) of a sign-in."""
    return urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"


def multipart(fields: Mapping[str, str], files: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """(body, content type); `files`: (name of the field, content type, bytes). Source: RFC 7578."""
    edge = secrets.token_hex(16)
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, content_type, data in files:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="file"\r\n'
        parts.append(head.encode() + f"Content-Type: {content_type}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
