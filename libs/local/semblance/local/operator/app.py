"""`semblance operator`: what is not for people's own accounts. Needs an operator's token."""

from __future__ import annotations

from typing import Annotated

import typer

from semblance.client.command.output import Json, say
from semblance.contracts.identity.v1 import review_pb2
from semblance.local.operator import apps, protected, reviews, takedowns
from semblance.local.operator.desk import DATA, Data, desk

app = typer.Typer(
    help="For operators: decide reviews and take-down notices, keep the protected register, erase somebody after a "
    "restore. Elsewhere than on this machine: SEMBLANCE_OPERATOR_ADDRESS (identity's gRPC host:port), "
    "SEMBLANCE_OPERATOR_PROVENANCE_ADDRESS (provenance's) and SEMBLANCE_OPERATOR_TOKEN.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(reviews.app, name="reviews")
app.add_typer(protected.app, name="protected")
app.add_typer(apps.app, name="apps")
app.add_typer(takedowns.app, name="takedowns")


@app.command("erase")
def erase(
    subject_id: Annotated[str, typer.Argument(help="Whose data goes.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Erase a person everywhere, as after restoring a backup from before their erasure. Again says how far it is."""
    if not yes:
        typer.confirm("Everything of this person goes, in every service. This cannot be undone. Go on?", abort=True)
    with desk(data) as stub:
        erasure = stub.EraseSubject(review_pb2.EraseSubjectRequest(subject_id=subject_id))
    waiting = list(erasure.waiting_for)
    words = f"Erasure {erasure.erasure_id} is {erasure.state}."
    say(
        {"id": erasure.erasure_id, "state": erasure.state, "waiting_for": waiting},
        as_json=json,
        words=words + (f" Waiting for {', '.join(waiting)}." if waiting else ""),
    )
