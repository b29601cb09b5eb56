"""`python -m semblance.identity.bench`: measures the opt-in on synthetic people, and writes docs/benchmarks/identity.*.

Thresholds are those of settings.py. They were chosen on seeds from CHOOSING_FROM; results are reported on seeds from
REPORTING_FROM. About 30 CPU-seconds a person.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from semblance.faces import FaceMesh, OpenCvFaceEngine
from semblance.identity.bench import engines
from semblance.identity.bench.matching import compare
from semblance.identity.bench.parallel import measured, settings_of
from semblance.identity.bench.rates import det
from semblance.identity.bench.report import Others, Shipped, summary, write
from semblance.identity.bench.sessions import Measured
from semblance.identity.domain.matching import Embedding
from semblance.identity.main import rules_of
from semblance.identity.ml.capture_reader import FaceCaptureReader
from semblance.identity.ports import Frame

CHOOSING_FROM, REPORTING_FROM = 1_200_000, 1_300_100
_COMPARED = 40
_STRANGERS_FROM = 50_000
"""Strangers' seeds are so far above the enrolled people's."""


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20, help="enrolled and attacked; at least 2")
    parser.add_argument("--strangers", type=int, default=30, help="more people for the false match rate")
    parser.add_argument("--workers", type=int, choices=range(1, 65), default=2, metavar="N", help="processes")
    parser.add_argument("--first-seed", type=int, default=REPORTING_FROM)
    parser.add_argument("--engines", choices=("default", "all"), default="all", help="also DeepFace, and dlib if there")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    if arguments.people < 2:
        parser.error("an attack needs two people: --people 2 or more")
    models = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models"))
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.people)
    found = measured(models, seeds, arguments.workers)
    rules, engine = rules_of(settings_of(models)), OpenCvFaceEngine(models)
    first = arguments.first_seed + _STRANGERS_FROM
    scores = compare(engine, found.templates, range(first, first + arguments.strangers))
    others = _others(models, engine, found) if arguments.engines == "all" else Others()
    row = summary(found, scores, seeds, Shipped(rules.matching.match, rules.capture.light.agreement), others)
    write(row, det(scores.own, scores.strangers), arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _others(models: Path, default: OpenCvFaceEngine, found: Measured) -> Others:
    """The first enrolled people among themselves, on other engines; every engine makes its own templates."""
    scores = {}
    run, not_run = engines.others(models, default)
    for name, engine in run.items():
        reader = FaceCaptureReader(default, engine, FaceMesh(), at_once=1, wait_s=1.0)
        some = list(found.enrolled.items())[:_COMPARED]
        templates = {seed: _templates(reader, frames) for seed, frames in some}
        scores[name] = compare(engine, templates, (), altered=False, siblings=False)
    return Others(scores, not_run)


def _templates(reader: FaceCaptureReader, frames: Sequence[Frame]) -> list[Embedding]:
    capture = reader.read(frames)
    return capture.embeddings([i for i, reading in enumerate(capture.readings) if reading.faces == 1])


if __name__ == "__main__":
    sys.exit(main())
