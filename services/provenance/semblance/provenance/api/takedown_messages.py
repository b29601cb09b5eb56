"""Take-down notices between protobuf and the domain."""

from __future__ import annotations

import datetime as dt
from typing import Any

from semblance.contracts.provenance.v1 import takedown_pb2 as pb
from semblance.provenance.api.messages import timestamp
from semblance.provenance.domain.errors import InvalidTakedown
from semblance.provenance.domain.publication import Publication
from semblance.provenance.domain.takedown import Claimant, Notice, Relation, Takedown, TakedownPicture, TakedownState
from semblance.provenance.handlers.looking import picture_state
from semblance.provenance.handlers.taking_down import NoticeShown

_RELATIONS = {getattr(pb, f"TAKEDOWN_RELATION_{each.name}"): each for each in Relation}
_STATES = {getattr(pb, f"TAKEDOWN_STATE_{each.name}"): each for each in TakedownState}
_RELATION_NUMBERS = {relation: number for number, relation in _RELATIONS.items()}
_STATE_NUMBERS = {state: number for number, state in _STATES.items()}


def notice_of(message: pb.TakedownNotice) -> Notice:
    """Raises InvalidTakedown for a relation that this build does not know."""
    if message.relation not in _RELATIONS:
        raise InvalidTakedown("the relation is self, guardian or representative")
    return Notice(
        reference=message.reference,
        claimant=Claimant(message.signed_name, message.contact, message.reason, message.image),
        relation=_RELATIONS[message.relation],
        statement_version=message.statement_version,
        confirmed=message.confirmed,
    )


def state_of(number: int) -> TakedownState | None:
    """None for all states."""
    return _STATES.get(number)


def receipt(reference: str, takedown: Takedown, pictures: int) -> pb.TakedownReceipt:
    """What whoever asked may know."""
    return pb.TakedownReceipt(
        reference=reference,
        state=_STATE_NUMBERS[takedown.state],
        received_at=timestamp(takedown.received_at),
        due_at=timestamp(takedown.due_at),
        decided_at=timestamp(takedown.decided_at),
        pictures=pictures,
        hidden=takedown.hidden and takedown.state is TakedownState.OPEN,
    )


def takedown(shown: NoticeShown, now: dt.datetime) -> pb.Takedown:
    """What an operator sees."""
    known, claimant = shown.takedown, shown.claimant
    words: dict[str, Any] = {}
    if claimant is not None:
        words = {
            "signed_name": claimant.signed_name,
            "contact": claimant.contact,
            "reason": claimant.reason,
            "image": claimant.image,
        }
    is_open = known.state is TakedownState.OPEN
    return pb.Takedown(
        takedown_id=known.id,
        state=_STATE_NUMBERS[known.state],
        received_at=timestamp(known.received_at),
        due_at=timestamp(known.due_at),
        overdue=known.overdue(now),
        relation=_RELATION_NUMBERS[known.relation],
        statement_version=known.statement_version,
        hidden=known.hidden and is_open,
        pictures=[_picture(picture, publication, is_open) for picture, publication in shown.pictures],
        decided_at=timestamp(known.decided_at),
        decided_by=known.decided_by,
        **words,
    )


def _picture(picture: TakedownPicture, publication: Publication | None, is_open: bool) -> pb.TakedownPicture:
    return pb.TakedownPicture(
        image_id=picture.image_id,
        found_by=picture.found_by,
        confidence_0_1=picture.confidence_0_1,
        subject_id=publication.subject_id if publication else "",
        picture_state=picture_state(publication, hidden=picture.hidden and is_open).value if publication else "erased",
    )
