"""`semblance takedown`: ask for a picture to go, without an account, and how that stands."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.credentials import load
from semblance.client.command.output import Json, say
from semblance.client.takedown_calls import Takedown

app = typer.Typer(help="Ask for a picture of you to be taken down; needs no account.", no_args_is_help=True)
Url = Annotated[str | None, typer.Option("--url", help="Where the platform is.")]


class Relation(enum.Enum):
    """Who asks, in relation to who is in the picture."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


@app.command("statement")
def statement(url: Url = None, json: Json = False) -> None:
    """What you sign when you ask."""
    with Client(url or load().base_url) as here:
        found = here.takedown_statement()
    say(found, as_json=json, words=f"{found.text}\n(version {found.version})")


@app.command("ask")
def ask(
    picture: Annotated[str, typer.Argument(help="A file, a link, an image id or a manifest id.")],
    *,
    statement: Annotated[str, typer.Option(help="The version of the statement that you confirm, as `statement` says.")],
    name: Annotated[str, typer.Option(prompt="Your name, as a signature")],
    contact: Annotated[str, typer.Option(prompt="How to reach you")],
    relation: Annotated[Relation, typer.Option(help="Who you are to who is in it.")] = Relation.SELF,
    reason: Annotated[str, typer.Option(help="What an operator should know.")] = "",
    url: Url = None,
    json: Json = False,
) -> None:
    """Ask for it to go: an operator decides within 48 hours. The file is compared with what is published, not kept."""
    file = Path(picture)
    with Client(url or load().base_url) as here:
        notice = here.request_takedown(
            file if file.is_file() else picture,
            signed_name=name,
            contact=contact,
            statement_version=statement,
            relation=relation.value,
            reason=reason,
        )
    kept = f"Reference, told this once: {notice.reference}"
    say({**notice.model_dump(mode="json")}, as_json=json, words=f"{_words(notice)}\n{kept}")


@app.command("status")
def status(reference: str, url: Url = None, json: Json = False) -> None:
    """How a notice stands."""
    with Client(url or load().base_url) as here:
        notice = here.takedown(reference)
    say(notice, as_json=json, words=_words(notice))


def _words(notice: Takedown) -> str:
    if notice.state == "accepted":
        return "Accepted: the pictures are taken down."
    if notice.state == "refused":
        return "Refused: an operator found that the pictures may stay."
    found = {0: "No published picture was recognised: a person will search.", 1: "It is about one published picture."}
    about = found.get(notice.pictures, f"It is about {notice.pictures} published pictures.")
    hidden = " Nobody can fetch them meanwhile." if notice.hidden else ""
    return f"Open. {about}{hidden} An operator decides by {notice.due_at:%Y-%m-%d %H:%M} UTC."
