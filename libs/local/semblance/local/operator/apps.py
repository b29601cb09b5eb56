"""`semblance operator apps list | verify | unverify`."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from semblance.client.command.output import Json, say, table
from semblance.contracts.identity.v1 import review_pb2
from semblance.local.operator.desk import DATA, Data, desk

app = typer.Typer(help="Accounts that are known to be an app's.", no_args_is_help=True)
SubjectId = Annotated[
    str, typer.Argument(help="The account's subject id; its owner reads it with `semblance account show`.")
]


class App(BaseModel):
    """A verified app."""

    model_config = ConfigDict(frozen=True)

    subject_id: str
    name: str
    verified_at: dt.datetime

    @classmethod
    def of(cls, answer: review_pb2.App) -> App:
        """From the contract's message."""
        verified_at = answer.verified_at.ToDatetime(tzinfo=dt.UTC)
        return cls(subject_id=answer.subject_id, name=answer.name, verified_at=verified_at)


@app.command("list")
def list_apps(data: Data = DATA, json: Json = False) -> None:
    """Verified apps, by name."""
    with desk(data) as stub:
        found = [App.of(each) for each in stub.ListApps(review_pb2.ListAppsRequest()).apps]
    table(found, ["subject_id", "name", "verified_at"], as_json=json)


@app.command("verify")
def verify(
    subject_id: SubjectId,
    name: Annotated[str, typer.Option(help="Shown to the people whom it asks. No two apps have the same.")],
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Mark an account as an app's, once you know who is behind it. Again changes the name."""
    with desk(data) as stub:
        marked = App.of(stub.VerifyApp(review_pb2.VerifyAppRequest(subject_id=subject_id, name=name)))
    say(marked, as_json=json, words=f"{marked.subject_id} is the verified app {marked.name}.")


@app.command("unverify")
def unverify(subject_id: SubjectId, data: Data = DATA, json: Json = False) -> None:
    """Take the mark away. Every grant that was given to the app ends."""
    with desk(data) as stub:
        was = App.of(stub.UnverifyApp(review_pb2.UnverifyAppRequest(subject_id=subject_id)))
    say(was, as_json=json, words=f"{was.name} is no verified app any more; what it was given has ended.")
