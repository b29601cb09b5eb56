"""`semblance protect`: have a face refused everywhere, without an account."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.asking import refused
from semblance.client.command.credentials import load
from semblance.client.command.output import Json, say

app = typer.Typer(help="Have a face refused everywhere; needs no account.", no_args_is_help=True)
Url = Annotated[str | None, typer.Option("--url", help="Where the platform is.")]


class Purpose(enum.Enum):
    """Whose face it is."""

    SELF = "self"
    GUARDIAN = "guardian"


@app.command("add")
def add(
    photos: Annotated[
        list[Path], typer.Argument(help="1 to 3 photos, each with one clear face.", exists=True, dir_okay=False)
    ],
    purpose: Annotated[Purpose, typer.Option(help="Your own face, or one you are the guardian of.")] = Purpose.SELF,
    url: Url = None,
    json: Json = False,
) -> None:
    """Protect a face. The photos are measured and dropped. The removal code is shown once: keep it."""
    with Client(url or load().base_url) as here:
        entry = here.protect_face(photos, purpose.value)
    words = f"Entry {entry.id} is {entry.state}.\nRemoval code, shown this once: {entry.removal_code}"
    say(entry, as_json=json, words=words)


@app.command("remove")
def remove(
    entry_id: str,
    url: Url = None,
    _code: Annotated[
        str | None, refused("--code", "Leave it out to be asked, or use REMOVAL_CODE of the environment.")
    ] = None,
    json: Json = False,
) -> None:
    """Take the protection back. The removal code is asked for, unless REMOVAL_CODE has it."""
    code = os.environ.get("REMOVAL_CODE") or typer.prompt("Removal code", hide_input=True, err=True)
    with Client(url or load().base_url) as here:
        here.remove_protection(entry_id, code)
    say({"removed": entry_id}, as_json=json, words=f"Entry {entry_id} is removed; the face is protected no longer.")
