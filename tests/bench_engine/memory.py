"""Whether memory grows with adapters that come and go."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import backbones
import psutil
import torch
from batch import wearing
from lanes import Lanes

from semblance.diffusion.slots import FlatAdapter, Use, flatten

NAME = "memory"
CHANGES, SLOTS, ADAPTERS, LANES = 10_000, 4, 12, 4
OWNERS = [f"person {index}" for index in range(ADAPTERS)]  # as batch.py names the owners of the same adapters
FLAT_MIB = 8.0
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """The pocket backbone: checked sidecar to slot, bound, and a step every hundredth time."""
    with backbones.bench("pocket") as bench:
        backbone = bench.load()
        layout = bench.layout(backbone)
        sidecars = [flatten(lora, layout).to_bytes() for lora in bench.loras(backbone, ADAPTERS)]
        lanes = Lanes.random(backbone, LANES, torch.Generator().manual_seed(0))
        with wearing(bench, bench.loras(backbone, SLOTS)) as (family, slots, held):
            for one in held:
                slots.release(one)
            resident: list[float] = []
            for change in range(CHANGES + CHANGES // 10):
                one = slots.acquire(
                    FlatAdapter.from_bytes(sidecars[change % ADAPTERS], layout), OWNERS[change % ADAPTERS]
                )
                slots.bind("unet", [[Use(one)]] * LANES)
                if change % 100 == 0:
                    lanes.predicted(family)
                    gc.collect()
                    resident.append(psutil.Process().memory_info().rss / 2**20)
                slots.release(one)
    warm = len(resident) // 11
    first, last = sum(resident[warm : 2 * warm]) / warm, sum(resident[-warm:]) / warm
    return {
        "changes": CHANGES,
        "first_mib": round(first, 1),
        "last_mib": round(last, 1),
        "most_mib": round(max(resident), 1),
    }


def goals(found: Row) -> list[Row]:
    """Flat is within a few MiB: the allocator's own breathing."""
    grown = round(found["last_mib"] - found["first_mib"], 1)
    return [
        {
            "goal": f"memory after {found['changes']} changes of adapter against the beginning, MiB (pocket)",
            "target": f"<= {FLAT_MIB:g}",
            "value": grown,
            "spread": f"{found['first_mib']} to {found['last_mib']}, at most {found['most_mib']}",
            "met": grown <= FLAT_MIB,
        }
    ]


def section(found: Row) -> str:
    """Markdown."""
    return f"""## Memory

{found["changes"]} times a sidecar is checked, copied to a slot and bound, with a step every hundredth time: {found["first_mib"]} MiB resident at the
beginning (after a tenth as many to warm up), {found["last_mib"]} MiB at the end.
"""
