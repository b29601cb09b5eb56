"""Access tokens: the built-in issuer, and the check of anybody's tokens that the settings accept."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from semblance.gateway.adapters.secrets import load_or_create
from semblance.gateway.domain.account import Login, Proof
from semblance.gateway.domain.errors import TokenRefused
from semblance.gateway.settings import OidcIssuer
from semblance.kernel.errors import Unavailable

# Asymmetric only: with a shared-secret algorithm a public key could be passed off as the secret (RFC 8725 2.1).
ALGORITHMS = ("EdDSA", "ES256", "RS256")
_LEEWAY_S = 5
_REFRESH_S = 300.0
_REFRESH_ON_UNKNOWN_KEY_S = 30.0
_FETCH_TIMEOUT_S = 5.0
_AFTER_A_FAILURE_S = 5.0
_WAIT_FOR_ANOTHER_S = 1.0
_TOKEN_CHARACTERS_MAX = 8192
# A key that its issuer withdraws is used for up to _REFRESH_S anyhow; this adds little to that.
_REMEMBER_S = 30.0
_REMEMBERED_MAX = 10_000
_UNIX_TIME_MAX = 253_402_300_800  # the year 10000, beyond which there is no datetime
_SUBJECT_CHARACTERS_MAX = 255  # OpenID Connect Core section 2: sub must not exceed 255 ASCII characters


class KeySource(Protocol):
    """Where an issuer's public keys come from."""

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key, or the only one when a token names none."""


class JwkSet:
    """Keys from a JWKS document that `load` gets; asked again when old, and at most every 30 s for unknown keys.

    One thread asks, and after a failure nobody for some seconds: anybody may send a token that names the issuer, and
    each would hold a thread for as long as an issuer that is away takes to answer.
    """

    def __init__(self, load: Callable[[], Mapping[str, Any]], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock_s = clock_s
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._loaded_at_s = float("-inf")
        self._not_before_s = float("-inf")
        self._asking = threading.Lock()

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        if self._is_due(key_id):
            self._ask(key_id)
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _is_due(self, key_id: str | None) -> bool:
        age_s = self._clock_s() - self._loaded_at_s
        return age_s > _REFRESH_S or (key_id not in self._keys and age_s > _REFRESH_ON_UNKNOWN_KEY_S)

    def _ask(self, key_id: str | None) -> None:
        """Whoever comes meanwhile waits a moment for what is asked already. Raises Unavailable."""
        if self._clock_s() < self._not_before_s or not self._asking.acquire(timeout=_WAIT_FOR_ANOTHER_S):
            raise Unavailable("the identity provider's keys are not known yet", code="issuer-unavailable")
        try:
            if not self._is_due(key_id):
                return
            keys = [key for key in jwt.PyJWKSet.from_dict(dict(self._load())).keys if key.public_key_use != "enc"]
            self._keys = {key.key_id: key for key in keys}
            self._loaded_at_s = self._clock_s()
        except BaseException:
            self._not_before_s = self._clock_s() + _AFTER_A_FAILURE_S
            raise
        finally:
            self._asking.release()


class LocalIssuer:
    """See ports.Issuer. Ed25519; the key file is made at the first start."""

    def __init__(self, issuer: str, audience: str, key_file: Path, life_s: int) -> None:
        self.issuer = issuer
        self.audience = audience
        self.life_s = life_s
        key = load_pem_private_key(load_or_create(key_file, _fresh_key), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{key_file.name} is not an Ed25519 private key")
        self._key = key
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))
        self._jwk = {**public, "kid": _thumbprint(public), "use": "sig", "alg": "EdDSA"}

    def issue(self, subject_id: str, session_id: str) -> str:
        """A signed access token (RFC 9068 profile) of one sign-in."""
        now = dt.datetime.now(dt.UTC)
        claims = {
            "iss": self.issuer,
            "sub": subject_id,
            "aud": self.audience,
            "iat": now,
            "exp": now + dt.timedelta(seconds=self.life_s),
            "auth_time": int(now.timestamp()),
            "jti": session_id,
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._jwk["kid"], "typ": "at+jwt"})

    def jwks(self) -> dict[str, Any]:
        """The public key, as anybody may know it."""
        return {"keys": [self._jwk]}


class Verifier:
    """See ports.Verifier. Takes the built-in issuer and the settings' issuers."""

    def __init__(self, local: LocalIssuer, others: Sequence[OidcIssuer]) -> None:
        self._local = local.issuer
        self._own_clients = {other.issuer: frozenset(other.own_clients) for other in others}
        self._issuers: dict[str, tuple[str, KeySource]] = {local.issuer: (local.audience, JwkSet(local.jwks))}
        for other in others:
            self._issuers[other.issuer] = (other.audience, JwkSet(_loader(other)))
        self._proven: dict[bytes, tuple[Proof, float]] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> Proof:
        """Who the token names, and a moment later from memory. Raises TokenRefused; Unavailable when an issuer's keys
        cannot be had.

        Remembered is only that a signature held, for `_REMEMBER_S` and never beyond the token's end: whether the
        account still stands is asked of the database at every request.
        """
        if len(token) > _TOKEN_CHARACTERS_MAX:
            raise TokenRefused("the token is too long")
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        proof, until_s = self._proven.get(digest, (None, 0.0))
        if proof is not None and time.time() < until_s:
            return proof
        proof, ends_s = self._verified(token)
        with self._lock:
            if len(self._proven) >= _REMEMBERED_MAX:
                self._proven.clear()
            self._proven[digest] = proof, min(ends_s, time.time() + _REMEMBER_S)
        return proof

    def _verified(self, token: str) -> tuple[Proof, float]:
        """The proof, and until when the token holds, in Unix time."""
        try:
            header = jwt.get_unverified_header(token)
            claimed = jwt.decode(token, options={"verify_signature": False}).get("iss")
            if not isinstance(claimed, str) or claimed not in self._issuers:
                raise TokenRefused("the token's issuer is not accepted here")
            audience, source = self._issuers[claimed]
            key = source.key(header.get("kid"))
            if key is None:
                raise TokenRefused("the token is signed by a key that its issuer does not publish")
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=claimed,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "sub", "aud"]},
            )
        except jwt.ExpiredSignatureError as e:
            raise TokenRefused("the token has expired") from e
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as e:
            raise TokenRefused("the token does not verify") from e
        return self._proof(claims, claimed), float(claims["exp"]) + _LEEWAY_S

    def _proof(self, claims: Mapping[str, Any], issuer: str) -> Proof:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= _SUBJECT_CHARACTERS_MAX or not subject.isascii():
            raise TokenRefused("the token's subject is not usable")
        client_id = claims.get("client_id", claims.get("azp"))
        client_id = client_id if isinstance(client_id, str) else None
        own_issuer, session_id = issuer == self._local, claims.get("jti")
        return Proof(
            Login(issuer, subject),
            client_id,
            own_issuer,
            session_id=session_id if own_issuer and isinstance(session_id, str) else None,
            signed_in_at=_signed_in_at(claims),
            own_sign_in=own_issuer or client_id in self._own_clients[issuer],
        )


def _signed_in_at(claims: Mapping[str, Any]) -> dt.datetime | None:
    """OpenID Connect Core section 2, `auth_time`: when the person proved who they are, not when the token was made."""
    said = claims.get("auth_time")
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said < _UNIX_TIME_MAX:
        return None
    return dt.datetime.fromtimestamp(said, dt.UTC)


def _loader(issuer: OidcIssuer) -> Callable[[], Mapping[str, Any]]:
    def from_file() -> Mapping[str, Any]:
        if issuer.jwks_file is None:
            raise ValueError("no JWKS file is set")
        return _document(issuer.jwks_file.read_text())

    def from_url() -> Mapping[str, Any]:
        try:
            response = httpx.get(str(issuer.jwks_url), timeout=_FETCH_TIMEOUT_S, follow_redirects=False)
            response.raise_for_status()
        except httpx.HTTPError as e:
            raise Unavailable("the identity provider's keys cannot be fetched", code="issuer-unavailable") from e
        return _document(response.text)

    return from_url if issuer.jwks_url else from_file


def _document(text: str) -> Mapping[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a JWKS is a JSON object")
    return document


def _fresh_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _thumbprint(public: Mapping[str, Any]) -> str:
    """RFC 7638, so that the key's id follows from the key."""
    canonical = json.dumps({name: public[name] for name in ("crv", "kty", "x")}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
