"""TakedownService for anybody, OperatorService for operators."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

from collections.abc import Iterator

import grpc

from semblance.contracts.provenance.v1 import takedown_pb2 as pb
from semblance.contracts.provenance.v1 import takedown_pb2_grpc
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import ImageId, parse_id
from semblance.provenance.api import takedown_messages as messages
from semblance.provenance.api.messages import received
from semblance.provenance.domain.errors import InvalidTakedown
from semblance.provenance.domain.takedown import STATEMENT, STATEMENT_VERSION
from semblance.provenance.handlers import taking_down
from semblance.provenance.ports import Ports
from semblance.service_kit import rpc

_DEFAULT, _MOST = 50, 100


class TakedownServicer(takedown_pb2_grpc.TakedownServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def GetTakedownStatement(
        self, request: pb.GetTakedownStatementRequest, context: grpc.ServicerContext
    ) -> pb.TakedownStatement:
        """The newest."""
        return pb.TakedownStatement(version=STATEMENT_VERSION, text=STATEMENT)

    def SubmitTakedown(
        self, request_iterator: Iterator[pb.SubmitTakedownRequest], context: grpc.ServicerContext
    ) -> pb.TakedownReceipt:
        """The picture is looked at and not kept."""
        message, data = received(request_iterator, "notice", self._ports.limits)
        takedown, pictures = taking_down.submit(messages.notice_of(message), data, self._ports)
        return messages.receipt(message.reference, takedown, pictures)

    def GetTakedownReceipt(
        self, request: pb.GetTakedownReceiptRequest, context: grpc.ServicerContext
    ) -> pb.TakedownReceipt:
        """By the claimant's reference."""
        takedown, pictures = taking_down.by_reference(request.reference, self._ports)
        return messages.receipt(request.reference, takedown, pictures)


class OperatorServicer(takedown_pb2_grpc.OperatorServiceServicer):
    """The server's interceptor has checked the operator's token."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def ListTakedowns(
        self, request: pb.ListTakedownsRequest, context: grpc.ServicerContext
    ) -> pb.ListTakedownsResponse:
        """Overdue ones first."""
        if not 0 <= request.limit <= _MOST:
            raise Invalid(f"limit is 1 to {_MOST}", code="invalid-page")
        found = taking_down.page(messages.state_of(request.state), request.limit or _DEFAULT, self._ports)
        now = self._ports.clock.now()
        return pb.ListTakedownsResponse(takedowns=[messages.takedown(each, now) for each in found])

    def GetTakedown(self, request: pb.GetTakedownRequest, context: grpc.ServicerContext) -> pb.Takedown:
        """With the claimant's words."""
        shown = taking_down.show(parse_id(request.takedown_id, "takedown_id"), self._ports)
        return messages.takedown(shown, self._ports.clock.now())

    def DecideTakedown(self, request: pb.DecideTakedownRequest, context: grpc.ServicerContext) -> pb.Takedown:
        """In the name of the operator whose token it was."""
        decision = messages.state_of(request.decision)
        if decision is None:
            raise InvalidTakedown("a notice is accepted or refused")
        command = taking_down.Decide(
            parse_id(request.takedown_id, "takedown_id"),
            decision,
            rpc.operator(),
            but_not=frozenset(ImageId(parse_id(each, "image_id")) for each in request.but_not),
            also=frozenset(ImageId(parse_id(each, "image_id")) for each in request.also),
        )
        return messages.takedown(taking_down.decide(command, self._ports), self._ports.clock.now())
