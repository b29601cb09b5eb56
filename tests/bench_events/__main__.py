"""`python tests/bench_events`: events a second from outbox rows to effects in another service's database, each once.

The embedded broker, the service kit's relay and consumer, two SQLite files, a process each. Beside it, in the same
rounds and in turn, the plainest way: one record a send and one event a transaction. Then the consumer is killed in the
middle while everything is sent twice. Last, what a long log costs. Writes docs/benchmarks/events.{md,json}; seven
minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import long_log
import page
from measuring import Way, interrupted, measured

PLAIN, SHARED = Way("one by one", 1, 1), Way("as the services run it", 200, 50)


def main() -> int:
    """Exit code 1 when a goal was not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {PLAIN.name: [], SHARED.name: []}
    with tempfile.TemporaryDirectory(prefix="events-") as folder:
        for number in range(arguments.rounds):
            for way in (PLAIN, SHARED) if number % 2 else (SHARED, PLAIN):
                events = arguments.events // (6 if way is PLAIN else 1)
                found = measured(Path(folder) / f"{number}-{way.relay}", way, events)
                runs[way.name].append(found)
                print(f"{way.name}: {found['per_s']:.0f} events/s", file=sys.stderr, flush=True)
        killed = interrupted(Path(folder) / "killed", SHARED, arguments.events)
        logs = long_log.measured(Path(folder))
    row = {
        "name": "events",
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 1),
        "rounds": arguments.rounds,
        "events": arguments.events,
        "goals": [*page.goals(runs[SHARED.name], runs[PLAIN.name], killed), *page.log_goals(logs)],
        "ways": {name: {key: _spread([r[key] for r in found]) for key in found[0]} for name, found in runs.items()},
        "killed": killed,
        "logs": logs,
    }
    page.write(row, arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0 if all(goal["met"] for goal in row["goals"]) else 1


def _spread(values: list[float]) -> dict[str, float]:
    found = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 1) for name, value in found.items()}


if __name__ == "__main__":
    sys.exit(main())
