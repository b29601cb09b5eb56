"""Eight people's adapters learnt together, against one after another: the time, and whether they come out the same."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import backbones
import torch
from learning import PEOPLE, by_script, learners, settings_of
from safetensors.torch import load
from timing import between, interleaved, ratios, spread, told

from semblance.diffusion.cohort.loop import train_cohort

NAME = "cohort"
STEPS, ROUNDS = {"pocket": 6, "16M": 2}, {"pocket": 5, "16M": 3}
SAME_STEPS, BATCHES = 20, (1, 8)
GAIN, SAME = 2.5, 0.01
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Pocket with one and with eight pictures a step and person, 16M with one."""
    found: Row = {}
    for name in STEPS:
        with backbones.bench(name) as bench:
            for batch in BATCHES if name == "pocket" else BATCHES[:1]:
                found[f"{name}, {batch} a step"] = _measured(bench, batch)
            if name == "pocket":
                found["same"] = _same(bench)
    return found


def _measured(bench: backbones.Bench, batch: int) -> Row:
    ours, script = bench.load(), bench.load()
    people = learners(ours, settings_of(bench, ours, STEPS[bench.name], batch))
    times = interleaved(
        {
            "together": partial(train_cohort, ours, people),
            "one after another, the same code": lambda: [train_cohort(ours, [one]) for one in people],
            "one after another, diffusers' script": lambda: [by_script(script, one) for one in people],
        },
        ROUNDS[bench.name] if batch == 1 else 1,
        warm=1 if batch == 1 else 0,
    )
    return {
        "steps": STEPS[bench.name],
        "rounds": len(times["together"]),
        "cpu_s": {case: spread(each, 2) for case, each in times.items()},
        "gain": {case: ratios(times, case, "together") for case in times if case != "together"},
    }


def _same(bench: backbones.Bench) -> Row:
    """The largest difference between together and alone, as a share of what was learnt."""
    backbone = bench.load()
    people = learners(backbone, settings_of(bench, backbone, SAME_STEPS, 1))
    together = [learnt.or_raise()[-1] for learnt in train_cohort(backbone, people)]
    shares = []
    for person in (0, PEOPLE // 2, PEOPLE - 1):
        [alone] = train_cohort(backbone, [people[person]])
        shares.append(_share(load(together[person]), load(alone.or_raise()[-1])))
    return {"steps": SAME_STEPS, "shares": [round(share, 5) for share in shares]}


def _share(together: dict[str, torch.Tensor], alone: dict[str, torch.Tensor]) -> float:
    """Of what the layers add to the backbone, B A: it is nothing before the first step, so it is the update itself."""
    apart = whole = 0.0
    for name, down in together.items():
        if ".lora_A." in name:
            up = name.replace(".lora_A.", ".lora_B.")
            ours = together[up].flatten(1) @ down.flatten(1)
            theirs = alone[up].flatten(1) @ alone[name].flatten(1)
            apart += float((ours - theirs).square().sum())
            whole += float(theirs.square().sum())
    return (apart / whole) ** 0.5


def goals(found: Row) -> list[Row]:
    """Time on every backbone with one picture a step, equality on pocket."""
    made = []
    for name, each in found.items():
        if name != "same":
            gain = each["gain"]["one after another, the same code"]
            made.append(
                {
                    "goal": f"{PEOPLE} adapters learnt together against one after another, times less CPU ({name}, median)",
                    "target": f">= {GAIN:g}",
                    "value": gain["median"],
                    "spread": between(gain),
                    "met": gain["median"] >= GAIN,
                }
            )
    worst = max(found["same"]["shares"])
    made.append(
        {
            "goal": f"difference from learning alone after {found['same']['steps']} steps, share of the update (pocket, worst of 3 people)",
            "target": f"<= {SAME:g}",
            "value": worst,
            "spread": f"{min(found['same']['shares'])} to {worst}",
            "met": worst <= SAME,
        }
    )
    return made


def section(found: Row) -> str:
    """Markdown."""
    timed = {name: each for name, each in found.items() if name != "same"}
    cases = list(next(iter(timed.values()))["cpu_s"])
    rows = "\n".join(
        f"| {name} | "
        + " | ".join(told(each["cpu_s"][case]) for case in cases)
        + f" | {each['steps']} | {each['rounds']} |"
        for name, each in timed.items()
    )
    gains = "\n".join(
        f"| {name} | " + " | ".join(told(each["gain"][case]) for case in cases[1:]) + " |"
        for name, each in timed.items()
    )
    return f"""## Learning together

{PEOPLE} people's adapters in one forward and backward pass a step, each with its own pictures, noise, clipping and optimiser. "n a step": pictures
of each person in a step. Losses, draws and steps are equal; encoding the pictures is in it.

| CPU-s for {PEOPLE} people | {" | ".join(cases)} | steps | rounds |
|---|{"---|" * len(cases)}---|---|
{rows}

| times the CPU of learning together | {" | ".join(cases[1:])} |
|---|{"---|" * len(cases[1:])}
{gains}
"""
