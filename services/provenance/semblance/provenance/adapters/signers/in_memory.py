"""A key in this process's memory: the development leaf's, or one that an operator put into the signing folder."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from semblance.provenance.adapters.signers.identity import Identity, algorithm_of, leaf_of, side_by_side
from semblance.provenance.domain.errors import SigningUnavailable

_HASHES = {"es256": hashes.SHA256(), "es384": hashes.SHA384()}


def identity_in_memory(key: ec.EllipticCurvePrivateKey, chain_pem: bytes) -> Identity:
    """Raises SigningUnavailable where the key is not the leaf's."""
    leaf = leaf_of(chain_pem)
    if leaf.public_key() != key.public_key():
        raise SigningUnavailable("leaf.key does not belong to leaf.pem")
    return Identity(algorithm_of(leaf), chain_pem.decode(), leaf, lambda data: _sign(key, leaf, data))


def _sign(key: ec.EllipticCurvePrivateKey, leaf: x509.Certificate, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_HASHES[algorithm_of(leaf)])))
    return side_by_side(r, s, leaf)
