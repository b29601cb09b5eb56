"""ProvenanceService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

from collections.abc import Iterator

import grpc

from semblance.contracts.provenance.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.ids import ImageId, SubjectId, parse_id
from semblance.kernel.units import KIB
from semblance.provenance.api.messages import received, timestamp
from semblance.provenance.domain import words
from semblance.provenance.domain.reading import Verification
from semblance.provenance.handlers import asking, looking
from semblance.provenance.ports import Ports

PART_BYTES = 256 * KIB


class ProvenanceServicer(service_pb2_grpc.ProvenanceServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def GetContent(
        self, request: service_pb2.GetContentRequest, context: grpc.ServicerContext
    ) -> Iterator[service_pb2.ImageContent]:
        """In parts of 256 KiB."""
        signed, data = asking.content(*_ids(request), self._ports)
        for start in range(0, len(data), PART_BYTES):
            part = data[start : start + PART_BYTES]
            if start == 0:
                about = {"content_type": signed.media_type, "sha256": signed.sha256}
                yield service_pb2.ImageContent(**about, data=part, people=signed.people)
            else:
                yield service_pb2.ImageContent(data=part)

    def GetManifest(
        self, request: service_pb2.GetManifestRequest, context: grpc.ServicerContext
    ) -> service_pb2.Manifest:
        """The kept manifest."""
        subject_id, image_id = _ids(request)
        signed = asking.manifest(subject_id, image_id, self._ports)
        return service_pb2.Manifest(
            manifest_id=signed.manifest_id,
            image_id=image_id,
            sha256=signed.sha256,
            manifest_json=signed.manifest_json,
            signed_at=timestamp(signed.signed_at),
            people=signed.people,
        )

    def VerifyImage(
        self, request_iterator: Iterator[service_pb2.VerifyImageRequest], context: grpc.ServicerContext
    ) -> service_pb2.Verification:
        """Anybody's picture; nothing of it is kept."""
        _, data = received(request_iterator, "header", self._ports.limits)
        return _verification(looking.verify(data, self._ports))


def _verification(found: Verification) -> service_pb2.Verification:
    match = found.match
    return service_pb2.Verification(
        state=found.reading.state.value,
        made_here=found.made_here,
        development_signer=found.reading.development_signer,
        manifest_id=match.manifest_id if match else found.reading.manifest_id,
        consent_state=found.consent.state.value,
        signed_at=timestamp(found.signed_at),
        failures=found.reading.failures,
        found_by=match.by.value if match else "",
        confidence_0_1=match.confidence_0_1 if match else 0.0,
        consent_at=timestamp(found.consent.at),
        picture_state=found.picture.value if found.picture else "",
        altered=found.altered,
        borrowed=found.borrowed,
        unsure=found.unsure,
        not_looked=found.not_looked,
        headline=words.headline(found),
        sentences=words.sentences(found),
    )


def _ids(request: service_pb2.GetContentRequest | service_pb2.GetManifestRequest) -> tuple[SubjectId, ImageId]:
    subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
    return subject_id, ImageId(parse_id(request.image_id, "image_id"))
