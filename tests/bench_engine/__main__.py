"""`python tests/bench_engine`: what many adapters cost on one backbone. Writes docs/benchmarks/engine.{md,json}.

A part is a module beside this one with `NAME`, `measure(out: Path) -> dict`, `goals(found: dict) -> list` and
`section(found: dict) -> str` (Markdown). `--parts batch` measures one and keeps what was found of the others.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import backbones
import page
import torch

PARTS = (
    "batch",
    "activation",
    "isolation",
    "whole_pictures",
    "waiting",
    "cohort",
    "first_picture",
    "memory",
    "recompiles",
    "bleed",
    "seam",
    "width",
)
LEARNT_BEFORE = ("width",)  # of what another command takes an hour to learn


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[p for p in PARTS if p not in LEARNT_BEFORE])
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    # Wall time with two threads on shared cores is noise: one thread, and the process's own clock.
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")  # of the libraries that we are held against
    file = arguments.out / "engine.json"
    row: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    parts = {name: importlib.import_module(name) for name in PARTS}
    for name in arguments.parts:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        row[name] = parts[name].measure(arguments.out)
        row.setdefault("runs", {})[name] = _now()
        file.write_text(json.dumps(row, indent=1) + "\n")  # an hour of measuring outlives a failure in the next part
    row |= {"name": "engine", "cores": os.cpu_count()}
    measured = {name: part for name, part in parts.items() if name in row}
    row["goals"] = [goal for name, part in measured.items() for goal in part.goals(row[name])]
    file.write_text(json.dumps(row, indent=1) + "\n")
    sections = [part.section(row[name]) for name, part in measured.items()]
    (arguments.out / "engine.md").write_text(page.page(row, sections))
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _now() -> dict[str, Any]:
    """When a part was measured, what else ran, and what the embedded backbone's adapters were: parts of one page may
    lie days apart."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "load_1min": round(os.getloadavg()[0], 1),
        "pocket": backbones.worn_on_pocket(),
    }


if __name__ == "__main__":
    sys.exit(main())
