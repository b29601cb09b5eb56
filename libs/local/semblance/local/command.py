"""`semblance up | status | logs | down`: the platform on this machine."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import Invalid, SemblanceError, Unavailable
from semblance.local import erased_log, lock, models, state
from semblance.local.backup import forget, take
from semblance.local.backup import restore as restoring
from semblance.local.layout import Layout
from semblance.local.lock import AlreadyRunning
from semblance.local.platform import DRAIN_S, Options, Platform
from semblance.service_kit.stopping import asked_to_stop

app = typer.Typer(no_args_is_help=True, help="The whole platform on this machine.", pretty_exceptions_enable=False)
_console = Console()
_UP_TIMEOUT_S = 420.0

Data = Annotated[Path, typer.Option("--data", help="Where everything is kept.")]
_DATA = Path("data")


class Engine(enum.Enum):
    """Where pictures are drawn."""

    local = "local"
    ray = "ray"


@app.command()
def up(
    data: Data = _DATA,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once it is ready.")] = False,
    postgres: Annotated[
        bool | None, typer.Option("--postgres/--sqlite", help="At the first start: which databases. [default: SQLite]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The gateway's port; otherwise a free one, kept.")] = None,
    models_dir: Annotated[Path | None, typer.Option("--models", help="The face models.")] = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="Where pictures are drawn and adapters learnt: in the services, or on Ray (RAY_ADDRESS, or here)."
        ),
    ] = Engine.local,
) -> None:
    """Start the platform; Ctrl-C stops it. A second `up` only says where it is."""
    layout = Layout(data.resolve())
    with _told():
        if lock.holder(layout.lock) is not None:
            _console.print("It runs already.")
            _show(layout)
            return
        found = (models_dir or models.default_directory()).resolve()
        _require_models(found)
        if detach:
            told = ["--models", str(found), "--engine", engine.value]
            _detach(layout, ["--data", str(layout.data), *_repeat(postgres, port), *told])
            return
        stop = threading.Event()
        platform = Platform(
            layout, Options(found, postgres, port, engine.value), lambda text: _console.print(f"  {text}")
        )
        _console.print(f"Starting in {layout.data}")
        with contextlib.suppress(AlreadyRunning), asked_to_stop(stop):
            platform.run(stop, lambda config: _console.print(f"Ready: {config.gateway_url}  (Ctrl-C stops it)"))
        _console.print("Stopped.")


@app.command()
def status(data: Data = _DATA) -> None:
    """What runs, where, and how much memory it takes. Exit code 1 unless everything is ready."""
    layout = Layout(data.resolve())
    with _told():
        if not _show(layout):
            raise typer.Exit(1)


@app.command()
def down(data: Data = _DATA) -> None:
    """Stop the platform; what runs is drained, nothing is lost."""
    layout = Layout(data.resolve())
    found = lock.holder(layout.lock)
    if found is None:
        _console.print("Nothing runs here.")
        return
    os.kill(found.pid, signal.SIGTERM)
    deadline_s = time.monotonic() + DRAIN_S + 30
    while lock.holder(layout.lock) == found:
        if time.monotonic() > deadline_s:
            os.kill(found.pid, signal.SIGKILL)  # its children end with it, and nothing that was acknowledged is lost
            _console.print("It did not stop in time and was killed.")
            return
        time.sleep(0.1)
    _console.print("Stopped.")


@app.command()
def logs(
    data: Data = _DATA,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    trace: Annotated[str | None, typer.Option(help="Only this trace; its spans are shown too.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
) -> None:
    """The services' log lines, and the spans of one trace."""
    layout = Layout(data.resolve())
    if trace and layout.traces.exists():
        _show_trace(layout, trace)
    with contextlib.suppress(KeyboardInterrupt):
        for text in _lines(layout.log, follow):
            if _wanted(text, trace, service):
                sys.stdout.write(text)
                sys.stdout.flush()


@app.command()
def backup(
    to: Annotated[Path, typer.Option("--to", help="A folder; each backup is one sealed file in it.")],
    keys_to: Annotated[
        Path | None, typer.Option("--keys-to", help="Where the one copy of all keys lies; otherwise TO.keys.")
    ] = None,
    data: Data = _DATA,
) -> None:
    """Back up a stopped platform. The copy of the keys opens everything: move it away from the backups."""
    layout, folder = Layout(data.resolve()), to.resolve()
    with _told():
        taken = take.take(layout, folder, _keys_place(folder, keys_to), SystemClock(), _tell)
        _console.print(f"Backed up to {taken.archive}")
        _console.print(f"All keys, in plain files: {taken.keys}. Keep them elsewhere; only this newest copy exists.")
        log = erased_log.place_of(layout)
        _console.print(f"Who is erased and what is taken back from now on: {log}. Keep it on another disk.")


@app.command()
def restore(
    source: Annotated[
        Path | None, typer.Option("--from", help="A backup, or a folder: its newest. Not needed to go on.")
    ] = None,
    keys_from: Annotated[
        Path | None, typer.Option("--keys-from", help="The copy of all keys; otherwise FROM.keys.")
    ] = None,
    data: Data = _DATA,
    models_dir: Annotated[Path | None, typer.Option("--models", help="The face models.")] = None,
) -> None:
    """Restore into an empty data directory; who was erased and what was taken back since goes again. Then `up`."""
    layout = Layout(data.resolve())
    with _told():
        found = (models_dir or models.default_directory()).resolve()
        _require_models(found)
        if not layout.restoring.exists():
            if source is None:
                raise Invalid("--from is missing, and no restore was begun here", code="no-backup-named")
            file = restoring.newest(source.resolve())
            restored = restoring.put_back(layout, file, _keys_place(file.parent, keys_from), _tell)
            _console.print(f"Put back as of {restored.manifest.made_at}; {restored.shredded} keys shredded again.")
        held = forget.forget_again(layout, Options(found, closed=True), _tell)
        _console.print(f"Restored. {held.erased} erasures hold, and {held.taken_back} things that people took back are")
        _console.print("taken back. What they made or allowed since the backup is lost: tell them (docs/operators.md).")


def _keys_place(folder: Path, given: Path | None) -> Path:
    return given.resolve() if given else folder.with_name(f"{folder.name}.keys")


def _tell(text: str) -> None:
    _console.print(f"  {text}")


def _require_models(directory: Path) -> None:
    missing = [model.file for model in models.catalogue().models if not (directory / model.file).is_file()]
    if missing:
        raise Unavailable(
            f"face models are missing in {directory}: {', '.join(missing)}",
            remedy="Run `python -m semblance.local.models fetch`, or give --models.",
            code="models-missing",
        )


def _repeat(postgres: bool | None, port: int | None) -> list[str]:
    kind = [] if postgres is None else ["--postgres" if postgres else "--sqlite"]
    return [*kind, *(["--port", str(port)] if port else [])]


def _detach(layout: Layout, arguments: list[str]) -> None:
    layout.make()
    output = layout.data / "logs" / "up.log"
    with output.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "semblance.local.command", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    deadline_s = time.monotonic() + _UP_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        found = state.read(layout.state)
        if found is not None and found.pid == process.pid and found.phase == "ready":
            _show(layout)
            return
        time.sleep(0.2)
    raise Unavailable(f"it did not become ready; see {output}", remedy="", code="platform-unready")


def _show(layout: Layout) -> bool:
    """Print the table; whether everything is ready."""
    found = state.read(layout.state)
    if lock.holder(layout.lock) is None or found is None:
        _console.print("Nothing runs here.")
        return False
    table = Table("part", "state", "pid", "port", "restarts", "memory MB")
    total_mb = state.memory_mb(found.pid)
    for part in found.parts:
        used_mb = state.memory_mb(part.pid) if part.pid else 0.0
        total_mb += used_mb
        table.add_row(part.name, part.state, str(part.pid or ""), str(part.port), str(part.restarts), f"{used_mb:.0f}")
    _console.print(table)
    _console.print(f"{found.phase}  {found.url}  {total_mb:.0f} MB in all")
    return found.phase == "ready"


def _show_trace(layout: Layout, trace: str) -> None:
    with layout.traces.open() as file:
        spans = [json.loads(text) for text in file if trace in text]
    table = Table("service", "span", "ms", "error")
    for span in sorted(spans, key=lambda each: int(each["start_ns"])):
        table.add_row(span["service"], span["name"], f"{span['duration_ms']:.1f}", "yes" if span["error"] else "")
    _console.print(table)


def _lines(path: Path, follow: bool) -> Iterator[str]:
    """The lines of a file that may be rotated while it is read."""
    while not path.exists():
        if not follow:
            return
        time.sleep(0.2)
    file = path.open()
    try:
        while True:
            text = file.readline()
            if text:
                yield text
                continue
            if not follow:
                return
            if path.exists() and path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                file.close()
                file = path.open()
            time.sleep(0.2)
    finally:
        file.close()


def _wanted(text: str, trace: str | None, service: str | None) -> bool:
    if trace is None and service is None:
        return True
    entry = json.loads(text)
    return (trace is None or entry.get("trace_id") == trace) and (service is None or entry.get("service") == service)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say an error in one sentence with its remedy, and exit 1."""
    try:
        yield
    except SemblanceError as error:
        _console.print(f"[red]{error.detail}.[/red] {error.remedy}")
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
