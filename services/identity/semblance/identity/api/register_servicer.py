"""RegisterService and ReviewService: what people may do, asked by the gateway."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.identity.v1 import register_pb2, register_pb2_grpc, review_pb2, review_pb2_grpc
from semblance.identity.api import register_messages as messages
from semblance.identity.handlers import register, reviews
from semblance.identity.ports import Ports
from semblance.kernel.ids import ReleaseId, ReviewId, SubjectId, parse_id


class RegisterServicer(register_pb2_grpc.RegisterServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def ProtectFace(
        self, request: register_pb2.ProtectFaceRequest, context: grpc.ServicerContext
    ) -> register_pb2.ProtectFaceResponse:
        """The same answer for every face."""
        register.protect_face(
            register.ProtectFace(
                entry_id=parse_id(request.entry_id, "entry_id"),
                purpose=messages.purpose_of(request.purpose),
                photos=request.photos,
                code_sha256=request.removal_code_sha256,
            ),
            self._ports,
        )
        return register_pb2.ProtectFaceResponse(entry_id=request.entry_id, state=messages.ACCEPTED)

    def RemoveProtection(
        self, request: register_pb2.RemoveProtectionRequest, context: grpc.ServicerContext
    ) -> register_pb2.RemoveProtectionResponse:
        """For whoever has the code."""
        register.remove_protection(parse_id(request.entry_id, "entry_id"), request.removal_code, self._ports)
        return register_pb2.RemoveProtectionResponse()


class ReviewServicer(review_pb2_grpc.ReviewServiceServicer):
    """A person's own reviews, those that they asked for."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def RequestReview(
        self, request: review_pb2.RequestReviewRequest, context: grpc.ServicerContext
    ) -> review_pb2.OwnReview:
        """Off unless the operator switched it on."""
        subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
        release_id = ReleaseId(parse_id(request.release_id, "release_id"))
        return messages.own_review(reviews.request_review(subject_id, release_id, self._ports))

    def GetOwnReview(
        self, request: review_pb2.GetOwnReviewRequest, context: grpc.ServicerContext
    ) -> review_pb2.OwnReview:
        """As it stands now."""
        subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
        review_id = ReviewId(parse_id(request.review_id, "review_id"))
        return messages.own_review(reviews.own_review(subject_id, review_id, self._ports))
