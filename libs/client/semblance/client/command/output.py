"""What a command says: JSON on standard output when asked, words and bars otherwise, errors in one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from semblance.client.client import Client
from semblance.client.command.credentials import load, require_token
from semblance.client.models import Job, JobEvent
from semblance.kernel.errors import Kind, SemblanceError

Json = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait at most.")]
EXIT_CODES: Mapping[Kind, int] = {
    Kind.UNAUTHENTICATED: 3,
    Kind.FORBIDDEN: 4,
    Kind.NOT_FOUND: 5,
    Kind.GONE: 5,
    Kind.INVALID: 6,
    Kind.CONFLICT: 6,
    Kind.QUOTA: 7,
    Kind.UNAVAILABLE: 8,
}
ENDED_WITHOUT = 9
_GOOD = {"accepted", "ready", "published"}
_IN_REVIEW = "in_review"
_WORDS = {_IN_REVIEW: "in review"}
_errors = Console(stderr=True, highlight=False)


def client() -> Client:
    """A client with the kept token. Raises Unauthenticated."""
    kept = load()
    return Client(kept.base_url, require_token(kept))


def say(value: BaseModel | Sequence[BaseModel] | Mapping[str, Any], *, as_json: bool, words: str = "") -> None:
    """Print a value: `words` for people, or field by field when there are none."""
    if as_json:
        print(json.dumps(_plain(value)))
    elif words:
        print(words)
    else:
        plain = _plain(value)
        for name, field in plain.items() if isinstance(plain, dict) else enumerate(plain):
            print(f"{name}: {field}")


def table(rows: Sequence[BaseModel], columns: Sequence[str], *, as_json: bool) -> None:
    """Print things as a table of `columns`."""
    if as_json:
        print(json.dumps(_plain(rows)))
        return
    shown = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        plain = row.model_dump(mode="json")
        shown.add_row(*(_cell(plain[column]) for column in columns))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(shown)


def follow(here: Client, job_id: str, what: str, timeout_s: float, *, as_json: bool) -> Job:
    """Wait for a job with a bar on standard error; exit 9 when it ended without what was asked for."""
    with bar(quiet=as_json) as progress:
        task = progress.add_task(what, total=None)

        def show(event: JobEvent) -> None:
            phase = event.progress.phase if event.progress else _WORDS.get(event.state, event.state)
            total = event.progress.steps if event.progress else None
            done = event.progress.step if event.progress else 0
            progress.update(task, description=f"{what}: {phase}", total=total, completed=done)
            if event.state == _IN_REVIEW and not as_json:
                _errors.print(
                    f"The filter is in doubt about the {what}. A person decides, which can take a day.", soft_wrap=True
                )

        return here.wait(job_id, timeout_s=timeout_s, on_event=show)


def require_good(job: Job, *, advice: str = "") -> None:
    """Exit 9 with the reasons, and what to do about them, unless the job made what was asked for."""
    if job.state not in _GOOD:
        reasons = ", ".join(job.reason_codes) or "no reason given"
        _errors.print(f"the {job.kind} was {job.state}: {escape(reasons)}", style="red", soft_wrap=True)
        if advice:
            _errors.print(escape(advice), soft_wrap=True)
        raise typer.Exit(ENDED_WITHOUT)


@contextmanager
def bar(*, quiet: bool) -> Iterator[Progress]:
    """A progress bar on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_errors, disable=quiet, transient=True) as progress:
        yield progress


def fail(error: SemblanceError) -> NoReturn:
    """One line on standard error, with the remedy, and the exit code of the error's kind."""
    fields = getattr(error, "errors", [])
    named = "; ".join(
        f"{fault['field']}: {fault['message']}" for fault in fields if {"field", "message"} <= fault.keys()
    )
    detail = named or error.detail
    line = f"{detail.rstrip('.')}. {error.remedy}".strip() + f" ({error.code})"
    _errors.print(escape(line), style="red", soft_wrap=True)
    raise SystemExit(EXIT_CODES.get(error.kind, 1))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: _plain(field) for name, field in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return (
            ", ".join(map(str, value))
            if all(isinstance(item, str) for item in value) and len(value) < 4
            else f"{len(value)}"
        )
    return "" if value is None else escape(str(value))
