"""`semblance account`, `semblance login` and `semblance logout`."""

from __future__ import annotations

import datetime as dt
import os
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.asking import NoPassword, PasswordFile, password
from semblance.client.command.credentials import load, save
from semblance.client.command.output import Json, client, say, table
from semblance.client.errors import ApiError
from semblance.kernel.errors import Kind

app = typer.Typer(help="The account on a platform.", no_args_is_help=True)
Handle = Annotated[str, typer.Argument(help="3 to 40 of a-z 0-9 _ . -")]
Url = Annotated[str | None, typer.Option("--url", help="Where the platform is; kept for later commands.")]


@app.command("create")
def create_account(
    handle: Handle,
    url: Url = None,
    password_file: PasswordFile = None,
    _password: NoPassword = None,
    json: Json = False,
) -> None:
    """Create an account and sign in. The password is asked for, unless SEMBLANCE_PASSWORD or --password-file has it."""
    secret = password(password_file, "Password (12 characters at least)", twice=True)
    with Client(url or load().base_url) as here:
        account = here.create_account(handle, secret)
        _sign_in(here, handle, secret)
    say(account, as_json=json, words=f"Account {handle} is there, and you are signed in.")


@app.command("show")
def show_account(json: Json = False) -> None:
    """The account in use."""
    with client() as here:
        say(here.me(), as_json=json)


def login(
    handle: Handle,
    url: Url = None,
    password_file: PasswordFile = None,
    _password: NoPassword = None,
    json: Json = False,
) -> None:
    """Sign in for an hour. The password is asked for, unless SEMBLANCE_PASSWORD or --password-file has it."""
    secret = password(password_file, "Password")
    with Client(url or load().base_url) as here:
        _sign_in(here, handle, secret)
        say({"handle": handle, "url": here.base_url}, as_json=json, words=f"Signed in as {handle} at {here.base_url}.")


def logout(
    everywhere: Annotated[bool, typer.Option("--everywhere", help="On every other device too.")] = False,
    json: Json = False,
) -> None:
    """Sign out: the token is refused from now on, wherever it may lie."""
    kept = load()
    with client() as here:
        try:
            here.sign_out(everywhere=everywhere)
        except ApiError as e:
            if e.kind is not Kind.UNAUTHENTICATED:  # else it had ended before
                raise
    save(kept.model_copy(update={"token": None, "expires_at": None, "session": None}))
    where = "everywhere" if everywhere else "here"
    say({"handle": kept.handle, "signed_out": where}, as_json=json, words=f"Signed out {where}.")


@app.command("sessions")
def sessions(json: Json = False) -> None:
    """Where the account is signed in."""
    with client() as here:
        table(list(here.sessions()), ("id", "opened_at", "expires_at", "current"), as_json=json)


@app.command("password")
def change_password(json: Json = False) -> None:
    """Change the password; every other sign-in ends. SEMBLANCE_PASSWORD and SEMBLANCE_NEW_PASSWORD need no asking."""
    with client() as here:
        present = password(None, "Present password")
        wanted = os.environ.get("SEMBLANCE_NEW_PASSWORD") or typer.prompt(
            "New password (12 characters at least)", hide_input=True, confirmation_prompt=True, err=True
        )
        here.change_password(present, wanted)
    say({"changed": True}, as_json=json, words="The password is changed, and every other sign-in has ended.")


def _sign_in(here: Client, handle: str, password: str) -> None:
    token = here.sign_in(handle, password)
    expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=token.expires_in)
    changes = {"base_url": here.base_url, "handle": handle, "token": token.access_token, "expires_at": expires_at}
    save(load().model_copy(update={**changes, "session": None}))
