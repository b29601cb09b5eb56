"""ResolutionService: kept manifests for anybody who holds a picture or a soft binding."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

from collections.abc import Iterator, Sequence

import grpc

from semblance.contracts.provenance.v1 import resolution_pb2, resolution_pb2_grpc
from semblance.kernel.errors import Invalid
from semblance.provenance.api.messages import received
from semblance.provenance.domain.manifest import Match
from semblance.provenance.handlers import looking
from semblance.provenance.ports import Ports

_MOST = 100


class ResolutionServicer(resolution_pb2_grpc.ResolutionServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def MatchBinding(
        self, request: resolution_pb2.MatchBindingRequest, context: grpc.ServicerContext
    ) -> resolution_pb2.Matches:
        """By a value."""
        limit = _limit(request.limit)
        return _matches(looking.match_binding(request.algorithm, request.value, limit, self._ports))

    def MatchContent(
        self, request_iterator: Iterator[resolution_pb2.MatchContentRequest], context: grpc.ServicerContext
    ) -> resolution_pb2.Matches:
        """By a picture; nothing of it is kept."""
        header, data = received(request_iterator, "header", self._ports.limits)
        return _matches(looking.match_content(data, header.algorithm, _limit(header.limit), self._ports))

    def GetStore(
        self, request: resolution_pb2.GetStoreRequest, context: grpc.ServicerContext
    ) -> resolution_pb2.ManifestStore:
        """As it was signed."""
        kept = looking.kept_manifest(request.manifest_id, self._ports)
        return resolution_pb2.ManifestStore(manifest_id=kept.manifest_id, store=kept.store)

    def ListAlgorithms(
        self, request: resolution_pb2.ListAlgorithmsRequest, context: grpc.ServicerContext
    ) -> resolution_pb2.Algorithms:
        """Those of this build."""
        known = self._ports.pixels.algorithms
        return resolution_pb2.Algorithms(watermarks=[known.watermark], fingerprints=[known.fingerprint])


def _limit(asked: int) -> int:
    if not 1 <= asked <= _MOST:
        raise Invalid(f"limit is 1 to {_MOST}", code="invalid-page")
    return asked


def _matches(found: Sequence[Match]) -> resolution_pb2.Matches:
    return resolution_pb2.Matches(
        matches=[resolution_pb2.Match(manifest_id=m.manifest_id, similarity_score=m.score) for m in found]
    )
