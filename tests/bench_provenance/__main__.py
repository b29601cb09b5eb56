"""`python tests/bench_provenance`: what signing and verifying cost, and what survives a platform. Writes
docs/benchmarks/provenance.{md,json}.

A part is a module beside this one with `NAME`, `measure(out: Path) -> dict`, `goals(found: dict) -> list` and
`section(found: dict) -> str` (Markdown). `--parts signing` measures one and keeps what was found of the others.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import page

PARTS = ("signing", "survival")


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "provenance.json"
    row: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    parts = {name: importlib.import_module(name) for name in PARTS if _exists(name)}
    for name in arguments.parts:
        if name in parts:
            print(f"measuring {name}", file=sys.stderr, flush=True)
            row[name] = parts[name].measure(arguments.out)
    row |= {"name": "provenance", "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 1)}
    measured = {name: part for name, part in parts.items() if name in row}
    row["goals"] = [goal for name, part in measured.items() for goal in part.goals(row[name])]
    file.write_text(json.dumps(row, indent=1) + "\n")
    (arguments.out / "provenance.md").write_text(page.page(row, _sections(measured, row)))
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _exists(name: str) -> bool:
    return (Path(__file__).parent / f"{name}.py").exists()


def _sections(parts: dict[str, ModuleType], row: dict[str, Any]) -> list[str]:
    return [part.section(row[name]) for name, part in parts.items()]


if __name__ == "__main__":
    sys.exit(main())
