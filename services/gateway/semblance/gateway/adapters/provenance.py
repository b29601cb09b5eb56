"""Provenance over gRPC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from semblance.contracts.provenance.v1 import resolution_pb2
from semblance.contracts.provenance.v1 import service_pb2 as pb
from semblance.contracts.provenance.v1.resolution_pb2_grpc import ResolutionServiceStub
from semblance.contracts.provenance.v1.service_pb2_grpc import ProvenanceServiceStub
from semblance.gateway.adapters import protos
from semblance.gateway.domain.provenance import BindingAlgorithms, ManifestMatch, Verification
from semblance.gateway.domain.things import Content, Manifest
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
        return Content(content_type, data, sha256, max((part.people for part in parts), default=1))

    def manifest(self, subject_id: str, image_id: str) -> Manifest:
        answer = self._stub.GetManifest(pb.GetManifestRequest(subject_id=subject_id, image_id=image_id))
        signed_at = protos.instant(answer, "signed_at")
        return Manifest(
            answer.manifest_id, answer.image_id, answer.sha256, answer.manifest_json, signed_at, answer.people
        )

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
            found_by=answer.found_by,
            confidence_0_1=answer.confidence_0_1,
            consent_at=protos.instant(answer, "consent_at"),
            picture_state=answer.picture_state,
            altered=answer.altered,
            borrowed=answer.borrowed,
            unsure=answer.unsure,
            not_looked=answer.not_looked,
            headline=answer.headline,
            sentences=tuple(answer.sentences),
        )


class GrpcResolution:
    """See ports.Resolution."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = ResolutionServiceStub(channel)

    def by_binding(self, algorithm: str, value: bytes, limit: int) -> tuple[ManifestMatch, ...]:
        request = resolution_pb2.MatchBindingRequest(algorithm=algorithm, value=value, limit=limit)
        return _matches(self._stub.MatchBinding(request))

    def by_content(self, content_type: str, data: bytes, *, algorithm: str, limit: int) -> tuple[ManifestMatch, ...]:
        header = resolution_pb2.MatchContentHeader(content_type=content_type, algorithm=algorithm, limit=limit)

        def parts() -> Iterator[resolution_pb2.MatchContentRequest]:
            yield resolution_pb2.MatchContentRequest(header=header)
            for piece in protos.pieces(data):
                yield resolution_pb2.MatchContentRequest(data=piece)

        return _matches(self._stub.MatchContent(parts(), timeout=protos.SLOW_S))

    def store(self, manifest_id: str) -> bytes:
        return bytes(self._stub.GetStore(resolution_pb2.GetStoreRequest(manifest_id=manifest_id)).store)

    def algorithms(self) -> BindingAlgorithms:
        answer = self._stub.ListAlgorithms(resolution_pb2.ListAlgorithmsRequest())
        return BindingAlgorithms(tuple(answer.watermarks), tuple(answer.fingerprints))


def _matches(answer: resolution_pb2.Matches) -> tuple[ManifestMatch, ...]:
    return tuple(ManifestMatch(match.manifest_id, match.similarity_score) for match in answer.matches)
