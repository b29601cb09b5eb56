"""A time-stamp authority (RFC 3161) on loopback, for tests and measurements: real tokens of a chain made here.

Sources: RFC 3161 section 2.4, RFC 5816 (ESSCertIDv2), RFC 5652 section 5.4; the leaf follows C2PA's profile for
time-stamp signing (conformance programme 0.2, tsaLeaf) but for the policy and revocation that only a real one has.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from semblance.kernel.clock import Clock

_REJECTION = bytes.fromhex("30053003020102")  # TimeStampResp: PKIStatus rejection, no token
_POLICY = "1.3.6.1.4.1.99999.1"
_YEARS = dt.timedelta(days=4000)


class Mood(enum.Enum):
    """What the authority does with a question."""

    ANSWERS = "answers"
    REFUSES = "refuses"  # a well-formed answer that says no
    BREAKS = "breaks"  # 500
    BABBLES = "babbles"  # 200 with bytes that are no answer
    HANGS = "hangs"  # takes the question and says nothing until it is closed


class TimeStampAuthority:
    """A context: `url`, `anchor_pem`, and how it behaves (`mood`), which tests change while it runs."""

    def __init__(self, clock: Clock) -> None:
        self.mood = Mood.ANSWERS
        self.asked = 0
        self._clock = clock
        root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self._root = _certificate("Time-stamp root", root_key, "Time-stamp root", root_key, clock.now(), leaf=False)
        self._leaf = _certificate("Time-stamps", self._key, "Time-stamp root", root_key, clock.now(), leaf=True)
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> TimeStampAuthority:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/tsa"

    @property
    def anchor_pem(self) -> str:
        """What its tokens chain to."""
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    def _handler(authority) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked += 1
                question = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = authority._answer(question)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with contextlib.suppress(OSError):  # whoever asked may have given up
                    self.wfile.write(answer)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet."""

        return Handler

    def _answer(self, question: bytes) -> tuple[int, bytes]:
        match self.mood:
            case Mood.ANSWERS:
                return 200, self._granted(tsp.TimeStampReq.load(question))
            case Mood.REFUSES:
                return 200, _REJECTION
            case Mood.BREAKS:
                return 500, b""
            case Mood.BABBLES:
                return 200, b"hello"
            case Mood.HANGS:
                self._closed.wait()
                return 500, b""

    def _granted(self, question: tsp.TimeStampReq) -> bytes:
        facts = {
            "version": "v1",
            "policy": _POLICY,
            "message_imprint": question["message_imprint"],
            "serial_number": self.asked,
            "gen_time": self._clock.now().replace(microsecond=0),
        }
        if question["nonce"].native is not None:
            facts["nonce"] = question["nonce"]
        content = tsp.TSTInfo(facts).dump()
        leaf = asn1_x509.Certificate.load(self._leaf.public_bytes(serialization.Encoding.DER))
        signed = cms.CMSAttributes(_attributes(content, self._leaf, self._clock.now()))
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    cms.IssuerAndSerialNumber({"issuer": leaf.issuer, "serial_number": leaf.serial_number}),
                ),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": signed,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": self._key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )
        whole = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
                "certificates": [
                    leaf,
                    asn1_x509.Certificate.load(self._root.public_bytes(serialization.Encoding.DER)),
                ],
                "signer_infos": [signer],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": whole})
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _attributes(content: bytes, leaf: x509.Certificate, now: dt.datetime) -> list[cms.CMSAttribute]:
    ess = tsp.ESSCertIDv2(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "cert_hash": leaf.fingerprint(hashes.SHA256()),
        }
    )
    return [
        cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
        cms.CMSAttribute({"type": "signing_time", "values": [cms.Time("utc_time", now.replace(microsecond=0))]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
        cms.CMSAttribute({"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [ess]})]}),
    ]


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    *,
    leaf: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=leaf,
        content_commitment=leaf,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not leaf,
        crl_sign=not leaf,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None if leaf else 0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if leaf:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "XX"), (NameOID.ORGANIZATION_NAME, "Semblance tests"))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in (*parts, (NameOID.COMMON_NAME, common_name))])
