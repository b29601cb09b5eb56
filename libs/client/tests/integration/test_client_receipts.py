"""`semblance receipt verify`: held to what identity signs, and to everything that it did not."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from semblance.client.command.app import main
from semblance.client.receipts import TYPE, ReceiptInvalid, check_receipt

SUBJECT = "018f4b1e-7c1d-7abc-8def-0123456789ab"
OWNER = "018f4b1e-7c1d-7abc-8def-0123456789ac"
CLAIMS = {
    "iss": "https://semblance.example",
    "iat": 1_790_000_000,
    "erasure_id": "018f4b1e-0000-7abc-8def-0123456789ab",
    "subject_sha256": hashlib.sha256(f"aa:{OWNER}".encode()).hexdigest(),
    "subject_salt": "aa",
    "requested_at": "2026-09-21T13:00:00+00:00",
    "key_id": "k1",
    "key_destroyed_at": "2026-09-21T13:00:01+00:00",
    "completed_at": "2026-09-21T13:00:02+00:00",
    "stores": [{"service": "ingest", "store": "bucket:photos", "count": 12}],
}


class Signer:
    """A platform's receipt key."""

    def __init__(self, kid: str = "one") -> None:
        self.key, self.kid = Ed25519PrivateKey.generate(), kid
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
        self.keys = {"keys": [{"crv": "Ed25519", "kty": "OKP", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}]}

    def sign(self, claims: dict[str, object] | None = None, typ: str = TYPE) -> str:
        return jwt.encode(claims or CLAIMS, self.key, algorithm="EdDSA", headers={"kid": self.kid, "typ": typ})


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def test_a_genuine_receipt_says_what_was_destroyed(signer: Signer) -> None:
    receipt = check_receipt(signer.sign() + "\n", signer.keys)
    assert receipt.stores[0].count == 12
    assert receipt.names(OWNER)
    assert not receipt.names(SUBJECT)


def changed(jws: str, **claims: object) -> str:
    head, body, signature = jws.split(".")
    found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | claims
    return ".".join([head, base64.urlsafe_b64encode(json.dumps(found).encode()).rstrip(b"=").decode(), signature])


def unsigned(claims: dict[str, object]) -> str:
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "one", "typ": TYPE})


def test_everything_else_is_refused(signer: Signer) -> None:
    good = signer.sign()
    other = Signer()  # the same key id, another key
    less = {k: v for k, v in CLAIMS.items() if k != "stores"}
    for wrong in (
        changed(good, completed_at="2020-01-01T00:00:00+00:00"),
        changed(good, stores=[]),
        other.sign(),
        Signer("two").sign(),
        signer.sign(typ="JWT"),
        signer.sign(less),
        signer.sign(CLAIMS | {"stores": [{"service": "ingest", "store": "x", "count": -1}]}),
        unsigned(dict(CLAIMS)),
        good[: len(good) // 2],
        "",
        "a.b.c",
        "x" * 300_000,
    ):
        with pytest.raises(ReceiptInvalid):
            check_receipt(wrong, signer.keys)
    for keys in ({"keys": []}, {}, {"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]}):
        with pytest.raises(ReceiptInvalid):
            check_receipt(good, keys)


def test_hmac_with_the_public_key_is_no_signature(signer: Signer) -> None:
    """The classic confusion: the public key used as a shared secret."""
    secret = signer.keys["keys"][0]["x"]
    forged = jwt.encode(CLAIMS, secret.ljust(64, "."), algorithm="HS256", headers={"kid": "one", "typ": TYPE})
    with pytest.raises(ReceiptInvalid):
        check_receipt(forged, signer.keys)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["semblance", *arguments])
    try:
        main()
    except SystemExit as e:
        return int(e.code or 0)
    return 0


def test_the_command_needs_no_platform(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEMBLANCE_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("SEMBLANCE_CONFIG_DIR", str(tmp_path))
    receipt, keys = tmp_path / "erasure.jws", tmp_path / "erasure.keys.json"
    receipt.write_text(signer.sign())
    keys.write_text(json.dumps(signer.keys))
    verify = ("receipt", "verify", str(receipt), "--keys", str(keys))
    assert run(monkeypatch, *verify) == 0
    said = capsys.readouterr().out
    assert "Genuine" in said
    assert "bucket:photos" in said
    assert run(monkeypatch, *verify, "--json") == 0
    assert json.loads(capsys.readouterr().out)["erasure_id"] == CLAIMS["erasure_id"]
    assert run(monkeypatch, *verify, "--subject", OWNER) == 0
    assert run(monkeypatch, *verify, "--subject", SUBJECT) == 6
    assert "another account" in capsys.readouterr().err
    receipt.write_bytes(b"\xff" * 10)
    assert run(monkeypatch, *verify) == 6
    keys.write_text("[]")
    assert run(monkeypatch, *verify) == 6
    capsys.readouterr()
