"""ProvenanceService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from semblance.contracts.provenance.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ImageId, SubjectId, parse_id
from semblance.kernel.units import KIB
from semblance.provenance.domain.picture import Limits
from semblance.provenance.handlers import asking
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
                yield service_pb2.ImageContent(content_type=signed.media_type, sha256=signed.sha256, data=part)
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
            signed_at=_timestamp(signed.signed_at),
        )

    def VerifyImage(
        self, request_iterator: Iterator[service_pb2.VerifyImageRequest], context: grpc.ServicerContext
    ) -> service_pb2.Verification:
        """Anybody's picture; nothing of it is kept."""
        found = asking.verify(_collect(request_iterator, self._ports.limits), self._ports)
        return service_pb2.Verification(
            state=found.reading.state.value,
            made_here=found.made_here,
            development_signer=found.reading.development_signer,
            manifest_id=found.reading.manifest_id,
            consent_state=found.consent.value,
            signed_at=_timestamp(found.signed_at) if found.signed_at else None,
            failures=found.reading.failures,
        )


def _collect(parts: Iterator[service_pb2.VerifyImageRequest], limits: Limits) -> bytes:
    """The bytes after the header. Raises Invalid out of order, PictureTooLarge as soon as it shows."""
    first = next(parts, None)
    if first is None or first.WhichOneof("part") != "header":
        raise Invalid("the first message must hold the header", code="header-missing")
    data = bytearray()
    for part in parts:
        if part.WhichOneof("part") != "data":
            raise Invalid("only the first message holds a header", code="header-repeated")
        data += part.data
        limits.check_bytes(len(data))
    return bytes(data)


def _ids(request: service_pb2.GetContentRequest | service_pb2.GetManifestRequest) -> tuple[SubjectId, ImageId]:
    subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
    return subject_id, ImageId(parse_id(request.image_id, "image_id"))


def _timestamp(instant: dt.datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp
