"""A gateway whose certificate a CA of one's own has signed is reached by all who ask here once SSL_CERT_FILE names it,
and by nobody before. An answer that was cut off is none."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from loadtests.doors import NO_ANSWER, Answer, PlainDoor, Request, whole
from semblance.client import Client
from semblance.client.errors import Unreachable

CALL = Request("GET", "/v1/me", "GET /v1/me")


class Gateway(BaseHTTPRequestHandler):
    """Whatever is asked, a token."""

    def do_GET(self) -> None:
        body = json.dumps({"access_token": "token", "expires_in": 60, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def certified(folder: Path) -> tuple[Path, Path]:
    """(a CA's certificate, a file with key and certificate that it signed for the loopback)."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("a CA of one's own", "gateway")]
    now = dt.datetime.now(dt.UTC)
    made = []
    for number, is_ca in enumerate((True, False)):
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made.append(
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(number + 1)
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(address, critical=False)
            .sign(keys[0], hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(made[0])
    (folder / "gateway.pem").write_bytes(key + made[1])
    return folder / "ca.pem", folder / "gateway.pem"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(its address, the CA's certificate)."""
    ca, own = certified(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - whoever hangs up at the certificate
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", ca
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_ca_of_ones_own_is_named_by_the_environment(
    gateway: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, ca = gateway
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert PlainDoor(url).send(CALL).status == NO_ANSWER
    assert list(PlainDoor(url).lines(CALL)) == []
    with Client(url, retries=0) as client, pytest.raises(Unreachable):
        client.sign_in("load-1", "a password")
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    assert PlainDoor(url).send(CALL).status == 200
    assert next(iter(PlainDoor(url).lines(CALL))) == "200"
    with Client(url, retries=0) as client:
        assert client.sign_in("load-1", "a password").access_token == "token"


class Status(Exception):
    """As Locust's client raises it for a 4xx or 5xx that was read to its end."""

    response = object()


@pytest.mark.parametrize(
    ("status", "wrong", "seen"),
    [
        (200, None, 200),
        (503, Status(), 503),
        (200, ConnectionResetError(), NO_ANSWER),  # half a picture is no picture, and half a promise none
        (401, ConnectionResetError(), NO_ANSWER),
        (0, ConnectionRefusedError(), NO_ANSWER),
    ],
)
def test_half_an_answer_is_none(status: int, wrong: Exception | None, seen: int) -> None:
    """The form is Locust's response with `catch_response`, whose session no test imports."""
    found = SimpleNamespace(
        status_code=status, headers={"ETag": "a"}, content=b'{"id"', request_meta={"exception": wrong}
    )
    assert whole(found) == (Answer(seen, {"etag": "a"}, b'{"id"') if seen else Answer(NO_ANSWER, {}, b""))
