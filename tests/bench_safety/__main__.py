"""`python tests/bench_safety`: what the likeness filter misses, what it blocks wrongly, and what it costs. Writes
docs/benchmarks/safety.{md,json}, its plots, safety-faces.md and safety-prompts.*. Half an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import adversarial
import faults
import likeness
import report
import scene
from cast import Court

from semblance.safety.bench import faces, prompts
from semblance.safety.bench.cost import cpu_of_filter
from semblance.safety.bench.faces_page import markdown
from semblance.safety.main import engine_of, eyes_of
from semblance.safety.settings import SafetySettings

_PHOTOS = 12


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=16, help="enrolled, each with a sibling; at least 4")
    parser.add_argument("--each", type=int, default=3, help="attempts of each kind on everybody")
    parser.add_argument("--injections", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the index")
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    models = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
    row = {
        "name": "safety",
        "cores": os.cpu_count(),
        "people": arguments.people,
        "seeds_from": scene.FIRST_SEED,
        "cost": _cost(models),
        "index": _index(arguments.rows, arguments.probes),
        "prompts": _prompts(arguments.out),
        "faces": _faces(models, arguments.out),
        **_people(models, arguments.people, arguments.each),
        "faults": _faults(models, arguments.injections),
        "load_1min": round(os.getloadavg()[0], 1),
    }
    row["goals"] = report.goals(row)
    report.write(row, arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _cost(models: Path) -> dict[str, Any]:
    _say("cost of one look")
    return cpu_of_filter(eyes_of(SafetySettings(models_dir=models)))


def _index(rows: int, probes: int) -> dict[str, Any]:
    """In a process of its own: a gigabyte that is given back."""
    _say(f"search among {rows} rows")
    command = [sys.executable, "-m", "semblance.faces.bench_index", "--rows", str(rows), "--probes", str(probes)]
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=1800, env=one_core)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _prompts(out: Path) -> dict[str, Any]:
    _say("prompts")
    found = prompts.measure()
    prompts.write(found, out)
    return {"goals": found["goals"]}


def _faces(models: Path, out: Path) -> dict[str, Any]:
    """The fast way against the thorough one; the tables get a page of their own."""
    _say("faces, the fast way and the thorough one")
    settings = SafetySettings(models_dir=models)
    engine = engine_of(settings)
    ways = {
        "fast": eyes_of(settings, engine),
        "thorough": eyes_of(settings.model_copy(update={"thorough": True}), engine),
    }
    found = faces.measure(ways, engine, settings, each=3, seed=1)
    found["cpu_ms"] = {way: cpu_of_filter(eyes) for way, eyes in ways.items()}
    (out / "safety-faces.md").write_text(markdown(found))
    return {"compared": found["compared"], "differ": found["differ"], "thorough_cpu_ms": found["cpu_ms"]["thorough"]}


def _people(models: Path, people: int, each: int) -> dict[str, Any]:
    court = Court(models)
    for seed in range(scene.FIRST_SEED, scene.FIRST_SEED + people):
        court.enrol(seed, _PHOTOS)
        court.enrol_sibling(seed, each)
    found = likeness.summary(likeness.measure(court, 1), court)
    return {"likeness": found, "consent": adversarial.measure(court, each)}


def _faults(models: Path, injections: int) -> dict[str, Any]:
    _say(f"{injections} faults")
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        return faults.as_row(faults.measure(Path(folder), models, injections))


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
