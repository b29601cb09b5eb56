"""From photos to the first picture, for eight people who come at once: ours, and diffusers' script with loading."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from pathlib import Path
from typing import Any

import backbones
from learning import PEOPLE, by_script, learners, settings_of
from timing import between, interleaved, ratios, spread, told

from semblance.diffusion import Adapter, RenderRequest, render
from semblance.diffusion.cohort.loop import train_cohort
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.request import EngineRequest, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.slots import flatten

NAME = "first_picture"
STEPS, ROUNDS, BATCH = {"pocket": 20, "16M": 5}, {"pocket": 3, "16M": 2}, 1
GAIN = 10.0
SCRIPT = "diffusers' script"
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Equal optimizer steps and pictures a step; each side draws one picture a person at the end."""
    found: Row = {}
    for name in STEPS:
        with backbones.bench(name) as bench:
            found[name] = _measured(bench)
    return found


def _measured(bench: backbones.Bench) -> Row:
    learning, script = bench.load(), bench.load()
    people = learners(learning, settings_of(bench, learning, STEPS[bench.name], BATCH))
    asked = [RenderRequest("a photo of sks person", seed) for seed in range(PEOPLE)]
    engine = StepEngine(bench.load(), EngineSettings(lanes=(2 * PEOPLE,), slots=PEOPLE, max_lanes_in_flight=2 * PEOPLE))
    engine.prove_sizes()

    def ours() -> list[Any]:
        learnt = [one.or_raise()[-1] for one in train_cohort(learning, people)]
        tickets = [
            engine.submit(
                EngineRequest(request, (Worn(f"person {index}", flatten(lora, engine.layout), one.reference),))
            )
            for index, (request, lora, one) in enumerate(zip(asked, learnt, people, strict=True))
        ]
        while engine.turn():
            pass
        return [ticket.result(0)[0] for ticket in tickets]

    def theirs() -> list[Any]:
        return [
            render(script, request, Adapter(by_script(script, one), one.reference))[0]
            for request, one in zip(asked, people, strict=True)
        ]

    times = interleaved({"ours": ours, SCRIPT: theirs}, ROUNDS[bench.name], warm=0)
    engine.close()
    return {
        "steps": STEPS[bench.name],
        "rounds": ROUNDS[bench.name],
        "cpu_s": {case: spread(each, 1) for case, each in times.items()},
        "gain": ratios(times, SCRIPT, "ours"),
    }


def goals(found: Row) -> list[Row]:
    """On every backbone."""
    return [
        {
            "goal": f"photos to first picture for {PEOPLE} people, times less CPU than diffusers' script and loading ({name}, median)",
            "target": f">= {GAIN:g}",
            "value": each["gain"]["median"],
            "spread": between(each["gain"]),
            "met": each["gain"]["median"] >= GAIN,
        }
        for name, each in found.items()
    ]


def section(found: Row) -> str:
    """Markdown."""
    rows = "\n".join(
        f"| {name} | {told(each['cpu_s']['ours'])} | {told(each['cpu_s'][SCRIPT])} | {told(each['gain'])} | {each['steps']} | {each['rounds']} |"
        for name, each in found.items()
    )
    return f"""## Photos to first picture

{PEOPLE} people with their photos at once, one picture a step and person, equal optimizer steps; the sum until each has a first picture. Ours: latents
once, one cohort, packed adapters, one batch. The script: autoencoder and text encoder at every step, one person after another, `load_lora_weights`.

| backbone | ours, CPU-s | diffusers' script, CPU-s | gain | steps | rounds |
|---|---|---|---|---|---|
{rows}
"""
