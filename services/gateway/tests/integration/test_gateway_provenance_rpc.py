"""Resolution and take-downs over real gRPC: what goes out, what comes back, whose errors arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.provenance.v1 import resolution_pb2, resolution_pb2_grpc, takedown_pb2, takedown_pb2_grpc
from semblance.gateway.adapters.provenance import GrpcResolution
from semblance.gateway.adapters.takedowns import GrpcTakedowns
from semblance.gateway.domain.provenance import ManifestMatch, TakedownNotice
from semblance.kernel.errors import Invalid, NotFound, Unauthenticated
from semblance.service_kit import rpc

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")
BIG = bytes(range(256)) * 4096


class Resolution(resolution_pb2_grpc.ResolutionServiceServicer):
    def MatchBinding(self, request: Any, context: Any) -> Any:
        if request.algorithm != "a":
            raise Invalid("that algorithm is not known here", code="invalid-binding")
        return resolution_pb2.Matches(
            matches=[resolution_pb2.Match(manifest_id=request.value.decode(), similarity_score=request.limit)]
        )

    def MatchContent(self, request_iterator: Any, context: Any) -> Any:
        parts = list(request_iterator)
        assert (parts[0].header.content_type, parts[0].header.algorithm, parts[0].header.limit) == ("image/png", "", 3)
        assert b"".join(part.data for part in parts[1:]) == BIG
        return resolution_pb2.Matches()

    def GetStore(self, request: Any, context: Any) -> Any:
        if request.manifest_id != "m":
            raise NotFound("no manifest of that id is kept here")
        return resolution_pb2.ManifestStore(manifest_id="m", store=b"jumb")

    def ListAlgorithms(self, request: Any, context: Any) -> Any:
        return resolution_pb2.Algorithms(watermarks=["w"], fingerprints=["f"])


class Takedowns(takedown_pb2_grpc.TakedownServiceServicer):
    def GetTakedownStatement(self, request: Any, context: Any) -> Any:
        return takedown_pb2.TakedownStatement(version="1", text="True.")

    def SubmitTakedown(self, request_iterator: Any, context: Any) -> Any:
        first, *parts = request_iterator
        assert b"".join(part.data for part in parts) == BIG
        assert first.notice.relation == takedown_pb2.TAKEDOWN_RELATION_GUARDIAN
        assert first.notice.confirmed
        receipt = takedown_pb2.TakedownReceipt(
            reference=first.notice.reference, state=takedown_pb2.TAKEDOWN_STATE_OPEN, pictures=2, hidden=True
        )
        receipt.due_at.FromDatetime(dt.datetime(2030, 1, 3, tzinfo=dt.UTC))
        return receipt

    def GetTakedownReceipt(self, request: Any, context: Any) -> Any:
        raise NotFound("no take-down notice by that name", code="takedown-not-found")


class Operators(takedown_pb2_grpc.OperatorServiceServicer):
    def ListTakedowns(self, request: Any, context: Any) -> Any:
        return takedown_pb2.ListTakedownsResponse()


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    server = rpc.server(TOKEN)
    resolution_pb2_grpc.add_ResolutionServiceServicer_to_server(Resolution(), server)
    takedown_pb2_grpc.add_TakedownServiceServicer_to_server(Takedowns(), server)
    takedown_pb2_grpc.add_OperatorServiceServicer_to_server(Operators(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as connected:
        yield connected
    server.stop(0).wait()


def test_manifests_are_looked_up(channel):
    port = GrpcResolution(channel)
    assert port.by_binding("a", b"urn:c2pa:1", 7) == (ManifestMatch("urn:c2pa:1", 7),)
    with pytest.raises(Invalid) as refused:
        port.by_binding("b", b"x", 7)
    assert refused.value.code == "invalid-binding"
    assert port.by_content("image/png", BIG, algorithm="", limit=3) == ()
    assert port.store("m") == b"jumb"
    with pytest.raises(NotFound):
        port.store("n")
    assert (port.algorithms().watermarks, port.algorithms().fingerprints) == (("w",), ("f",))


def test_notices_go_with_their_picture(channel):
    port = GrpcTakedowns(channel)
    assert port.statement().version == "1"
    notice = TakedownNotice("Ada", "ada@example.org", "guardian", "", "1", "", BIG)
    receipt = port.submit("reference", notice)
    assert (receipt.reference, receipt.state, receipt.pictures, receipt.hidden) == ("reference", "open", 2, True)
    assert (receipt.due_at.year, receipt.decided_at) == (2030, None)
    with pytest.raises(NotFound) as refused:
        port.receipt("another")
    assert refused.value.code == "takedown-not-found"


def test_the_gateways_token_decides_nothing(channel):
    stub = takedown_pb2_grpc.OperatorServiceStub(channel)
    with pytest.raises(Unauthenticated):
        stub.ListTakedowns(takedown_pb2.ListTakedownsRequest())
