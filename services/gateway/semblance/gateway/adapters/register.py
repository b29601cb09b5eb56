"""identity's register of protected faces and reviews, as the gateway asks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from semblance.contracts.identity.v1 import register_pb2, register_pb2_grpc, review_pb2, review_pb2_grpc
from semblance.gateway.adapters import protos
from semblance.gateway.domain.things import OwnReview

_PURPOSES = {
    "self": register_pb2.PROTECTION_PURPOSE_SELF,
    "guardian": register_pb2.PROTECTION_PURPOSE_GUARDIAN,
}


class GrpcRegister:
    """See ports.Register."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = register_pb2_grpc.RegisterServiceStub(channel)

    def protect(self, entry_id: str, *, purpose: str, code_sha256: str, photos: Sequence[bytes]) -> str:
        request = register_pb2.ProtectFaceRequest(
            entry_id=entry_id, purpose=_PURPOSES[purpose], photos=photos, removal_code_sha256=code_sha256
        )
        return str(self._stub.ProtectFace(request, timeout=protos.SLOW_S).state)

    def remove(self, entry_id: str, code: str) -> None:
        self._stub.RemoveProtection(register_pb2.RemoveProtectionRequest(entry_id=entry_id, removal_code=code))


class GrpcReviews:
    """See ports.Reviews. Deciding them is not among the gateway's calls, and its token would not do."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = review_pb2_grpc.ReviewServiceStub(channel)

    def request(self, subject_id: str, release_id: str) -> OwnReview:
        request = review_pb2.RequestReviewRequest(subject_id=subject_id, release_id=release_id)
        return _review(self._stub.RequestReview(request))

    def get(self, subject_id: str, review_id: str) -> OwnReview:
        request = review_pb2.GetOwnReviewRequest(subject_id=subject_id, review_id=review_id)
        return _review(self._stub.GetOwnReview(request))


def _review(answer: Any) -> OwnReview:
    return OwnReview(
        id=answer.review_id,
        state=protos.word(review_pb2.ReviewState, answer.state),
        requested_at=protos.instant_or_epoch(answer, "requested_at"),
        usable_until=protos.instant(answer, "usable_until"),
        advice=answer.advice,
    )
