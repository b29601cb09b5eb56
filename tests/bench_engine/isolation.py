"""Whether anybody else in the batch changes a single bit of somebody's row: its two lanes, as guidance has them."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import backbones
import torch
from batch import wearing
from lanes import Lanes

from semblance.diffusion.slots import Use

NAME = "isolation"
TRIALS, ROWS, EACH, ADAPTERS = {"pocket": 1000, "16M": 100, "43M": 30}, 4, 2, 12
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Every backbone."""
    found = {}
    for name in backbones.NAMES:
        with backbones.bench(name) as bench:
            found[name] = _measured(bench, TRIALS[name])
    return found


def _measured(bench: backbones.Bench, trials: int) -> Row:
    """One row in a random place, among random others; its bits against those of the row among bare ones."""
    backbone = bench.load()
    loras = bench.loras(backbone, ADAPTERS)
    generator, dice = torch.Generator().manual_seed(3), random.Random(3)
    mine = Lanes.random(backbone, EACH, generator)
    with wearing(bench, loras) as (family, slots, held):
        expected: torch.Tensor | None = None
        differing = 0
        for trial in range(trials):
            lanes = Lanes.random(backbone, ROWS * EACH, generator)
            place = dice.randrange(ROWS)
            for lane in range(EACH):
                lanes.put(place * EACH + lane, mine, lane)
            others = [dice.choice([[], *([Use(one)] for one in held)]) if trial else [] for _ in range(ROWS)]
            worn = [[Use(held[0])] if row == place else other for row, other in enumerate(others)]
            slots.bind("unet", worn, each=EACH)
            found = lanes.predicted(family)[place * EACH : (place + 1) * EACH].clone()
            expected = found if expected is None else expected
            differing += int((found.view(torch.int32) != expected.view(torch.int32)).sum())
    return {"trials": trials, "differing": differing, "numbers": mine.latents.numel()}


def goals(found: Row) -> list[Row]:
    """None may differ."""
    return [
        {
            "goal": f"numbers of a row that differ in any bit, {each['trials']} random sets of batch-mates and places ({name})",
            "target": "0",
            "value": each["differing"],
            "spread": f"of {each['trials'] * each['numbers']}",
            "met": each["differing"] == 0,
        }
        for name, each in found.items()
    ]


def section(found: Row) -> str:
    """Markdown."""
    rows = "\n".join(f"| {name} | {each['trials']} | {each['differing']} |" for name, each in found.items())
    return f"""## Isolation

A row of two lanes, as guidance has them, with its adapter at a random place of a batch of {ROWS} rows; the other rows' adapters, words, faces,
latents and noise levels are drawn anew each time. The first trial has nobody else in it. Bits depend on the size of the padded batch, which the engine keeps fixed.

| backbone | trials | numbers that differ |
|---|---|---|
{rows}
"""
