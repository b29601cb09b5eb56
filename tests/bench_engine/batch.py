"""Strangers in one batch: a forward pass of as many lanes, each with its own adapter, against the same lanes with none."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import backbones
import matplotlib
import torch
from lanes import Lanes
from safetensors.torch import load
from timing import between, interleaved, ratios, spread, told

from semblance.diffusion import Backbone
from semblance.diffusion.families.stable_diffusion import StableDiffusion
from semblance.diffusion.slots import Slots, Use, flatten

matplotlib.use("Agg")
from matplotlib import pyplot as plt

NAME = "batch"
ROWS, ROUNDS = 8, {"pocket": 21, "16M": 9, "43M": 5}
SWEEP, SWEEP_ROUNDS = (1, 2, 4, 8, 16, 32), {"pocket": 9, "16M": 5, "43M": 3}
SHARE, FLAT = 0.95, 1.05
COMPARED = ("one adapter", "8 adapters", "8 adapters, peft's mixed batch")
Row = dict[str, Any]


def measure(out: Path) -> Row:
    """Every backbone; the pass with peft's mixed batches beside."""
    found = {}
    for name in backbones.NAMES:
        with backbones.bench(name) as bench:
            found[name] = {"forward": _forward(bench), "sweep": _sweep(bench)}
    _plot(found, out / "engine-sweep.png")
    return found


def _forward(bench: backbones.Bench) -> Row:
    """8 rows of two lanes, as guidance has them."""
    bare, mixed = bench.load(), bench.load()
    loras = bench.loras(bare, ROWS)
    lanes = Lanes.random(bare, 2 * ROWS, torch.Generator().manual_seed(0))
    bare_family, mixed_family = StableDiffusion(bare), StableDiffusion(mixed)
    with wearing(bench, loras) as (family, slots, held):

        def bind(adapters: int) -> None:
            slots.bind("unet", [[Use(held[row % adapters])] for row in range(ROWS)], each=2)

        def worn() -> torch.Tensor:
            return lanes.predicted(family)

        with _peft(mixed, loras):
            times = interleaved(
                {
                    "no adapter": lambda: lanes.predicted(bare_family),
                    "one adapter": worn,
                    "8 adapters": worn,
                    "8 adapters, peft's mixed batch": lambda: lanes.predicted(mixed_family),
                    "binding 8 adapters": partial(bind, ROWS),
                },
                ROUNDS[bench.name],
                before={"one adapter": partial(bind, 1), "8 adapters": partial(bind, ROWS)},
            )
        bind(ROWS)
        apart = float((worn() - _by_peft(mixed_family, loras, lanes)).abs().max())
    return {
        "rounds": ROUNDS[bench.name],
        "cpu_ms": {case: spread([1e3 * seconds for seconds in each], 1) for case, each in times.items()},
        "throughput": {case: ratios(times, "no adapter", case) for case in COMPARED},
        "largest_difference_from_peft": apart,
        "share_of_multiplications": round(multiplications(bare, bench), 3),
    }


def _sweep(bench: backbones.Bench) -> Row:
    """32 lanes with more and more different adapters."""
    most = max(SWEEP)
    bare = bench.load()
    lanes = Lanes.random(bare, most, torch.Generator().manual_seed(1))
    with wearing(bench, bench.loras(bare, most)) as (family, slots, held):

        def bind(adapters: int) -> None:
            slots.bind("unet", [[Use(held[lane % adapters])] for lane in range(most)])

        times = interleaved(
            {str(count): lambda: lanes.predicted(family) for count in SWEEP},
            SWEEP_ROUNDS[bench.name],
            before={str(count): partial(bind, count) for count in SWEEP},
        )
    return {
        "rounds": SWEEP_ROUNDS[bench.name],
        "against_one": {str(count): ratios(times, str(count), "1") for count in SWEEP},
    }


@contextmanager
def wearing(bench: backbones.Bench, loras: list[bytes]) -> Iterator[tuple[StableDiffusion, Slots, list[Any]]]:
    """A backbone with slots that hold all of these."""
    backbone = bench.load()
    layout = bench.layout(backbone)
    towers = {"unet": backbone.pipeline.unet, "text_encoder": backbone.pipeline.text_encoder}
    slots = Slots(towers, layout, len(loras))
    held = [slots.acquire(flatten(lora, layout), f"person {index}") for index, lora in enumerate(loras)]
    yield StableDiffusion(backbone), slots, held
    slots.detach()


@contextmanager
def _peft(backbone: Backbone, loras: list[bytes]) -> Iterator[None]:
    """peft's own way to mix: every layer is told the adapter of each lane. A UNet is no PeftModel, so by hooks."""
    from peft.tuners.lora.layer import LoraLayer

    for index, lora in enumerate(loras):
        backbone.pipeline.load_lora_weights(load(lora), adapter_name=f"a{index}")
    names = [f"a{row}" for row in range(len(loras)) for _lane in range(2)]

    def named(_module: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        kwargs["adapter_names"] = names
        return args, kwargs

    layers = [part for part in backbone.pipeline.unet.modules() if isinstance(part, LoraLayer)]
    hooks = [part.register_forward_pre_hook(named, with_kwargs=True) for part in layers]
    yield
    for hook in hooks:
        hook.remove()
    backbone.pipeline.unload_lora_weights()


def _by_peft(family: StableDiffusion, loras: list[bytes], lanes: Lanes) -> torch.Tensor:
    with _peft(family.backbone, loras):
        return lanes.predicted(family)


def multiplications(backbone: Backbone, bench: backbones.Bench) -> float:
    """Multiplications of the adapters as a share of the bare UNet's: what no arrangement can save."""
    unet, adapted = backbone.pipeline.unet, {layer.name for layer in bench.layout(backbone).towers[0].layers}
    counted = {"base": 0, "adapter": 0}

    def count(part: Any, name: str, _inputs: Any, output: torch.Tensor) -> None:
        places = output.numel() // part.weight.shape[0]
        counted["base"] += places * part.weight.numel()
        if name in adapted:
            counted["adapter"] += places * bench.rank * (part.weight[0].numel() + part.weight.shape[0])

    parts = [(n, p) for n, p in unet.named_modules() if isinstance(p, torch.nn.Linear | torch.nn.Conv2d)]
    hooks = [part.register_forward_hook(lambda p, i, o, name=name: count(p, name, i, o)) for name, part in parts]
    Lanes.random(backbone, 1, torch.Generator().manual_seed(0)).predicted(StableDiffusion(backbone))
    for hook in hooks:
        hook.remove()
    return counted["adapter"] / counted["base"]


def goals(found: Row) -> list[Row]:
    """Each backbone by itself: a thin one pays more, since an adapter is a larger part of it."""
    made = []
    for name, each in found.items():
        share = each["forward"]["throughput"]["8 adapters"]
        made.append(
            {
                "goal": f"8 people's adapters in one batch against the same batch with none, throughput ({name}, median)",
                "target": f">= {SHARE:g}",
                "value": share["median"],
                "spread": between(share),
                "met": share["median"] >= SHARE,
            }
        )
        most = each["sweep"]["against_one"][str(max(SWEEP))]
        made.append(
            {
                "goal": f"32 different adapters on 32 lanes against one on all of them, time ({name}, median)",
                "target": f"<= {FLAT:g}",
                "value": most["median"],
                "spread": between(most),
                "met": most["median"] <= FLAT,
            }
        )
    return made


def section(found: Row) -> str:
    """Markdown."""
    cases = list(next(iter(found.values()))["forward"]["cpu_ms"])
    ways = "\n".join(
        f"| {case} | " + " | ".join(told(each["forward"]["cpu_ms"][case]) for each in found.values()) + " |"
        for case in cases
    )
    shares = "\n".join(
        f"| {case} | " + " | ".join(told(each["forward"]["throughput"][case]) for each in found.values()) + " |"
        for case in COMPARED
    )
    sweep = "\n".join(
        f"| {count} | " + " | ".join(told(each["sweep"]["against_one"][str(count)]) for each in found.values()) + " |"
        for count in SWEEP
    )
    facts = "; ".join(
        f"{name}: {each['forward']['share_of_multiplications']:.1%} more multiplications, largest difference from peft "
        f"{each['forward']['largest_difference_from_peft']:.1g}"
        for name, each in found.items()
    )
    names, line = " | ".join(found), "---|" * len(found)
    rounds = ", ".join(str(each["forward"]["rounds"]) for each in found.values())
    return f"""## Strangers in one batch

One forward pass of the UNet, {ROWS} rows of two lanes (guidance), {rounds} rounds. Binding is done when somebody joins or leaves, not at every step. An adapter adds to the work what no arrangement saves ({facts}).

| CPU-ms | {names} |
|---|{line}
{ways}

| throughput against no adapter | {names} |
|---|{line}
{shares}

| different adapters on 32 lanes: time against one | {names} |
|---|{line}
{sweep}

![time against the number of different adapters](engine-sweep.png)
"""


def _plot(found: Row, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3.2))
    for name, each in found.items():
        rows = [each["sweep"]["against_one"][str(count)] for count in SWEEP]
        low = [row["median"] - row["p10"] for row in rows]
        high = [row["p90"] - row["median"] for row in rows]
        axes.errorbar(SWEEP, [row["median"] for row in rows], yerr=[low, high], marker="o", capsize=3, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(SWEEP, [str(count) for count in SWEEP])
    axes.set_ylim(0.8, 1.3)
    axes.set_xlabel("different people's adapters on 32 lanes")
    axes.set_ylabel("time of a step, against one adapter")
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
