"""`semblance operator takedowns list | show | accept | refuse`."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, ConfigDict

from semblance.client.command.output import Json, say, table
from semblance.contracts.provenance.v1 import takedown_pb2 as pb
from semblance.local.operator.desk import DATA, Data, takedown_desk

app = typer.Typer(help="Pictures that somebody wants gone: decide within 48 hours.", no_args_is_help=True)
_MOST = 100
_COLUMNS = ["id", "state", "left", "relation", "picture_count", "hidden", "received_at", "decided_by"]
_PREFIX = "TAKEDOWN_STATE_"
TakedownId = Annotated[str, typer.Argument(help="A notice's id.")]


class Which(enum.Enum):
    """Notices to list."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ALL = "all"


class Picture(BaseModel):
    """A published picture that a notice is about."""

    model_config = ConfigDict(frozen=True)

    image_id: str
    found_by: str
    confidence_0_1: float
    subject_id: str
    state: str


class Takedown(BaseModel):
    """One notice. `left`: time until it is due, as words."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: str
    left: str
    overdue: bool
    relation: str
    picture_count: int
    hidden: bool
    received_at: dt.datetime
    due_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str
    statement_version: str
    signed_name: str
    contact: str
    reason: str
    image: str
    pictures: list[Picture]

    @classmethod
    def of(cls, answer: pb.Takedown, now: dt.datetime) -> Takedown:
        """From the contract's message."""
        is_open = answer.state == pb.TAKEDOWN_STATE_OPEN
        due_at = _instant(answer.due_at)
        return cls(
            id=answer.takedown_id,
            state=pb.TakedownState.Name(answer.state).removeprefix(_PREFIX).lower(),
            left=_left(due_at - now) if is_open else "",
            overdue=answer.overdue,
            relation=pb.TakedownRelation.Name(answer.relation).removeprefix("TAKEDOWN_RELATION_").lower(),
            picture_count=len(answer.pictures),
            hidden=answer.hidden,
            received_at=_instant(answer.received_at),
            due_at=due_at,
            decided_at=_instant(answer.decided_at) if answer.HasField("decided_at") else None,
            decided_by=answer.decided_by,
            statement_version=answer.statement_version,
            signed_name=answer.signed_name,
            contact=answer.contact,
            reason=answer.reason,
            image=answer.image,
            pictures=[_picture(picture) for picture in answer.pictures],
        )


@app.command("list")
def list_takedowns(
    state: Annotated[Which, typer.Option(help="In which state.")] = Which.OPEN, data: Data = DATA, json: Json = False
) -> None:
    """Open ones by their clock, overdue first; others newest first. At most 100."""
    number: Any = 0 if state is Which.ALL else pb.TakedownState.Value(f"{_PREFIX}{state.name}")
    with takedown_desk(data) as stub:
        found = stub.ListTakedowns(pb.ListTakedownsRequest(state=number, limit=_MOST)).takedowns
    now = dt.datetime.now(dt.UTC)
    table([Takedown.of(each, now) for each in found], _COLUMNS, as_json=json)


@app.command("show")
def show(takedown_id: TakedownId, data: Data = DATA, json: Json = False) -> None:
    """One notice with who asks and why, and the pictures that it is about. Tell neither side who the other is."""
    with takedown_desk(data) as stub:
        found = stub.GetTakedown(pb.GetTakedownRequest(takedown_id=takedown_id))
    say(Takedown.of(found, dt.datetime.now(dt.UTC)), as_json=json)


@app.command("accept")
def accept(
    takedown_id: TakedownId,
    but_not: Annotated[list[str] | None, typer.Option(help="An image id that stays.")] = None,
    also: Annotated[list[str] | None, typer.Option(help="An image id that goes too.")] = None,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Take the pictures down, at once and for good. Their person reads it in the audit log."""
    request = pb.DecideTakedownRequest(
        takedown_id=takedown_id, decision=pb.TAKEDOWN_STATE_ACCEPTED, but_not=but_not or [], also=also or []
    )
    _decide(request, data, json)


@app.command("refuse")
def refuse(takedown_id: TakedownId, data: Data = DATA, json: Json = False) -> None:
    """Refuse it, for good; pictures that were hidden can be fetched again."""
    _decide(pb.DecideTakedownRequest(takedown_id=takedown_id, decision=pb.TAKEDOWN_STATE_REFUSED), data, json)


def _decide(request: pb.DecideTakedownRequest, data: Data, json: bool) -> None:
    with takedown_desk(data) as stub:
        decided = Takedown.of(stub.DecideTakedown(request), dt.datetime.now(dt.UTC))
    gone = sum(picture.state == "taken-down" for picture in decided.pictures)
    words = f"The notice is {decided.state} by {decided.decided_by}; pictures taken down: {gone}."
    say(decided, as_json=json, words=words)


def _picture(answer: pb.TakedownPicture) -> Picture:
    return Picture(
        image_id=answer.image_id,
        found_by=answer.found_by,
        confidence_0_1=round(answer.confidence_0_1, 3),
        subject_id=answer.subject_id,
        state=answer.picture_state,
    )


def _left(left: dt.timedelta) -> str:
    hours, minutes = divmod(abs(int(left.total_seconds())) // 60, 60)
    return f"{hours} h {minutes:02} min" if left > dt.timedelta() else f"OVERDUE by {hours} h {minutes:02} min"


def _instant(stamp: Timestamp) -> dt.datetime:
    return stamp.ToDatetime(dt.UTC)
