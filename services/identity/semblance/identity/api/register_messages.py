"""Reviews and the protected register as the contract's messages."""

from __future__ import annotations

from semblance.contracts.identity.v1 import register_pb2, review_pb2
from semblance.identity.api.messages import stamp
from semblance.identity.domain.protection import ProtectedFace, ProtectionPurpose
from semblance.identity.domain.recogniser import Recogniser
from semblance.identity.domain.review import REFUSED_ADVICE, Review, ReviewKind, ReviewState
from semblance.kernel.errors import Invalid

_PURPOSES: dict[ProtectionPurpose, register_pb2.ProtectionPurpose] = {
    ProtectionPurpose.SELF: register_pb2.PROTECTION_PURPOSE_SELF,
    ProtectionPurpose.GUARDIAN: register_pb2.PROTECTION_PURPOSE_GUARDIAN,
    ProtectionPurpose.LEGAL_ORDER: register_pb2.PROTECTION_PURPOSE_LEGAL_ORDER,
    ProtectionPurpose.OPERATOR: register_pb2.PROTECTION_PURPOSE_OPERATOR,
}
_KINDS: dict[ReviewKind, review_pb2.ReviewKind] = {
    ReviewKind.FACE_ENROLLED_ELSEWHERE: review_pb2.REVIEW_KIND_FACE_ENROLLED_ELSEWHERE,
    ReviewKind.PROTECTED_FACE: review_pb2.REVIEW_KIND_PROTECTED_FACE,
    ReviewKind.NON_BIOMETRIC: review_pb2.REVIEW_KIND_NON_BIOMETRIC,
    ReviewKind.PROTECTION_OF_ENROLLED_FACE: review_pb2.REVIEW_KIND_PROTECTION_OF_ENROLLED_FACE,
}
_STATES: dict[ReviewState, review_pb2.ReviewState] = {
    ReviewState.OPEN: review_pb2.REVIEW_STATE_OPEN,
    ReviewState.ALLOWED: review_pb2.REVIEW_STATE_ALLOWED,
    ReviewState.REFUSED: review_pb2.REVIEW_STATE_REFUSED,
}
_ADVICE = {
    ReviewState.OPEN: "A person will look at it. Read this again in some days.",
    ReviewState.ALLOWED: "Allowed: grant the consent with this review's id before usable_until.",
    ReviewState.REFUSED: REFUSED_ADVICE,
}
ACCEPTED = "accepted"


def purpose_of(number: register_pb2.ProtectionPurpose) -> ProtectionPurpose:
    """Raises Invalid for one that this build does not know."""
    for purpose, its_number in _PURPOSES.items():
        if its_number == number:
            return purpose
    raise Invalid("an unknown purpose was named", code="unknown-purpose")


def state_of(number: review_pb2.ReviewState) -> ReviewState | None:
    """None: in every state. Raises Invalid for one that this build does not know."""
    if number == review_pb2.REVIEW_STATE_UNSPECIFIED:
        return None
    for state, its_number in _STATES.items():
        if its_number == number:
            return state
    raise Invalid("an unknown state was named", code="unknown-state")


def entry(value: ProtectedFace, ours: Recogniser) -> register_pb2.ProtectedFace:
    """Neither template nor code."""
    return register_pb2.ProtectedFace(
        entry_id=value.id,
        purpose=_PURPOSES[value.purpose],
        added_at=stamp(value.added_at),
        face_model=value.face_model,
        in_effect=value.face_model == ours.id,
    )


def review(value: Review, note: str = "") -> review_pb2.Review:
    """For an operator."""
    return review_pb2.Review(
        review_id=value.id,
        kind=_KINDS[value.kind],
        subject_id=value.subject_id,
        session_id=value.session_id or "",
        other_subject_id=value.other_subject_id or "",
        entry_id=value.entry_id or "",
        state=_STATES[value.state],
        opened_at=stamp(value.opened_at),
        decided_at=stamp(value.decided_at),
        decided_by=value.decided_by or "",
        usable_until=stamp(value.usable_until),
        used_at=stamp(value.used_at),
        note=note,
    )


def own_review(value: Review) -> review_pb2.OwnReview:
    """For the person who asked."""
    used = value.used_at is not None
    return review_pb2.OwnReview(
        review_id=value.id,
        state=_STATES[value.state],
        requested_at=stamp(value.opened_at),
        usable_until=stamp(None if used else value.usable_until),
        advice="Used: a consent was granted on it." if used else _ADVICE[value.state],
    )
