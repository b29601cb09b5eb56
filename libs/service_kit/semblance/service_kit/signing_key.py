"""An Ed25519 key in a file: compact JWS (RFC 7515, RFC 8037) that anybody can check, and keyed digests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from semblance.kernel import durable_files
from semblance.kernel.errors import Unavailable


class SigningKeyUnavailable(Unavailable):
    """The key file cannot be read, or others can read it."""

    code = "signing-key-unavailable"


class FileSigningKey:
    """Signs with a key in a file, made when it is first needed, with mode 600."""

    def __init__(self, key_file: Path, *, token_type: str) -> None:
        """`token_type` is the JWS's `typ`, so that one signed thing is never taken for another.

        Raises SigningKeyUnavailable.
        """
        self._seed = _read_or_make(key_file)
        self._type = token_type
        self._key = Ed25519PrivateKey.from_private_bytes(self._seed)
        self._public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._key_id = _thumbprint(self._public)

    def sign(self, claims: Mapping[str, object], token_type: str = "", *, content_type: str = "") -> str:
        """A compact JWS over the claims, its header naming the key; `token_type` instead of the usual one."""
        headers = {"kid": self._key_id, "typ": token_type or self._type}
        if content_type:
            headers["cty"] = content_type
        return jwt.encode(dict(claims), self._key, algorithm="EdDSA", headers=headers)

    def jwks_json(self) -> str:
        """The public key as a JSON Web Key Set."""
        key = {**_jwk(self._public), "kid": self._key_id, "use": "sig", "alg": "EdDSA"}
        return json.dumps({"keys": [key]}, sort_keys=True)

    def digest(self, purpose: str, text: str) -> str:
        """HMAC-SHA-256 of `text` under a key derived from the signing key for this purpose alone."""
        derived = hmac.digest(self._seed, purpose.encode(), "sha256")
        return hmac.digest(derived, text.encode(), "sha256").hex()


def _jwk(public: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}


def _thumbprint(public: bytes) -> str:
    """RFC 7638: SHA-256 over the required members in lexical order without spaces."""
    canonical = json.dumps(_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def _read_or_make(path: Path) -> bytes:
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise SigningKeyUnavailable(f"{path.name} is open to others", remedy="Set its mode to 600.")
        seed = path.read_bytes()
    except OSError as e:
        raise SigningKeyUnavailable(f"{path.name} cannot be read") from e
    if len(seed) != 32:
        raise SigningKeyUnavailable(f"{path.name} does not hold 32 bytes", remedy="Restore the key file.")
    return seed


def _make(path: Path) -> None:
    """Write a new key; of two processes that start at once, the first wins."""
    durable_files.make_private_directory(path.parent)
    seed = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    durable_files.create_exclusively(path, seed)
