"""C2PA by c2pa-python; the only module that imports it.

Its objects are not thread-safe and cost 0.15 ms to make, so every call makes its own. Nothing is fetched from the
network, whatever a picture asks for; no thumbnail is made.
"""

from __future__ import annotations

import io
import json
from typing import Any

import c2pa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from semblance.provenance.adapters.authority import Authority, Identity
from semblance.provenance.domain.claim import Claim, Generator, definition
from semblance.provenance.domain.errors import SigningUnavailable
from semblance.provenance.domain.reading import ManifestState, Reading

UNREADABLE = "asset.unreadable"


class C2paEngine:
    """Signs with the authority's identity; trusts its root, and `other_anchors_pem` for others' pictures."""

    def __init__(self, authority: Authority, generator: Generator, *, other_anchors_pem: str = "") -> None:
        self._authority = authority
        self._generator = generator
        self._other_anchors_pem = other_anchors_pem

    def sign(self, data: bytes, claim: Claim) -> bytes:
        """See Signer."""
        identity = self._authority.identity()
        output = io.BytesIO()
        try:
            with (
                _context(self._authority.anchor_pem()) as context,
                _signer(identity) as signer,
                c2pa.Builder(dict(definition(claim, self._generator)), context=context) as builder,
            ):
                builder.sign(signer, claim.media_type, io.BytesIO(data), output)
        except c2pa.C2paError as error:
            raise SigningUnavailable(f"the picture could not be signed: {type(error).__name__}") from error
        return output.getvalue()

    def read(self, data: bytes, media_type: str) -> Reading:
        """See Signer."""
        own = self._authority.anchor_pem()
        report = _report(data, media_type, own + self._other_anchors_pem)
        if not isinstance(report, dict):
            return Reading(report, failures=(UNREADABLE,) if report is ManifestState.INVALID else ())
        active = report.get("validation_results", {}).get("activeManifest", {})
        successes = _codes(active, "success")
        state = ManifestState(report["validation_state"])
        trusted = {"signingCredential.trusted", "claimSignature.validated"} <= set(successes)
        return Reading(
            state=state,
            manifest_id=report.get("active_manifest") or "",
            manifest_json=json.dumps(report, separators=(",", ":"), sort_keys=True),
            failures=tuple(dict.fromkeys(_codes(active, "failure"))),
            signer_trusted=trusted,
            development_signer=trusted and self._is_ours(data, media_type, own),
        )

    def _is_ours(self, data: bytes, media_type: str, own: str) -> bool:
        if not self._authority.is_development():
            return False
        if not self._other_anchors_pem:
            return True
        report = _report(data, media_type, own)
        if not isinstance(report, dict):
            return False
        successes = _codes(report.get("validation_results", {}).get("activeManifest", {}), "success")
        return "signingCredential.trusted" in successes


def _report(data: bytes, media_type: str, anchors_pem: str) -> dict[str, Any] | ManifestState:
    """The reader's report, NONE without a manifest, INVALID where the reader gives up."""
    try:
        with (
            _context(anchors_pem) as context,
            c2pa.Reader(media_type, io.BytesIO(data), context=context) as reader,
        ):
            report: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return ManifestState.NONE
    except c2pa.C2paError:
        return ManifestState.INVALID
    return report


def _context(anchors_pem: str) -> Any:
    settings = {
        "version": 1,
        "trust": {"user_anchors": anchors_pem},
        "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    return c2pa.Context.from_json(json.dumps(settings))


def _signer(identity: Identity) -> Any:
    def signature(data: bytes) -> bytes:
        # COSE (RFC 9053 section 2.1) wants r and s side by side, not DER.
        r, s = decode_dss_signature(identity.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return c2pa.Signer.from_callback(signature, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None)


def _codes(results: dict[str, Any], kind: str) -> list[str]:
    return [str(entry["code"]) for entry in results.get(kind, [])]
