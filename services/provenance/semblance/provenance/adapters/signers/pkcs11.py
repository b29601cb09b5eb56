"""A key that never leaves its token: an HSM, or SoftHSM, by PKCS#11; the only module that imports it.

The token holds the private key; the leaf with its chain and the root are files, as they are no secret. Nothing is
renewed here: an operator's CA gives a new leaf, and the files are read again when they change.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import decode_ec_public_key, encode_ec_public_key

from semblance.kernel.clock import Clock
from semblance.provenance.adapters.signers.identity import Identity, algorithm_of, leaf_of
from semblance.provenance.domain.errors import SigningUnavailable

_DIGESTS = {"es256": Mechanism.SHA256, "es384": Mechanism.SHA384}


@dataclass(frozen=True)
class Token:
    """Which key of which token, through which vendor's library; the PIN prints as stars where settings hold it."""

    module: Path
    token_label: str
    key_label: str
    pin: str

    def __repr__(self) -> str:
        return f"Token({self.module.name}, {self.token_label!r}, {self.key_label!r})"


class Pkcs11KeySource:
    """See KeySource. One session, used by one thread at a time; a session that broke is opened again once."""

    def __init__(self, token: Token, chain_file: Path, root_file: Path, clock: Clock) -> None:
        self._token = token
        self._chain_file = chain_file
        self._root_file = root_file
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Any = None
        self._key: Any = None

    def prepare(self) -> None:
        """Sign once, so that a wrong PIN or a leaf of another key shows at the start."""
        identity = self.identity()
        identity.sign(b"semblance")

    def identity(self) -> Identity:
        """See KeySource."""
        chain = _read(self._chain_file)
        leaf = leaf_of(chain)
        if self._clock.now() >= leaf.not_valid_after_utc:
            raise SigningUnavailable("the signing certificate has expired", remedy="Give the service a new leaf.")
        algorithm = algorithm_of(leaf)
        self._check_belongs(leaf)
        return Identity(algorithm, chain.decode(), leaf, lambda data: self._sign(data, algorithm))

    def anchor_pem(self) -> str:
        """See KeySource."""
        return _read(self._root_file).decode()

    def is_development(self) -> bool:
        """Never: whoever uses a token has a CA."""
        return False

    def close(self) -> None:
        """End the session; the next use opens another."""
        with self._lock:
            self._forget()

    def _check_belongs(self, leaf: x509.Certificate) -> None:
        public = leaf.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mine = decode_ec_public_key(public)[Attribute.EC_POINT]
        with self._lock:
            held = self._on_token(lambda session: _public_point(session, self._token.key_label))
        if held != mine:
            raise SigningUnavailable("the token's key does not belong to the leaf")

    def _sign(self, data: bytes, algorithm: str) -> bytes:
        """The token signs a digest (CKM_ECDSA); PKCS#11 gives r and s side by side, which is what COSE wants."""
        with self._lock:
            return bytes(self._on_token(lambda session: self._signature(session, data, algorithm)))

    def _signature(self, session: Any, data: bytes, algorithm: str) -> bytes:
        if self._key is None:
            self._key = session.get_key(
                object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=self._token.key_label
            )
        digest = session.digest(data, mechanism=_DIGESTS[algorithm])
        return bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA))

    def _on_token(self, use: Any) -> Any:
        for last in (False, True):
            try:
                if self._session is None:
                    self._session = self._open()
                return use(self._session)
            except pkcs11.PKCS11Error as error:
                self._forget()
                if last:
                    raise SigningUnavailable(f"the token does not sign: {type(error).__name__}") from error
        return None

    def _open(self) -> Any:
        token = pkcs11.lib(str(self._token.module)).get_token(token_label=self._token.token_label)
        try:
            return token.open(user_pin=self._token.pin)
        except pkcs11.UserAlreadyLoggedIn:
            return token.open()  # a login is the whole process's, as another session of ours holds one

    def _forget(self) -> None:
        session, self._session, self._key = self._session, None, None
        if session is not None:
            with contextlib.suppress(pkcs11.PKCS11Error):  # it broke: that is why
                session.close()


def _public_point(session: Any, label: str) -> bytes:
    key = session.get_key(object_class=ObjectClass.PUBLIC_KEY, key_type=KeyType.EC, label=label)
    return bytes(decode_ec_public_key(encode_ec_public_key(key))[Attribute.EC_POINT])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SigningUnavailable(f"{file.name} cannot be read") from error
