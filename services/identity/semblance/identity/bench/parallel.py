"""Sessions measured by several processes. A module of its own: what a pool runs must be importable."""

from __future__ import annotations

import multiprocessing as mp
import sys
from pathlib import Path

from semblance.faces import FaceMesh, OpenCvFaceEngine
from semblance.identity.bench.sessions import Judge, Measured, measure
from semblance.identity.main import rules_of
from semblance.identity.ml.capture_reader import FaceCaptureReader
from semblance.identity.settings import IdentitySettings


def settings_of(models: Path) -> IdentitySettings:
    """As shipped, with OpenCV's engine."""
    return IdentitySettings(models_dir=models, face_engine="opencv")


def measured(models: Path, seeds: range, workers: int) -> Measured:
    """Everybody's, by so many processes, each with a part of the people."""
    parts = [seeds[k * len(seeds) // workers : (k + 1) * len(seeds) // workers] for k in range(workers)]
    told = [(models, part, seeds[seeds.index(part[0]) - 1]) for part in parts if part]
    found = Measured()
    with mp.get_context("spawn").Pool(len(told)) as pool:
        for of_part in pool.starmap(_part, told):
            found = found.with_all_of(of_part)
    return found


def _part(models: Path, seeds: range, attacker: int) -> Measured:
    engine = OpenCvFaceEngine(models)
    reader = FaceCaptureReader(engine, engine, FaceMesh(), at_once=1, wait_s=1.0)
    found = Measured()
    for seed, so_far in measure(Judge(reader, rules_of(settings_of(models))), seeds, attacker):
        found = so_far
        print(f"seed {seed}, the last of this process is {seeds[-1]}", file=sys.stderr, flush=True)
    return found
