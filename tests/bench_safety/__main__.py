"""`python tests/bench_safety`: what the likeness filter misses, what it blocks wrongly, and what it costs. Writes
docs/benchmarks/safety.{md,json}, its plots, safety-faces.md and safety-prompts.*. Half an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import parts
import report
import scene

from semblance.safety.settings import SafetySettings


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=12, help="enrolled, each with a sibling; at least 4")
    parser.add_argument("--each", type=int, default=2, help="attempts of each kind on everybody")
    parser.add_argument("--injections", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the index")
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2, help="at once, but for what is timed")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    models = Path(os.environ.get("SEMBLANCE_MODELS_DIR", SafetySettings().models_dir)).resolve()
    cpu_ms = parts.cost(models)
    timed = {
        "cost": cpu_ms["fast"],
        "index": parts.index(arguments.rows, arguments.probes),
        "prompts": parts.held_out_prompts(arguments.out),
    }
    row = {
        "name": "safety",
        "cores": os.cpu_count(),
        "people": arguments.people,
        "seeds_from": scene.FIRST_SEED,
        **timed,
        **_side_by_side(arguments, models, cpu_ms),
        "load_1min": round(os.getloadavg()[0], 1),
    }
    row["goals"] = report.goals(row)
    report.write(row, arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _side_by_side(arguments: argparse.Namespace, models: Path, cpu_ms: dict[str, Any]) -> dict[str, Any]:
    """What is not timed, the longest first; each in a fresh process, because faults fork theirs."""
    with ThreadPoolExecutor(arguments.processes) as pool:
        people = pool.submit(parts.apart, parts.people, models, arguments.people, arguments.each)
        faults = pool.submit(parts.apart, parts.injected, models, arguments.injections)
        faces = pool.submit(parts.apart, parts.both_ways, models, arguments.out, cpu_ms)
        return {"faces": faces.result(), **people.result(), "faults": faults.result()}


if __name__ == "__main__":
    sys.exit(main())
