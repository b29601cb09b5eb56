"""OperatorService: reached with an operator's token only, which the gateway does not have."""

# ruff: noqa: ARG002 - every method has the signature that gRPC calls it with

from __future__ import annotations

import grpc

from semblance.contracts.identity.v1 import register_pb2, review_pb2, review_pb2_grpc, service_pb2
from semblance.identity.api import messages as identity_messages
from semblance.identity.api import register_messages as messages
from semblance.identity.api.pages import cut, parse_page
from semblance.identity.domain.errors import InvalidReview
from semblance.identity.domain.sharing import App
from semblance.identity.handlers import apps, erasure, register, reviews
from semblance.identity.ports import Ports
from semblance.kernel.ids import ReviewId, SubjectId, parse_id
from semblance.service_kit import rpc


class OperatorServicer(review_pb2_grpc.OperatorServiceServicer):
    """Raises the tree's errors; the server's interceptor maps them and has checked the token."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def ListReviews(
        self, request: review_pb2.ListReviewsRequest, context: grpc.ServicerContext
    ) -> review_pb2.ListReviewsResponse:
        """Oldest first, without notes."""
        after, limit = parse_page(request.after, request.limit)
        found = reviews.list_reviews(messages.state_of(request.state), after, limit + 1, self._ports)
        page, more = cut(found, limit)
        return review_pb2.ListReviewsResponse(
            reviews=[messages.review(r) for r in page], next_after=page[-1].id if more else ""
        )

    def GetReview(self, request: review_pb2.GetReviewRequest, context: grpc.ServicerContext) -> review_pb2.Review:
        """With its note."""
        return messages.review(*reviews.get_review(_review(request.review_id), self._ports))

    def DecideReview(self, request: review_pb2.DecideReviewRequest, context: grpc.ServicerContext) -> review_pb2.Review:
        """In the name of the operator whose token it was."""
        decision = messages.state_of(request.decision)
        if decision is None:
            raise InvalidReview("a review is allowed or refused")
        command = reviews.DecideReview(_review(request.review_id), decision, rpc.operator(), request.note)
        return messages.review(reviews.decide_review(command, self._ports))

    def ListProtectedFaces(
        self, request: review_pb2.ListProtectedFacesRequest, context: grpc.ServicerContext
    ) -> review_pb2.ListProtectedFacesResponse:
        """Newest first."""
        after, limit = parse_page(request.after, request.limit)
        page, more = cut(register.list_protected(after, limit + 1, self._ports), limit)
        return review_pb2.ListProtectedFacesResponse(
            entries=[messages.entry(e, self._ports.recogniser) for e in page], next_after=page[-1].id if more else ""
        )

    def AddProtectedFace(
        self, request: review_pb2.AddProtectedFaceRequest, context: grpc.ServicerContext
    ) -> register_pb2.ProtectFaceResponse:
        """For every purpose."""
        register.protect_face(
            register.ProtectFace(
                entry_id=parse_id(request.entry_id, "entry_id"),
                purpose=messages.purpose_of(request.purpose),
                photos=request.photos,
                code_sha256=request.removal_code_sha256,
                by_operator=True,
            ),
            self._ports,
        )
        return register_pb2.ProtectFaceResponse(entry_id=request.entry_id, state=messages.ACCEPTED)

    def RemoveProtectedFace(
        self, request: review_pb2.RemoveProtectedFaceRequest, context: grpc.ServicerContext
    ) -> register_pb2.RemoveProtectionResponse:
        """Without its code."""
        register.remove_as_operator(parse_id(request.entry_id, "entry_id"), self._ports)
        return register_pb2.RemoveProtectionResponse()

    def EraseSubject(
        self, request: review_pb2.EraseSubjectRequest, context: grpc.ServicerContext
    ) -> service_pb2.Erasure:
        """Begin to forget a person; again gives the same erasure."""
        subject_id = SubjectId(parse_id(request.subject_id, "subject_id"))
        return identity_messages.erasure(erasure.request_erasure(subject_id, self._ports))

    def VerifyApp(self, request: review_pb2.VerifyAppRequest, context: grpc.ServicerContext) -> review_pb2.App:
        """An account is an app's; again changes its name."""
        return _app(apps.verify_app(_account(request.subject_id), request.name, self._ports))

    def UnverifyApp(self, request: review_pb2.UnverifyAppRequest, context: grpc.ServicerContext) -> review_pb2.App:
        """It is no longer, and what was given to it ends."""
        return _app(apps.unverify_app(_account(request.subject_id), self._ports))

    def ListApps(
        self, request: review_pb2.ListAppsRequest, context: grpc.ServicerContext
    ) -> review_pb2.ListAppsResponse:
        """By name."""
        return review_pb2.ListAppsResponse(apps=[_app(app) for app in apps.list_apps(self._ports)])


def _app(value: App) -> review_pb2.App:
    verified_at = identity_messages.stamp(value.verified_at)
    return review_pb2.App(subject_id=value.subject_id, name=value.name, verified_at=verified_at)


def _account(text: str) -> SubjectId:
    return SubjectId(parse_id(text, "subject_id"))


def _review(text: str) -> ReviewId:
    return ReviewId(parse_id(text, "review_id"))
