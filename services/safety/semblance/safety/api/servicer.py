"""SafetyService: protobuf to handlers and back."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.safety.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.ids import parse_id
from semblance.safety.handlers import prompts
from semblance.safety.ports import Ports


class SafetyServicer(service_pb2_grpc.SafetyServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def CheckPrompt(
        self, request: service_pb2.CheckPromptRequest, context: grpc.ServicerContext
    ) -> service_pb2.CheckPromptResponse:
        """Whether the prompt may be made at all. It is neither stored nor logged."""
        parse_id(request.subject_id, "subject_id")
        finding = prompts.check(
            request.prompt,
            self._ports,
            negative_prompt=request.negative_prompt,
            limits=request.limits,
            denied_styles=request.denied_styles,
        )
        return service_pb2.CheckPromptResponse(
            allowed=not finding.codes, reason_codes=finding.codes, message=finding.message
        )
