"""`semblance operator protected list | add | remove`."""

from __future__ import annotations

import enum
import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.command.output import Json, say, table
from semblance.contracts.identity.v1 import register_pb2, review_pb2
from semblance.kernel.ids import new_id
from semblance.local.operator.desk import DATA, Data, desk
from semblance.local.operator.shown import ProtectedFace

app = typer.Typer(help="Faces that nothing may be made of.", no_args_is_help=True)
_PAGE = 100


class Purpose(enum.Enum):
    """In whose name a face is added."""

    SELF = "self"
    GUARDIAN = "guardian"
    LEGAL_ORDER = "legal_order"
    OPERATOR = "operator"


@app.command("list")
def list_protected(data: Data = DATA, json: Json = False) -> None:
    """Entries, newest first; nobody can see whose face an entry is."""
    found: list[ProtectedFace] = []
    request = review_pb2.ListProtectedFacesRequest(limit=_PAGE)
    with desk(data) as stub:
        while True:
            page = stub.ListProtectedFaces(request)
            found += [ProtectedFace.of(entry) for entry in page.entries]
            if not page.next_after:
                break
            request.after = page.next_after
    table(found, ["id", "purpose", "added_at", "face_model", "in_effect"], as_json=json)


@app.command("add")
def add(
    photos: Annotated[list[Path], typer.Argument(help="1 to 3 photos of one person.", exists=True, dir_okay=False)],
    purpose: Annotated[Purpose, typer.Option(help="In whose name.")] = Purpose.OPERATOR,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Protect a face. The removal code is shown once; you may also remove an entry without it."""
    code = secrets.token_urlsafe(32)
    request = review_pb2.AddProtectedFaceRequest(
        entry_id=new_id(),
        purpose=getattr(register_pb2, f"PROTECTION_PURPOSE_{purpose.name}"),
        photos=[photo.read_bytes() for photo in photos],
        removal_code_sha256=hashlib.sha256(code.encode()).hexdigest(),
    )
    with desk(data) as stub:
        made = stub.AddProtectedFace(request)
    about = {"id": made.entry_id, "state": made.state, "removal_code": code}
    say(about, as_json=json, words=f"Entry {made.entry_id} is {made.state}. Removal code: {code}")


@app.command("remove")
def remove(
    entry_id: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DATA,
    json: Json = False,
) -> None:
    """Remove an entry without its code; its key is destroyed and the face is protected no longer."""
    if not yes:
        typer.confirm("The face is protected no longer, and this cannot be undone. Go on?", abort=True)
    with desk(data) as stub:
        stub.RemoveProtectedFace(review_pb2.RemoveProtectedFaceRequest(entry_id=entry_id))
    say({"removed": entry_id}, as_json=json, words=f"Entry {entry_id} is removed.")
