"""Whether a compiled UNet is compiled anew when adapters and lanes change; and what its hotswap does."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import backbones
import torch
from batch import wearing
from lanes import Lanes
from timing import spread
from torch._dynamo.utils import counters

from semblance.diffusion.slots import Use

NAME = "recompiles"
CHANGES, LANES, ADAPTERS = 1000, 4, 6
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """The pocket backbone, compiled as a whole for one size of batch."""
    with backbones.bench("pocket") as bench:
        backbone = bench.load()
        loras = bench.loras(backbone, ADAPTERS)
        dice = random.Random(5)
        lanes = Lanes.random(backbone, LANES, torch.Generator().manual_seed(0))
        with wearing(bench, loras) as (family, slots, held):
            plain: list[float] = []
            uses = [[], *([Use(one)] for one in held)]
            choices = [[dice.choice(uses) for _ in range(LANES)] for _ in range(CHANGES)]
            expected = []
            for choice in choices[:3]:
                slots.bind("unet", choice, places=1)
                expected.append(lanes.predicted(family))
            unet = family.pipeline.unet
            torch._dynamo.reset()
            unet.compile(dynamic=False)
            began = time.process_time()
            slots.bind("unet", [[]] * LANES, places=1)
            lanes.predicted(family)
            compiling = time.process_time() - began
            graphs = counters["stats"]["unique_graphs"]
            apart = 0.0
            for change, choice in enumerate(choices):
                slots.bind("unet", choice, places=1)
                began = time.process_time()
                made = lanes.predicted(family)
                plain.append(time.process_time() - began)
                if change < len(expected):
                    apart = max(apart, float((made - expected[change]).abs().max()))
            new = counters["stats"]["unique_graphs"] - graphs
    return {
        "changes": CHANGES,
        "graphs": graphs,
        "new_graphs": new,
        "compile_cpu_s": round(compiling, 1),
        "step_ms": spread([1e3 * seconds for seconds in plain], 1),
        "largest_difference_from_eager": apart,
    }


def goals(found: Row) -> list[Row]:
    """None."""
    return [
        {
            "goal": f"new graphs in {found['changes']} changes of who wears what, compiled (pocket)",
            "target": "0",
            "value": found["new_graphs"],
            "spread": f"{found['graphs']} at first",
            "met": found["new_graphs"] == 0,
        }
    ]


def section(found: Row) -> str:
    """Markdown."""
    return f"""## Compiled

`torch.compile` of the pocket UNet for {LANES} lanes took {found["compile_cpu_s"]} CPU-seconds and made {found["graphs"]} graphs; {found["changes"]} random bindings
afterwards made {found["new_graphs"]} more. A step differs from the eager one by at most {found["largest_difference_from_eager"]:.1g}. Compiling is off by default on processors: minutes
for some percent.
"""
