"""What an adapter's width costs and what it is worth: rank and targets on the embedded backbone.

Likeness is of whoever `likeness.py` has learnt so far; `make bench-width` learns those who are missing first.
"""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import backbones
import likeness
import numpy as np
import torch
from batch import ROWS, multiplications, wearing
from lanes import Lanes
from timing import interleaved, ratios, spread, told

from semblance.diffusion.families.stable_diffusion import StableDiffusion
from semblance.diffusion.slots import Use
from semblance.training.bench_choice import interval

NAME = "width"
ROUNDS = 21
BARE = "no adapter"
LEAST = 5  # people: fewer say nothing of how sure a mean is
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Every width's cost in one run, and the likeness of those who are learnt."""
    with backbones.bench("pocket") as bench:
        rows = list(likeness.known(likeness.file_of(bench.load().digest)))
        if not rows:
            raise SystemExit("nobody is learnt yet: python tests/bench_engine/likeness.py")
        costs = _costs(bench)
    alike = {name: _likeness(rows, name) for name in likeness.ALL}
    return {"rounds": ROUNDS, "costs": costs, "likeness": alike, "pairs": _pairs(rows)}


def _costs(bench: backbones.Bench) -> dict[str, Row]:
    """8 rows of two lanes, everybody's adapters of one width, the widths in turn."""
    bare = bench.load()
    lanes = Lanes.random(bare, 2 * ROWS, torch.Generator().manual_seed(0))
    with ExitStack() as stack:
        cases: dict[str, Callable[[], object]] = {BARE: partial(lanes.predicted, StableDiffusion(bare))}
        facts: dict[str, Row] = {}
        for name, width in likeness.WIDTHS.items():
            narrowed = dataclasses.replace(bench, unet_targets=width["unet_targets"], rank=width["rank"])
            layout = narrowed.layout(bench.load())
            facts[name] = {
                "row_bytes": layout.size_bytes,
                "layers": len(layout.towers[0].layers),
                "share_of_multiplications": round(multiplications(bench.load(), narrowed), 4),
            }
            family, slots, held = stack.enter_context(wearing(narrowed, narrowed.loras(bench.load(), ROWS)))
            slots.bind("unet", [[Use(one)] for one in held], each=2)
            cases[name] = partial(lanes.predicted, family)
        times = interleaved(cases, ROUNDS)
    return {
        name: fact | {"cpu_ms": spread([1e3 * s for s in times[name]], 1), "throughput": ratios(times, BARE, name)}
        for name, fact in facts.items()
    }


def _likeness(rows: Sequence[likeness.Row], name: str) -> Row:
    """Means of the width's people, and what it loses against the widest over those who were learnt in both."""
    mine = {(row.seed, row.draw): row for row in rows if row.width == name}
    widest = {(row.seed, row.draw): row for row in rows if row.width == likeness.FIRST}
    if not mine:
        return {"trainings": 0}
    both = sorted(mine.keys() & widest.keys())
    gains = [mine[one].held_out - widest[one].held_out for one in both]
    low, high = interval(gains) if len(gains) > 1 else (None, None)
    return {
        "trainings": len(mine),
        "people": len({row.seed for row in mine.values()}),
        "held_out": spread([row.held_out for row in mine.values()]),
        "accepted": _mean([row.accepted for row in mine.values()]),
        "detected": _mean([row.detected for row in mine.values()]),
        "excess": _mean([row.leak["excess"] for row in mine.values()]),
        "pass": sum(row.passes for row in mine.values()),
        "idle": sum(row.idle for row in mine.values()),
        "learning_cpu_s": _mean([row.cpu_s for row in mine.values()]),
        "compared": len(both),
        "between_draws": _between_draws(mine),
        "against_widest": _mean(gains) if gains else None,
        "interval": None if low is None or high is None else [round(low, 4), round(high, 4)],
    }


def _between_draws(mine: dict[tuple[int, int], likeness.Row]) -> float | None:
    """How far two trainings of the same person are apart by their seed alone: mean absolute difference of likeness."""
    apart = [
        abs(row.held_out - mine[seed, 0].held_out) for (seed, draw), row in mine.items() if draw and (seed, 0) in mine
    ]
    return _mean(apart) if apart else None


def _pairs(rows: Sequence[likeness.Row]) -> Row:
    """Everybody's pictures against the held-out photos of everybody who was learnt."""
    photos = {row.seed: np.asarray(row.photos) for row in rows}
    found = {}
    for name in likeness.ALL:
        own, other, first = [], [], []
        for row in rows:
            if row.width != name or not row.faces:
                continue
            alike = {seed: (np.asarray(row.faces) @ each.T).mean(1) for seed, each in photos.items()}
            rest = [alike[seed] for seed in alike if seed != row.seed]
            own.append(float(alike[row.seed].mean()))
            if rest:
                other.append(float(np.mean(rest)))
                first.append(float((alike[row.seed] > np.max(rest, axis=0)).mean()))
        if other:
            found[name] = {"own": _mean(own), "others": _mean(other), "own_first": _mean(first)}
    return {"people": len(photos), "widths": found}


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def goals(_found: Row) -> list[Row]:
    """None: it is what a choice was made by (docs/decisions/0044)."""
    return []


def section(found: Row) -> str:
    """Markdown."""
    costs = "\n".join(
        f"| {name} | {each['layers']} | {each['row_bytes'] / 1e6:.2f} | {each['share_of_multiplications']:.1%} | {told(each['throughput'])} |"
        for name, each in found["costs"].items()
    )
    alike = "\n".join(_line(name, each) for name, each in found["likeness"].items() if each["trainings"])
    pairs = "\n".join(
        f"| {name} | {found['likeness'][name]['trainings']} | {each['own']:.3f} | {each['others']:.3f} | {each['own_first']:.0%} |"
        for name, each in found["pairs"]["widths"].items()
    )
    return f"""## Narrower adapters

Rank and targets of the denoiser's layers on the embedded backbone; the text tower's part is the same in all. One forward pass of 8 rows of two
lanes with 8 people's adapters of a width against the same pass with none, all widths in one run, {found["rounds"]} rounds.

| rank, targets | layers | a row, MB | more multiplications | throughput against no adapter |
|---|---|---|---|---|
{costs}

People who do not exist, each learnt in every width as the training service learns, from the same photos and seed. Likeness is SFace's cosine with
photos that nothing was learnt from, {4 * likeness.EACH} pictures each; against the widest: the same person, mean and 95 % interval (bootstrap over trainings, from {LEAST} of them on).
"Two draws": how far two trainings of one person, which differ by their seed alone, are apart on average.
"Accepted": pictures whose face is at or above safety's `own_floor`. "Idle": nothing of the adapter is worn.
"Leak excess" and "gate passed" are the training's own gate's.

| rank, targets | trainings | likeness (10 to 90 %) | against the widest | two draws | accepted | leak excess | gate passed | idle | learning, CPU-s |
|---|---|---|---|---|---|---|---|---|---|
{alike}

Everybody's pictures against the held-out photos of all {found["pairs"]["people"]} people:

| rank, targets | trainings | own | others | own first |
|---|---|---|---|---|
{pairs}
"""


def _line(name: str, each: Row) -> str:
    gain = each["against_widest"]
    against = "" if gain is None else f"{gain:+.4f}"
    if each["interval"] is not None and each["compared"] >= LEAST:
        against += f" ({each['interval'][0]:+.4f} to {each['interval'][1]:+.4f}; {each['compared']})"
    return f"| {name} | {each['trainings']} of {each['people']} people | {told(each['held_out'])} | {against} | {'' if each['between_draws'] is None else each['between_draws']} | {each['accepted']:.0%} | {each['excess']:+.3f} | {each['pass']} | {each['idle']} | {each['learning_cpu_s']:.0f} |"
