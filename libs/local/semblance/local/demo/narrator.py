"""What the user sees while the demo runs: a bar for each long step, a line for each result, a table at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from semblance.client import Client
from semblance.kernel.errors import SemblanceError
from semblance.local.layout import Layout

Advance = Callable[[int, int, str], None]


class StepFailed(Exception):
    """A step did not do what it should; the text says what was expected and what came."""


@dataclass
class Step:
    """One line of the final table."""

    step: str
    ok: bool = False
    seconds: float = 0.0
    detail: str = ""


@dataclass
class Narrator:
    """Collects steps; `console` may be quiet."""

    console: Console = field(default_factory=Console)
    steps: list[Step] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line for the user."""
        self.console.print(f"  {text}")

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step; what it raises is noted and ends the walk."""
        self.console.print(f"[bold]{name}[/bold]")
        step = Step(name)
        self.steps.append(step)
        began_s = time.monotonic()
        try:
            yield step
            step.ok = True
        except SemblanceError as e:
            step.detail = f"{e.code}: {e.detail} {e.remedy}".strip()
            raise StepFailed(step.detail) from e
        except StepFailed as e:
            step.detail = str(e)
            raise
        finally:
            step.seconds = time.monotonic() - began_s
            colour, word = ("green", "done") if step.ok else ("red", "FAILED")
            self.console.print(f"  [{colour}]{word}[/{colour}] in {step.seconds:.1f} s  {step.detail}")

    @contextmanager
    def bar(self, text: str) -> Iterator[Advance]:
        """A progress bar; call the yielded function with (done, of, text)."""
        columns = (SpinnerColumn(), TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True) as progress:
            task = progress.add_task(text, total=None)

            def advance(done: int, of: int, what: str) -> None:
                progress.update(task, completed=done, total=of, description=what)

            yield advance

    def table(self) -> None:
        """Every step with its result and time."""
        table = Table("step", "result", "took", "what happened")
        for step in self.steps:
            table.add_row(step.step, "done" if step.ok else "FAILED", f"{step.seconds:.1f} s", step.detail)
        self.console.print(table)


def require(condition: object, text: str) -> None:
    """Raise StepFailed with `text` unless `condition` holds."""
    if not condition:
        raise StepFailed(text)


Report = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """What every step works with: the platform's client, its directory, where results go, and who tells the story."""

    client: Client
    layout: Layout
    out: Path
    narrator: Narrator
    report: Report
