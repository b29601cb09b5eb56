"""Provenance over gRPC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from semblance.contracts.provenance.v1 import service_pb2 as pb
from semblance.contracts.provenance.v1.service_pb2_grpc import ProvenanceServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import Content, Manifest, Verification
from semblance.kernel.errors import Unavailable


class GrpcProvenance:
    """See ports.Provenance."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = ProvenanceServiceStub(channel)

    def content(self, subject_id: str, image_id: str) -> Content:
        """Raises Unavailable when the bytes that arrive are not the bytes that were signed."""
        request = pb.GetContentRequest(subject_id=subject_id, image_id=image_id)
        parts = list(self._stub.GetContent(request, timeout=protos.SLOW_S))
        data = b"".join(part.data for part in parts)
        sha256 = hashlib.sha256(data).hexdigest()
        signed = next((part.sha256 for part in parts if part.sha256), sha256)
        if sha256 != signed:
            raise Unavailable("the image arrived damaged", code="damaged-content")
        content_type = next((part.content_type for part in parts if part.content_type), "application/octet-stream")
        return Content(content_type, data, sha256)

    def manifest(self, subject_id: str, image_id: str) -> Manifest:
        answer = self._stub.GetManifest(pb.GetManifestRequest(subject_id=subject_id, image_id=image_id))
        signed_at = protos.instant(answer, "signed_at")
        return Manifest(answer.manifest_id, answer.image_id, answer.sha256, answer.manifest_json, signed_at)

    def verify(self, content_type: str, data: bytes) -> Verification:
        def parts() -> Iterator[pb.VerifyImageRequest]:
            yield pb.VerifyImageRequest(header=pb.VerifyHeader(content_type=content_type))
            for piece in protos.pieces(data):
                yield pb.VerifyImageRequest(data=piece)

        answer = self._stub.VerifyImage(parts(), timeout=protos.SLOW_S)
        return Verification(
            state=answer.state,
            made_here=answer.made_here,
            development_signer=answer.development_signer,
            manifest_id=answer.manifest_id,
            consent_state=answer.consent_state,
            signed_at=protos.instant(answer, "signed_at"),
            failures=tuple(answer.failures),
        )
