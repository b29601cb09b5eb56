"""`semblance operator reviews list | show | allow | refuse`."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import typer

from semblance.client.command.output import Json, say, table
from semblance.contracts.identity.v1 import review_pb2
from semblance.local.operator.desk import DATA, Data, desk
from semblance.local.operator.shown import Review

app = typer.Typer(help="What a person has to decide.", no_args_is_help=True)
_PAGE = 100
_COLUMNS = ["id", "kind", "state", "subject_id", "opened_at", "decided_by", "used_at"]
ReviewId = Annotated[str, typer.Argument(help="A review's id.")]
Note = Annotated[str, typer.Option(help="For other operators; sealed under the person's key. At most 500 characters.")]


class Which(enum.Enum):
    """Reviews to list."""

    OPEN = "open"
    ALLOWED = "allowed"
    REFUSED = "refused"
    ALL = "all"


@app.command("list")
def list_reviews(
    state: Annotated[Which, typer.Option(help="In which state.")] = Which.OPEN, data: Data = DATA, json: Json = False
) -> None:
    """Reviews, oldest first."""
    number = 0 if state is Which.ALL else review_pb2.ReviewState.Value(f"REVIEW_STATE_{state.name}")
    found: list[Review] = []
    request: Any = review_pb2.ListReviewsRequest(state=number, limit=_PAGE)  # type: ignore[arg-type] # an int, as sent
    with desk(data) as stub:
        while True:
            page = stub.ListReviews(request)
            found += [Review.of(review) for review in page.reviews]
            if not page.next_after:
                break
            request.after = page.next_after
    table(found, _COLUMNS, as_json=json)


@app.command("show")
def show(review_id: ReviewId, data: Data = DATA, json: Json = False) -> None:
    """One review, with whom else it concerns and its note. Tell neither party who the other is."""
    with desk(data) as stub:
        found = stub.GetReview(review_pb2.GetReviewRequest(review_id=review_id))
    say(Review.of(found), as_json=json)


@app.command("allow")
def allow(review_id: ReviewId, note: Note = "", data: Data = DATA, json: Json = False) -> None:
    """Allow it, for good: the person may try again once, or the entry takes effect against the enrolled person."""
    _decide(review_id, review_pb2.REVIEW_STATE_ALLOWED, note, data, json)


@app.command("refuse")
def refuse(review_id: ReviewId, note: Note = "", data: Data = DATA, json: Json = False) -> None:
    """Refuse it, for good: the person reads so in the session that led to it."""
    _decide(review_id, review_pb2.REVIEW_STATE_REFUSED, note, data, json)


def _decide(review_id: str, decision: review_pb2.ReviewState, note: str, data: Data, json: bool) -> None:
    with desk(data) as stub:
        request = review_pb2.DecideReviewRequest(review_id=review_id, decision=decision, note=note)
        decided = Review.of(stub.DecideReview(request))
    until = f" It can be used until {decided.usable_until:%Y-%m-%d %H:%M} UTC." if decided.usable_until else ""
    say(decided, as_json=json, words=f"{decided.kind} is {decided.state} by {decided.decided_by}.{until}")
