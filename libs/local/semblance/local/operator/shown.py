"""Reviews and entries as an operator's terminal shows them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, ConfigDict

from semblance.contracts.identity.v1 import register_pb2, review_pb2


class Review(BaseModel):
    """One review. `other_subject_id` and `entry_id` are for the operator, never for the people concerned."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    state: str
    subject_id: str
    session_id: str
    other_subject_id: str
    entry_id: str
    opened_at: dt.datetime | None
    decided_at: dt.datetime | None
    decided_by: str
    usable_until: dt.datetime | None
    used_at: dt.datetime | None
    note: str

    @classmethod
    def of(cls, answer: review_pb2.Review) -> Review:
        """From the contract's message."""
        return cls(
            id=answer.review_id,
            kind=_word(review_pb2.ReviewKind, answer.kind),
            state=_word(review_pb2.ReviewState, answer.state),
            subject_id=answer.subject_id,
            session_id=answer.session_id,
            other_subject_id=answer.other_subject_id,
            entry_id=answer.entry_id,
            opened_at=_instant(answer, "opened_at"),
            decided_at=_instant(answer, "decided_at"),
            decided_by=answer.decided_by,
            usable_until=_instant(answer, "usable_until"),
            used_at=_instant(answer, "used_at"),
            note=answer.note,
        )


class ProtectedFace(BaseModel):
    """One entry of the protected register."""

    model_config = ConfigDict(frozen=True)

    id: str
    purpose: str
    added_at: dt.datetime | None
    face_model: str
    in_effect: bool

    @classmethod
    def of(cls, answer: register_pb2.ProtectedFace) -> ProtectedFace:
        """From the contract's message."""
        return cls(
            id=answer.entry_id,
            purpose=_word(register_pb2.ProtectionPurpose, answer.purpose),
            added_at=_instant(answer, "added_at"),
            face_model=answer.face_model,
            in_effect=answer.in_effect,
        )


def _word(enum: Any, number: int) -> str:
    """The value's name without its enum's, in small letters; "other" for one that this build does not know."""
    if number not in enum.values():
        return "other"
    prefix = enum.Name(0).removesuffix("UNSPECIFIED")
    return str(enum.Name(number)).removeprefix(prefix).lower()


def _instant(message: Any, name: str) -> dt.datetime | None:
    stamp: Timestamp = getattr(message, name)
    return stamp.ToDatetime(dt.UTC) if message.HasField(name) else None
