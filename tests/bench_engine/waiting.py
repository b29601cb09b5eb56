"""How long a request waits for its first step: joining between steps, against waiting for the batch to end."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import Any

import backbones
import matplotlib
from timing import percentile

from semblance.diffusion import RenderRequest
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.ticket import Ticket
from semblance.kernel.clock import FakeClock

matplotlib.use("Agg")
from matplotlib import pyplot as plt

NAME = "waiting"
STEPS, ROWS, LOAD, REQUESTS, SEEDS = 20, (8, 16, 32), 0.7, 300, (1, 2, 3)
PX = 16
GAIN = 8.0
WAYS = ("step by step", "batch by batch")
Row = dict[str, Any]


def measure(out: Path) -> Row:
    """Each batch size; every seed's arrivals once each way."""
    found: Row = {}
    drawn: dict[int, dict[str, list[float]]] = {}
    with backbones.bench("tiny") as bench:
        for rows in ROWS:
            waits = {way: [_run(bench, rows, seed, whole=way != WAYS[0]) for seed in SEEDS] for way in WAYS}
            p95 = {way: [percentile(run, 0.95) for run in runs] for way, runs in waits.items()}
            found[str(rows)] = {
                "p50": {way: round(statistics.median(percentile(run, 0.5) for run in waits[way]), 2) for way in WAYS},
                "p95": {way: [round(value, 2) for value in p95[way]] for way in WAYS},
                "gain": [round(b / a, 1) for a, b in zip(p95[WAYS[0]], p95[WAYS[1]], strict=True)],
            }
            drawn[rows] = {way: sorted(wait for run in waits[way] for wait in run) for way in WAYS}
    _plot(drawn, out / "engine-waiting.png")
    return found


def _run(bench: backbones.Bench, rows: int, seed: int, *, whole: bool) -> list[float]:
    """Poisson arrivals; steps from each arrival to the beginning of its first step."""
    dice = random.Random(seed)
    arrivals, at = [], 0.0
    for _ in range(REQUESTS):
        at += dice.expovariate(LOAD * rows / STEPS)
        arrivals.append(at)
    clock, first, stepped = FakeClock(), dict[int, float](), set[int]()
    settings = EngineSettings(
        # One padded size for both ways, so that they differ in nothing but who may join when.
        lanes=(2 * rows,), max_lanes_in_flight=2 * rows, prepared_per_step=rows, max_queued_rows=REQUESTS
    )  # fmt: skip
    engine = StepEngine(bench.load(), settings, clock)
    engine.prove_sizes()
    start = clock.monotonic_s()

    def on_step(index: int) -> Any:
        def told(_done: int, _of: int) -> None:
            first.setdefault(index, began)  # the step that has just ended began then
            stepped.add(index)

        return told

    tickets: list[Ticket] = []
    coming = list(enumerate(arrivals))
    while coming or tickets:
        now = clock.monotonic_s() - start
        if not tickets and coming and coming[0][1] > now:
            clock.advance(coming[0][1] - now)
            now = coming[0][1]
        # Batch by batch: nobody comes in while somebody is, and then as many as there is room for.
        room = REQUESTS if not whole else 0 if tickets else rows
        while coming and room and coming[0][1] <= now:
            index, _arrived = coming.pop(0)
            tickets.append(engine.submit(_request(index), on_step(index)))
            room -= 1
        began = now
        stepped.clear()
        engine.turn()
        clock.advance(1.0 if stepped else 0.0)  # decoding alone is no step
        tickets = [ticket for ticket in tickets if not ticket.over]
    engine.close()
    return [first[index] - arrived for index, arrived in enumerate(arrivals)]


def _request(seed: int) -> EngineRequest:
    picture = RenderRequest("a photo of sks person", seed, steps=STEPS)
    return EngineRequest(picture, height_px=PX, width_px=PX)


def goals(found: Row) -> list[Row]:
    """Of each batch size the worst of the seeds counts."""
    return [
        {
            "goal": f"p95 wait for the first step at {LOAD:.0%} load, batch by batch against step by step, times longer ({rows} rows, worst of {len(SEEDS)} runs)",
            "target": f">= {GAIN:g}",
            "value": min(each["gain"]),
            "spread": f"{min(each['gain'])} to {max(each['gain'])}",
            "met": min(each["gain"]) >= GAIN,
        }
        for rows, each in found.items()
    ]


def section(found: Row) -> str:
    """Markdown."""
    lines = "\n".join(
        f"| {rows} | {way} | {each['p50'][way]} | {each['p95'][way]} |" for rows, each in found.items() for way in WAYS
    )
    return f"""## Waiting

{REQUESTS} requests of {STEPS} steps arrive at random (Poisson) at {LOAD:.0%} of what full batches manage, {len(SEEDS)} runs. Time is counted in
steps: a padded batch costs the same whoever is in it, so neither the backbone (tiny, random) nor a busy machine counts; the engine, its
admission and its steps are real. "Batch by batch": as many as have arrived, at most the batch's rows, begin together, and nobody joins until
all are done. How much is gained is a queue's own arithmetic: with few rows the step engine's tail is people waiting for a free row, which
joining between steps cannot shorten; the more rows, the rarer that is.

| rows | way | steps to the first step, median | 95 % below, each run |
|---|---|---|---|
{lines}

![waits](engine-waiting.png)
"""


def _plot(drawn: dict[int, dict[str, list[float]]], file: Path) -> None:
    figure, axes = plt.subplots(1, len(drawn), figsize=(3.2 * len(drawn), 3), sharey=True)
    for place, (rows, ways) in zip(axes, drawn.items(), strict=True):
        for way, every in ways.items():
            place.plot(every, [(index + 1) / len(every) for index in range(len(every))], label=way)
        place.set_title(f"{rows} rows")
        place.set_xlabel("steps until the first step")
    axes[0].set_ylabel("share of requests")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
