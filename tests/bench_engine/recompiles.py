"""Whether a compiled UNet is compiled anew when adapters change, bound and compiled as the engine does."""

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

from semblance.diffusion import BackboneOptions
from semblance.diffusion.families.compiling import compile_denoiser
from semblance.diffusion.families.family import Family
from semblance.diffusion.slots import Use

NAME = "recompiles"
CHANGES, ROWS, EACH, ADAPTERS = 1000, 4, 2, 6
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """The pocket backbone: rows of two lanes under guidance, each bound once, for one size of batch."""
    with backbones.bench("pocket") as bench:
        backbone = bench.load()
        loras = bench.loras(backbone, ADAPTERS)
        dice = random.Random(5)
        lanes = Lanes.random(backbone, ROWS * EACH, torch.Generator().manual_seed(0))
        with wearing(bench, loras) as (family, slots, held):

            def step(choice: list[list[Use]]) -> tuple[torch.Tensor, float]:
                slots.bind("unet", choice, places=1, each=EACH)
                began = time.process_time()
                return _predicted(family, lanes), time.process_time() - began

            uses = [[], *([Use(one)] for one in held)]
            choices = [[dice.choice(uses) for _ in range(ROWS)] for _ in range(CHANGES)]
            eager = [step(choice) for choice in choices[:3]]
            torch._dynamo.reset()
            before = counters["stats"]["unique_graphs"]
            compile_denoiser(family, BackboneOptions.compiler)
            _, compiling = step([[]] * ROWS)
            graphs = counters["stats"]["unique_graphs"] - before
            compiled = [step(choice) for choice in choices[:3]]
            took = [seconds for _, seconds in compiled] + [step(choice)[1] for choice in choices[3:]]
            new = counters["stats"]["unique_graphs"] - before - graphs
    return {
        "changes": CHANGES,
        "rows": ROWS,
        "lanes": ROWS * EACH,
        "graphs": graphs,
        "new_graphs": new,
        "compile_cpu_s": round(compiling, 1),
        "step_ms": spread([1e3 * seconds for seconds in took], 1),
        "largest_difference_from_eager": max(
            float((made - wanted).abs().max()) for (made, _), (wanted, _) in zip(compiled, eager, strict=True)
        ),
    }


@torch.no_grad()
def _predicted(family: Family, lanes: Lanes) -> torch.Tensor:
    """As the engine's forward: without gradients, and not in inference mode, on which torch.compile guards."""
    return family.predict(lanes.latents, lanes.timesteps, lanes.told)


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
    """Markdown. What was measured before rows had two lanes says nothing of lanes."""
    bound = (
        f"{found['lanes']} lanes, bound as {found['rows']} rows" if "rows" in found else "4 lanes, each bound by itself"
    )
    return f"""## Compiled

`torch.compile` of the pocket UNet for {bound}, took {found["compile_cpu_s"]} CPU-seconds; graphs: {found["graphs"]}, and {found["new_graphs"]} more in {found["changes"]} random bindings
afterwards. A step differs from the eager one by at most {found["largest_difference_from_eager"]:.1g}. Compiling is off by default (`GENERATION_COMPILED`): on processors
it is minutes for some percent.
"""
