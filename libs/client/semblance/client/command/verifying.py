"""`semblance verify`: what the page at /verify says, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from semblance.client.client import Client
from semblance.client.command.credentials import load
from semblance.client.command.output import Json, say
from semblance.client.models import Verification

_FOUND = {
    "manifest": "by its Content Credentials",
    "bytes": "by the file itself",
    "watermark": "by an invisible mark in its pixels",
    "fingerprint": "by how it looks",
}


def verify(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], json: Json = False) -> None:
    """Was a picture made here, and does the person's consent stand? Also of stripped copies; needs no account."""
    with Client(load().base_url) as here:
        verification = here.verify(file)
    say(verification, as_json=json, words="\n".join(_lines(verification)))


def _lines(found: Verification) -> Iterator[str]:
    yield found.headline
    yield from (f"- {sentence}" for sentence in found.sentences)
    recognised = ""
    if found.found_by:
        sure = f", {found.confidence_0_1:.0%} alike" if found.found_by == "fingerprint" else ""
        recognised = f" Recognised {_FOUND.get(found.found_by, found.found_by)}{sure}."
    yield f"Content Credentials in the file: {found.state}. Consent: {found.consent_state}.{recognised}"
    yield from (f"- {failure}" for failure in found.failures)
