"""`semblance erase`: be forgotten, and keep the proof of it."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.asking import NoPassword, PasswordFile, given_password
from semblance.client.command.credentials import config_dir
from semblance.client.command.output import Json, Timeout, bar, client, say
from semblance.client.command.private_files import private
from semblance.client.errors import ApiError
from semblance.kernel.errors import Kind


def erase(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the signed receipt goes.", dir_okay=False)] = None,
    timeout: Timeout = 120.0,
    password_file: PasswordFile = None,
    _password: NoPassword = None,
    json: Json = False,
) -> None:
    """Erase the account and everything about you, everywhere. The signed receipt is saved.

    The password is asked for once more, unless SEMBLANCE_PASSWORD or --password-file has it. Running it again goes on
    waiting for the same erasure.
    """
    if not yes:
        typer.confirm("Everything goes: photos, adapters, images, consents. This cannot be undone. Go on?", abort=True)
    with client() as here:
        erasure_id = _begin(here, password_file)
        with bar(quiet=json) as progress:
            progress.add_task("erasing", total=None)
            erasure = here.wait_erased(erasure_id, timeout_s=timeout)
        receipt = out or Path(f"erasure-{erasure.id}.jws")
        private(receipt, here.receipt(erasure.id))
        keys = receipt.with_suffix(".keys.json")  # beside it: the platform may be gone when somebody asks
        keys.write_text(json_module.dumps(here.receipt_keys(), indent=2) + "\n", encoding="utf-8")
        listed = _save_list(here, erasure.id, receipt)
    (config_dir() / "credentials.json").unlink(missing_ok=True)
    count = sum(store.count for store in erasure.stores)
    words = f"Erased: {count} things in {len(erasure.stores)} stores. Receipt: {receipt}, its keys: {keys}"
    words += f", its list: {listed}" if listed else ""
    say(
        {**erasure.model_dump(mode="json"), "receipt": str(receipt), "receipt_keys": str(keys)}
        | ({"receipt_list": str(listed)} if listed else {}),
        as_json=json,
        words=words,
    )


def _save_list(here: Client, erasure_id: str, receipt: Path) -> Path | None:
    """What was destroyed, thing by thing, for the person alone. None: the platform no longer keeps it."""
    try:
        listed = here.erased_items(erasure_id)
    except ApiError as e:
        if e.kind in (Kind.GONE, Kind.NOT_FOUND):
            return None
        raise
    path = receipt.with_suffix(".list.json")
    private(path, listed.model_dump_json(indent=1) + "\n")
    return path


def _begin(here: Client, password_file: Path | None) -> str:
    """The erasure's id. Asked for only where it is needed: one that has begun needs no password, nor do people of an
    identity provider, who have none here."""
    password = given_password(password_file)
    try:
        return here.erase(password).id
    except ApiError as e:
        if password is not None or e.code != "password-needed":
            raise
    return here.erase(typer.prompt("Password, once more", hide_input=True, err=True)).id
