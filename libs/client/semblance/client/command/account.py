"""`semblance account`, `semblance login` and `semblance erase`."""

from __future__ import annotations

import datetime as dt
import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.credentials import config_dir, load, save
from semblance.client.command.output import Json, Timeout, bar, client, say
from semblance.client.command.private_files import private
from semblance.client.errors import ApiError
from semblance.kernel.errors import Kind

app = typer.Typer(help="The account on a platform.", no_args_is_help=True)
Handle = Annotated[str, typer.Argument(help="3 to 40 of a-z 0-9 _ . -")]
Url = Annotated[str | None, typer.Option("--url", help="Where the platform is; kept for later commands.")]
Password = Annotated[
    str | None,
    typer.Option(help="Better asked for than typed here: other users can see it.", envvar="SEMBLANCE_PASSWORD"),
]


@app.command("create")
def create_account(handle: Handle, url: Url = None, password: Password = None, json: Json = False) -> None:
    """Create an account and sign in."""
    secret = password or typer.prompt("Password (12 characters at least)", hide_input=True, confirmation_prompt=True)
    with Client(url or load().base_url) as here:
        account = here.create_account(handle, secret)
        _sign_in(here, handle, secret)
    say(account, as_json=json, words=f"Account {handle} is there, and you are signed in.")


@app.command("show")
def show_account(json: Json = False) -> None:
    """The account in use."""
    with client() as here:
        say(here.me(), as_json=json)


def login(handle: Handle, url: Url = None, password: Password = None, json: Json = False) -> None:
    """Sign in for an hour."""
    secret = password or typer.prompt("Password", hide_input=True)
    with Client(url or load().base_url) as here:
        _sign_in(here, handle, secret)
        say({"handle": handle, "url": here.base_url}, as_json=json, words=f"Signed in as {handle} at {here.base_url}.")


def erase(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the signed receipt goes.", dir_okay=False)] = None,
    timeout: Timeout = 120.0,
    json: Json = False,
) -> None:
    """Erase the account and everything about you, everywhere. The signed receipt is saved.

    Running it again goes on waiting for the same erasure.
    """
    if not yes:
        typer.confirm("Everything goes: photos, adapters, images, consents. This cannot be undone. Go on?", abort=True)
    with client() as here, bar(quiet=json) as progress:
        progress.add_task("erasing", total=None)
        erasure = here.wait_erased(here.erase().id, timeout_s=timeout)
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


def _sign_in(here: Client, handle: str, password: str) -> None:
    token = here.sign_in(handle, password)
    expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=token.expires_in)
    changes = {"base_url": here.base_url, "handle": handle, "token": token.access_token, "expires_at": expires_at}
    save(load().model_copy(update={**changes, "session": None}))
