"""`semblance audit`: what happened to you, in plain words; kept, and checked without asking anybody."""

from __future__ import annotations

import itertools
import json as json_module
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from semblance.client import audit_summary, audit_words
from semblance.client.audit import AuditInvalid, AuditLog, check_log
from semblance.client.command.output import Json, client, say

app = typer.Typer(help="Your audit log: what happened to you here.", invoke_without_command=True)
Saved = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `semblance audit save` wrote.")]
_FILE_BYTES_MAX = 512 * 1024 * 1024


@app.callback()
def show(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    summary: Annotated[
        bool, typer.Option("--summary", help="A line a question, and a line a day and asker, instead.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what happened, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    with client() as here:
        entries = list(here.audit() if summary else itertools.islice(here.audit(), limit))
    if json:
        say(entries, as_json=True)
        return
    lines = audit_summary.summary(entries) if summary else map(audit_words.sentence, entries)
    print("\n".join(lines) or "Nothing yet.")


@app.command("save")
def save(
    out: Annotated[Path, typer.Option(help="Where it goes.", dir_okay=False)] = Path("audit.json"), json: Json = False
) -> None:
    """Keep the whole log with its signed head and the keys: it proves later that nothing was cut or rewritten."""
    with client() as here:
        log = here.audit_log()
    head = check_log(log)
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(log.model_dump_json(indent=1) + "\n")
    say({"file": str(out), "count": head.count}, as_json=json, words=f"{head.count} entries, checked: {out}")


@app.command("verify")
def verify(
    file: Saved,
    older: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A log saved earlier: this one must continue it."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Keys kept from before; else those in the file.")
    ] = None,
    json: Json = False,
) -> None:
    """Recompute a saved log's chain, compare it with its signed head and with older ones. Asks nobody."""
    log = _log(file)
    before = [_log(each) for each in older or []]
    # Keys from an older file were kept from before as well: whoever forged this file did not choose them.
    trusted = _keys(keys) if keys else before[0].keys if before else log.keys
    for each in before:
        check_log(each, trusted)
    head = check_log(log, trusted, [each.head for each in before])
    whose = "the given" if keys else "the older file's" if before else "the file's own"
    continued = f" It continues {len(before)} older log{'s' if len(before) > 1 else ''}." if before else ""
    words = f"The chain holds: {head.count} entries, head signed with {whose} keys.{continued}"
    say(head, as_json=json, words=words)


def _log(file: Path) -> AuditLog:
    if file.stat().st_size > _FILE_BYTES_MAX:
        raise AuditInvalid(f"{file.name} is larger than {_FILE_BYTES_MAX} bytes")
    try:
        return AuditLog.model_validate_json(file.read_bytes())
    except ValidationError as e:
        raise AuditInvalid(f"{file.name} is no saved audit log") from e


def _keys(file: Path) -> dict[str, Any]:
    try:
        found = json_module.loads(file.read_bytes())
    except ValueError as e:
        raise AuditInvalid("the keys are not a JSON Web Key Set") from e
    if isinstance(found, dict) and isinstance(found.get("keys"), dict):  # a saved log: its keys are what is meant
        found = found["keys"]
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise AuditInvalid("the keys are not a JSON Web Key Set")
    return found
