"""`semblance consent`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import EVERY_PURPOSE, Client
from semblance.client.command.credentials import load, save
from semblance.client.command.frames import read_frames
from semblance.client.command.output import Json, client, say, table
from semblance.client.command.private_files import private
from semblance.client.models import CaptureSession
from semblance.kernel.errors import Conflict, Invalid

app = typer.Typer(help="Say yes, see it, take it back.", no_args_is_help=True)
Purposes = Annotated[list[str], typer.Option("--purpose", help="photos, train, generate; may be given several times.")]
_EVERY = list(EVERY_PURPOSE)
Name = Annotated[str, typer.Option("--name", help="Your name, typed as a signature under the release.")]
Adult = Annotated[bool, typer.Option("--adult", help="I am of age.")]


@app.command("notice")
def notice(language: Annotated[str, typer.Option()] = "en", json: Json = False) -> None:
    """What you agree to. Read it before anything else."""
    with Client(load().base_url) as here:
        shown = here.notice(language)
    say(shown, as_json=json, words=f"{shown.text}\n\nversion {shown.version}, sha256 {shown.sha256}")


@app.command("begin")
def begin(
    name: Name,
    adult: Adult = False,
    purpose: Purposes = _EVERY,
    json: Json = False,
) -> None:
    """Sign the release for the notice and learn what to do before the camera."""
    with client() as here:
        session = _begin(here, name, adult, purpose)
    say(session, as_json=json, words=_instructions(session))


@app.command("grant")
def grant(
    *,
    frames: Annotated[Path, typer.Option(help="A folder with the frames.", exists=True, file_okay=False)],
    name: Annotated[str | None, typer.Option("--name", help="Needed when no capture was begun.")] = None,
    adult: Adult = False,
    purpose: Purposes = _EVERY,
    days: Annotated[int, typer.Option(min=1, max=3650)] = 365,
    fps: Annotated[float, typer.Option(min=0.5, max=60, help="When no file says the frames' times.")] = 5.0,
    json: Json = False,
) -> None:
    """Send the capture and consent. Begins one first if `consent begin` did not."""
    with client() as here:
        session = _begun()
        if session is None:
            if name is None:
                raise Invalid("no capture was begun", remedy="Run `semblance consent begin`.", code="no-capture")
            session = _begin(here, name, adult, purpose)
            if not json:
                typer.echo(_instructions(session))
                typer.prompt(f"Press Enter when the frames are in {frames}", default="", show_default=False)
        after = here.submit_capture(session, read_frames(frames, fps))
        if after.state != "succeeded":
            _keep(after if after.state in {"created", "in_progress"} else None)
            if after.state == "in_progress":
                typer.echo(_instructions(after), err=True)
            advice = " ".join(after.advice) or "Do what was asked for, in that order, in good light."
            left = f"{after.tries_left} tries left." if after.tries_left else "Begin again."
            raise Conflict("the capture did not convince", remedy=f"{advice} {left}", code="capture-not-succeeded")
        consent = here.grant_consent(session.id, purpose, days)
    _keep(None)
    say(
        consent,
        as_json=json,
        words=f"Consent {consent.id} covers {', '.join(consent.purposes)} until {consent.expires_at:%Y-%m-%d}.",
    )


@app.command("list")
def list_consents(json: Json = False) -> None:
    """Every consent given, newest first."""
    with client() as here:
        table(list(here.consents()), ["id", "state", "purposes", "granted_at", "expires_at"], as_json=json)


@app.command("check")
def check(consent_id: str, purpose: str, json: Json = False) -> None:
    """Would a request be allowed now?"""
    with client() as here:
        answer = here.check_consent(consent_id, purpose)
    say(
        answer,
        as_json=json,
        words=("allowed" if answer.allowed else f"not allowed: {answer.detail} ({answer.reason_code})"),
    )


@app.command("revoke")
def revoke(consent_id: str, json: Json = False) -> None:
    """Take a consent back: work stops, adapters made under it are destroyed."""
    with client() as here:
        consent = here.revoke_consent(consent_id)
    say(consent, as_json=json, words=f"Consent {consent.id} is withdrawn.")


@app.command("receipt")
def receipt(
    consent_id: str,
    out: Annotated[Path | None, typer.Option(help="Where the receipt goes.", dir_okay=False)] = None,
    credential: Annotated[
        Path | None, typer.Option(help="Where it goes as a W3C Verifiable Credential.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Export a consent as a signed receipt; `semblance receipt verify` checks it anywhere.

    The receipt's salt is yours: whoever is shown it with the file sees that the receipt is about you.
    """
    with client() as here:
        exported = here.consent_receipt(consent_id)
        saved = out or Path(f"consent-{consent_id}.json")
        private(saved, exported.model_dump_json(indent=1) + "\n")
        if credential is not None:
            private(credential, here.consent_credential(consent_id))
    also = f", as a credential: {credential}" if credential else ""
    say(
        {"receipt": str(saved), "credential": str(credential) if credential else None},
        as_json=json,
        words=f"Receipt: {saved}{also}",
    )


def active_consent(here: Client, purpose: str) -> str:
    """The newest active consent that covers `purpose`. Raises Conflict when there is none."""
    for consent in here.consents():
        if consent.state == "active" and purpose in consent.purposes:
            return consent.id
    raise Conflict(
        f"no active consent covers {purpose!r}", remedy="Run `semblance consent begin`.", code="consent-required"
    )


def _begin(here: Client, name: str, adult: bool, purposes: list[str]) -> CaptureSession:
    release = here.sign_release(here.notice().sha256, name, adult=adult, purposes=purposes)
    kept = load()
    session = here.create_capture_session(release.id, kept.device_id)
    _keep(session)
    return session


def _begun() -> CaptureSession | None:
    session = load().session
    return session if session is not None and session.expires_at > dt.datetime.now(dt.UTC) else None


def _keep(session: CaptureSession | None) -> None:
    save(load().model_copy(update={"session": session}))


def _instructions(session: CaptureSession) -> str:
    steps = ", then ".join(step.replace("_", " ") for step in session.challenge)
    colours = ", ".join(f"{shown.colour} {shown.for_ms} ms" for shown in session.colours)
    screen = (
        f"Meanwhile the whole screen shows, from the first frame on and over again: {colours}.\n" if colours else ""
    )
    return (
        f"Look into the camera, head, neck and shoulders in the picture, then: {steps}.\n"
        f"Hold still for two seconds at the end.\n{screen}"
        f"Then run `semblance consent grant --frames FOLDER` before {session.expires_at:%H:%M:%S} UTC.\n"
        f"(challenge: {','.join(session.challenge)})"
    )
