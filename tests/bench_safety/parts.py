"""The parts of the measurement, each fit to run in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import adversarial
import faults
import likeness
import scene
from cast import Court

from semblance.safety.bench import faces, prompts
from semblance.safety.bench.cost import cpu_of_filter
from semblance.safety.bench.faces_page import markdown
from semblance.safety.main import engine_of, eyes_of
from semblance.safety.settings import SafetySettings

_PHOTOS = 12


def cost(models: Path) -> dict[str, Any]:
    """CPU of a look in both ways. Wants the machine for itself: a neighbour takes its share of the caches."""
    _say("cost of one look")
    settings = SafetySettings(models_dir=models)
    thorough = settings.model_copy(update={"thorough": True})
    return {"fast": cpu_of_filter(eyes_of(settings)), "thorough": cpu_of_filter(eyes_of(thorough))}


def index(rows: int, probes: int) -> dict[str, Any]:
    """In a process of its own: a gigabyte that is given back. Wants the machine for itself."""
    _say(f"search among {rows} rows")
    command = [sys.executable, "-m", "semblance.faces.bench_index", "--rows", str(rows), "--probes", str(probes)]
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=1800, env=one_core)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def held_out_prompts(out: Path) -> dict[str, Any]:
    """Prompts; the tables get a page of their own."""
    _say("prompts")
    found = prompts.measure()
    prompts.write(found, out)
    return {"goals": found["goals"]}


def both_ways(models: Path, out: Path, cpu_ms: dict[str, Any]) -> dict[str, Any]:
    """The fast way against the thorough one; the tables get a page of their own."""
    _say("faces, the fast way and the thorough one")
    settings = SafetySettings(models_dir=models)
    engine = engine_of(settings)
    ways = {
        "fast": eyes_of(settings, engine),
        "thorough": eyes_of(settings.model_copy(update={"thorough": True}), engine),
    }
    found = faces.measure(ways, engine, settings, each=3, seed=1)
    found["cpu_ms"] = cpu_ms
    (out / "safety-faces.md").write_text(markdown(found))
    return {"compared": found["compared"], "differ": found["differ"], "thorough_cpu_ms": cpu_ms["thorough"]}


def people(models: Path, count: int, each: int) -> dict[str, Any]:
    """Likeness and the consent suite, on the same people."""
    court = Court(models)
    for seed in range(scene.FIRST_SEED, scene.FIRST_SEED + count):
        court.enrol(seed, _PHOTOS)
        court.enrol_sibling(seed, each)
    found = likeness.summary(likeness.measure(court, 1), court)
    return {"likeness": found, "consent": adversarial.measure(court, each)}


def injected(models: Path, injections: int) -> dict[str, Any]:
    """Faults."""
    _say(f"{injections} faults")
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        return faults.as_row(faults.measure(Path(folder), models, injections))


def apart(call: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """What `call` gives in a fresh process. Raises RuntimeError where that ends without an answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, call, arguments))
    process.start()
    theirs.close()
    try:
        found: dict[str, Any] = ours.recv()
    except EOFError as e:
        process.join()
        raise RuntimeError(f"{call.__name__} ended with {process.exitcode}") from e
    process.join()
    return found


def _answer(into: Connection, call: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]) -> None:
    into.send(call(*arguments))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
