"""Every answer of a store that went wrong becomes one of ours; a small HTTP server gives the answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from semblance.kernel.errors import Kind
from semblance.objects import (
    BucketMissing,
    MinioStore,
    ObjectNotFound,
    StoreDenied,
    StoreFull,
    StoreUnavailable,
)

_BODY = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message><Resource>/photos/a</Resource></Error>"


class _Answers(BaseHTTPRequestHandler):
    """Says what the server was told to say."""

    def do_GET(self) -> None:
        status, body = self.server.answer  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchKey", ObjectNotFound),
        (404, "NoSuchBucket", BucketMissing),
        (403, "AccessDenied", StoreDenied),
        (403, "SomethingNew", StoreDenied),
        (403, "SignatureDoesNotMatch", StoreDenied),
        (507, "XMinioStorageFull", StoreFull),
        (507, "SomethingNew", StoreFull),
        (400, "QuotaExceeded", StoreFull),
        (500, "InternalError", StoreUnavailable),  # what SeaweedFS 4.48 says on a full disk
        (503, "SlowDown", StoreUnavailable),
    ],
)
def test_an_error_answer(
    server: ThreadingHTTPServer, status: int, code: str, error: type[StoreUnavailable] | type[ObjectNotFound]
) -> None:
    server.answer = (status, _BODY.format(code=code).encode())  # type: ignore[attr-defined]
    store = MinioStore(f"127.0.0.1:{server.server_port}", "key", "a-secret-that-must-not-leak", secure=False)
    for call in (lambda: store.put("photos", "a", b"x"), lambda: store.get("photos", "a")):
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error
        assert caught.value.__cause__ is not None
        assert "leak" not in caught.value.detail
        assert caught.value.kind is (Kind.NOT_FOUND if error is ObjectNotFound else Kind.UNAVAILABLE)


@pytest.mark.parametrize("body", [b"", b"<html>a proxy's page</html>", b"\xff\xfe"])
def test_an_answer_that_is_no_s3_answer(server: ThreadingHTTPServer, body: bytes) -> None:
    server.answer = (502, body)  # type: ignore[attr-defined]
    store = MinioStore(f"127.0.0.1:{server.server_port}", "key", "secret-secret", secure=False)
    with pytest.raises(StoreUnavailable):
        store.get("photos", "a")
