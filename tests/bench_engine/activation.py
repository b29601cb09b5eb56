"""From an adapter's stored bytes to an adapter in use: ours, and the two ways of diffusers."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import backbones
import torch
from safetensors.torch import load
from timing import between, interleaved, ratios, spread, told

from semblance.diffusion.slots import FlatAdapter, Slots, flatten

NAME = "activation"
ADAPTERS, ROUNDS, OURS_EACH = 4, 9, 50
LOAD_GAIN, HOTSWAP_GAIN = 2000.0, 300.0
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Every backbone."""
    found = {}
    for name in backbones.NAMES:
        with backbones.bench(name) as bench:
            found[name] = _measured(bench)
    return found


def _measured(bench: backbones.Bench) -> Row:
    ours, loading, swapping = bench.load(), bench.load(), bench.load()
    loras = bench.loras(ours, ADAPTERS)
    layout = bench.layout(ours)
    flats = [flatten(lora, layout) for lora in loras]
    slots = Slots({"unet": ours.pipeline.unet, "text_encoder": ours.pipeline.text_encoder}, layout, 2)
    sidecars = [flat.to_bytes() for flat in flats]
    turn = {"of": 0}

    def following() -> int:
        turn["of"] = (turn["of"] + 1) % ADAPTERS
        return turn["of"]

    def copied() -> None:
        # Two slots and four adapters: none is ever found in its slot.
        for _ in range(OURS_EACH):
            slots.release(slots.acquire(flats[following()], "somebody"))

    def checked() -> None:
        for _ in range(OURS_EACH):
            slots.release(slots.acquire(FlatAdapter.from_bytes(sidecars[following()], layout), "somebody"))

    def packed() -> None:
        slots.release(slots.acquire(flatten(loras[following()], layout), "somebody"))

    def loaded() -> None:
        loading.pipeline.unload_lora_weights()
        loading.pipeline.load_lora_weights(load(loras[following()]), adapter_name="one")

    # diffusers swaps no text encoder's weights in place: its way is measured on the UNet's alone.
    unets = [{key: tensor for key, tensor in load(lora).items() if key.startswith("unet.")} for lora in loras]
    swapping.pipeline.enable_lora_hotswap(target_rank=bench.rank)
    swapping.pipeline.load_lora_weights(dict(unets[0]), adapter_name="one")

    def swapped() -> None:
        swapping.pipeline.load_lora_weights(dict(unets[following()]), adapter_name="one", hotswap=True)

    times = interleaved(
        {
            "slot": copied,
            "sidecar, checked": checked,
            "safetensors to slot": packed,
            "load_lora_weights and unload": loaded,
            "hotswap": swapped,
        },
        ROUNDS,
        warm=2,
    )
    for each in ("slot", "sidecar, checked"):
        times[each] = [seconds / OURS_EACH for seconds in times[each]]
    return {
        "rounds": ROUNDS,
        "adapter_bytes": layout.size_bytes,
        "unet_millions": round(backbones.parameters(loading.pipeline.unet), 1),
        "cpu_us": {case: spread([1e6 * seconds for seconds in each], 1) for case, each in times.items()},
        "against_load": ratios(times, "load_lora_weights and unload", "slot"),
        "against_hotswap": ratios(times, "hotswap", "slot"),
        "copy_us": _plain_copy_us(layout.floats),
    }


def _plain_copy_us(floats: int) -> float:
    """What this many numbers take to copy, with nothing around it."""
    one, other = torch.zeros(floats), torch.zeros(floats)
    began = time.process_time()
    for _ in range(100):
        one.copy_(other)
    return round(1e4 * (time.process_time() - began), 1)


def goals(found: Row) -> list[Row]:
    """On every backbone: what is copied is as large as the adapter, what diffusers does is not."""
    return [
        goal
        for name, each in found.items()
        for goal in (
            _goal("load_lora_weights and unload", name, each["against_load"], LOAD_GAIN),
            _goal("hotswap=True", name, each["against_hotswap"], HOTSWAP_GAIN),
        )
    ]


def _goal(against: str, name: str, gain: Row, target: float) -> Row:
    return {
        "goal": f"an adapter in memory becomes usable, times faster than {against} ({name}, median)",
        "target": f">= {target:g}",
        "value": gain["median"],
        "spread": between(gain),
        "met": gain["median"] >= target,
    }


def section(found: Row) -> str:
    """Markdown."""
    names = list(found)
    cases = list(found[names[0]]["cpu_us"])
    rows = "\n".join(
        f"| {case} | " + " | ".join(told(found[n]["cpu_us"][case]) for n in names) + " |" for case in cases
    )
    facts = "; ".join(f"{n}: {found[n]['adapter_bytes'] / 1e6:.1f} MB, {found[n]['copy_us']} us to copy" for n in names)
    gains = "\n".join(
        f"| {n} | {told(found[n]['against_load'])} | {told(found[n]['against_hotswap'])} |" for n in names
    )
    return f"""## Activation

From bytes in memory to an adapter that the next step wears, {found[names[0]]["rounds"]} rounds. "slot": one copy of a packed row whose digest was
checked when it came into memory; "sidecar, checked": digest and finiteness too. `hotswap` is measured on the UNet's weights alone.
One row is, plainly copied: {facts}.

| CPU-us | {" | ".join(names)} |
|---|{"---|" * len(names)}
{rows}

| times faster than | load_lora_weights and unload | hotswap=True |
|---|---|---|
{gains}
"""
