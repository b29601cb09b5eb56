"""What signs, wherever its key lives: the port between the C2PA engine and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from semblance.provenance.domain.errors import SigningUnavailable

# The curve decides the algorithm and the hash (RFC 9053 section 2.1, C2PA 2.2 section 13.2.1).
ALGORITHMS = {"secp256r1": "es256", "secp384r1": "es384"}


@dataclass(frozen=True)
class Identity:
    """A leaf with its chain as PEM, leaf first, and what signs with its key.

    `sign` takes the bytes to sign and gives r and s side by side, as COSE wants them. It may raise SigningUnavailable.
    """

    algorithm: str
    chain_pem: str
    leaf: x509.Certificate
    sign: Callable[[bytes], bytes]


class KeySource(Protocol):
    """Where an identity comes from. Any number of threads may use one; every method may raise SigningUnavailable."""

    def prepare(self) -> None:
        """Make or check what is needed before the first picture."""

    def identity(self) -> Identity:
        """The present signer; its leaf is valid now and its key is there."""

    def anchor_pem(self) -> str:
        """The root that this source's pictures chain to."""

    def is_development(self) -> bool:
        """Whether the root was made here, for nobody else to trust."""


def leaf_of(chain_pem: bytes) -> x509.Certificate:
    """The first certificate. Raises SigningUnavailable for what is no chain of certificates."""
    try:
        return x509.load_pem_x509_certificates(chain_pem)[0]
    except ValueError as error:
        raise SigningUnavailable("the chain holds no certificates that can be read") from error


def algorithm_of(leaf: x509.Certificate) -> str:
    """C2PA's word for what this leaf signs with. Raises SigningUnavailable for any other key."""
    key = leaf.public_key()
    algorithm = ALGORITHMS.get(key.curve.name) if isinstance(key, ec.EllipticCurvePublicKey) else None
    if algorithm is None:
        raise SigningUnavailable("a signing key lies on the curve P-256 or P-384")
    return algorithm


def side_by_side(r: int, s: int, leaf: x509.Certificate) -> bytes:
    """A signature as COSE holds it; each half has as many bytes as the curve's order."""
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    size = (key.curve.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")
