"""Secrets on their way in: asked for, from the environment or from a file. Never an argument, which every user of the
machine can read and the shell's history keeps."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Its first line is the password; - is standard input."),
]


def refused(option: str, instead: str) -> Any:
    """A secret's old option, which takes nothing any more and says what to do; the value goes nowhere."""

    def refuse(value: str | None) -> None:
        if value is not None:
            raise typer.BadParameter(
                f"other users of this machine can read what is typed here, and the shell keeps it. {instead}"
            )

    return typer.Option(option, hidden=True, callback=refuse, metavar="")


NoPassword = Annotated[
    str | None,
    refused(
        "--password",
        "Leave it out to be asked, or use SEMBLANCE_PASSWORD or --password-file. If it was a real one, change it: "
        "semblance account password",
    ),
]


def given_password(file: Path | None) -> str | None:
    """What SEMBLANCE_PASSWORD or the file has; the file goes first."""
    if file is None:
        return os.environ.get("SEMBLANCE_PASSWORD") or None
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as e:
        raise typer.BadParameter(f"the password cannot be read from {file}") from e


def password(file: Path | None, prompt: str, *, twice: bool = False) -> str:
    """Given, or asked for."""
    given = given_password(file)
    return given or str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))
