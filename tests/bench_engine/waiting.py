"""How long a request waits for its first step: joining between steps, against waiting for the batch to end."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import random
import time
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
STEPS, ROWS, LOAD, REQUESTS, SEEDS = 20, 8, 0.7, 120, (1, 2, 3)
GAIN = 8.0
Row = dict[str, Any]


def measure(out: Path) -> Row:
    """The pocket backbone; every seed's arrivals once each way, turn about."""
    waits: dict[str, list[list[float]]] = {"step by step": [], "batch by batch": []}
    with backbones.bench("pocket") as bench:
        capacity = _capacity(bench)
        for seed in SEEDS:
            for way in random.Random(seed).sample(list(waits), 2):
                waits[way].append(_run(bench, LOAD * capacity, seed, whole=way == "batch by batch"))
    p95 = {way: [percentile(run, 0.95) for run in runs] for way, runs in waits.items()}
    _plot(waits, out / "engine-waiting.png")
    return {
        "capacity_per_s": round(capacity, 3),
        "p50_s": {way: [round(percentile(run, 0.5), 3) for run in runs] for way, runs in waits.items()},
        "p95_s": {way: [round(value, 3) for value in values] for way, values in p95.items()},
        "gain": [round(b / a, 1) for a, b in zip(p95["step by step"], p95["batch by batch"], strict=True)],
    }


def _engine(bench: backbones.Bench, clock: FakeClock) -> StepEngine:
    # One padded size for both ways, so that they differ in nothing but who may join when.
    settings = EngineSettings(lanes=(2 * ROWS,), max_lanes_in_flight=2 * ROWS)
    return StepEngine(bench.load(), settings, clock)


def _capacity(bench: backbones.Bench) -> float:
    """Requests a virtual second with full batches."""
    engine = _engine(bench, FakeClock())
    engine.prove_sizes()
    began = time.process_time()
    for seed in range(2 * ROWS):
        engine.submit(_request(seed))
    while engine.turn():
        pass
    spent = time.process_time() - began
    engine.close()
    return 2 * ROWS / spent


def _run(bench: backbones.Bench, rate: float, seed: int, *, whole: bool) -> list[float]:
    """Poisson arrivals; seconds from each arrival to the beginning of its first step."""
    dice = random.Random(seed)
    arrivals, at_s = [], 0.0
    for _ in range(REQUESTS):
        at_s += dice.expovariate(rate)
        arrivals.append(at_s)
    clock, first = FakeClock(), dict[int, float]()
    engine = _engine(bench, clock)
    engine.prove_sizes()

    def on_step(index: int) -> Any:
        def told(_done: int, _of: int) -> None:
            first.setdefault(index, began_s)  # the step that has just ended began then

        return told

    tickets: list[Ticket] = []
    coming = list(enumerate(arrivals))
    while coming or tickets:
        if not tickets and coming:
            clock.advance(max(0.0, coming[0][1] - clock.monotonic_s()))
        # Batch by batch: nobody comes in while somebody is, and then as many as there is room for.
        room = REQUESTS if not whole else 0 if tickets else ROWS
        while coming and room and coming[0][1] <= clock.monotonic_s():
            index, _arrived = coming.pop(0)
            tickets.append(engine.submit(_request(index), on_step(index)))
            room -= 1
        began_s, spent = clock.monotonic_s(), time.process_time()
        engine.turn()
        clock.advance(time.process_time() - spent)
        tickets = [ticket for ticket in tickets if not ticket.over]
    engine.close()
    return [first[index] - arrived for index, arrived in enumerate(arrivals)]


def _request(seed: int) -> EngineRequest:
    return EngineRequest(RenderRequest("a photo of sks person", seed, steps=STEPS))


def goals(found: Row) -> list[Row]:
    """The worst of the seeds counts."""
    return [
        {
            "goal": f"p95 wait for the first step at {LOAD:.0%} load, batch by batch against step by step, times longer (pocket, worst of {len(SEEDS)} runs)",
            "target": f">= {GAIN:g}",
            "value": min(found["gain"]),
            "spread": f"{min(found['gain'])} to {max(found['gain'])}",
            "met": min(found["gain"]) >= GAIN,
        }
    ]


def section(found: Row) -> str:
    """Markdown."""
    rows = "\n".join(f"| {way} | {found['p50_s'][way]} | {found['p95_s'][way]} |" for way in found["p50_s"])
    return f"""## Waiting

{REQUESTS} requests of {STEPS} steps arrive at random (Poisson) at {LOAD:.0%} of what full batches of {ROWS} manage ({found["capacity_per_s"]} a second), {len(SEEDS)} runs. Time is
the engine's own CPU time, so a busy machine does not count; the engine, its steps and its pictures are real. "Batch by batch": as many as have
arrived, at most {ROWS}, begin together, and nobody joins until all are done.

| seconds to the first step | median, each run | 95 % below, each run |
|---|---|---|
{rows}

![waits](engine-waiting.png)
"""


def _plot(waits: dict[str, list[list[float]]], file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3.2))
    for way, runs in waits.items():
        every = sorted(wait for run in runs for wait in run)
        axes.plot(every, [(index + 1) / len(every) for index in range(len(every))], label=way)
    axes.set_xlabel("seconds of CPU until the first step")
    axes.set_ylabel("share of requests")
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
