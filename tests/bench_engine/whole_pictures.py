"""Whole pictures for as many people: 16 requests with 16 adapters, from stored bytes to pixels, one way after another."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import backbones
import numpy as np
import torch
from safetensors.torch import load
from timing import between, interleaved, ratios, spread, told

from semblance.diffusion import Adapter, Backbone, RenderRequest, render
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.request import EngineRequest, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.slots import FlatAdapter, flatten

NAME = "whole_pictures"
REQUESTS, BATCH, ROUNDS = 16, 8, {"pocket": 5, "16M": 2}
STEPS = {"pocket": 12, "16M": 4}  # 43M would take an hour
GAIN, SHARE = 2.5, 0.95
ENGINE, NOBODY = "slots, step by step", "no adapters, batches of 8 (diffusers)"
LOADING, SWAPPING, MIXED = "load_lora_weights each", "hotswap each", "peft's mixed batches of 8"
Row = dict[str, Any]


def measure(_out: Path) -> Row:
    """Both backbones."""
    found = {}
    for name in STEPS:
        with backbones.bench(name) as bench:
            found[name] = _measured(bench)
    return found


def _measured(bench: backbones.Bench) -> Row:
    plain = bench.load()
    loras = bench.loras(plain, REQUESTS)
    asked = [RenderRequest("a photo of sks person", seed, steps=STEPS[bench.name]) for seed in range(REQUESTS)]
    loading, swapping, mixed = bench.load(), bench.load(), bench.load()
    references = _references(plain)
    with _engine(bench, loras, asked, references) as drawn, _hotswap(swapping, bench, loras) as swap:
        cases: dict[str, Callable[[], Any]] = {
            ENGINE: drawn,
            LOADING: lambda: [
                render(loading, request, Adapter(lora, reference))[0]
                for request, lora, reference in zip(asked, loras, references, strict=True)
            ],
            SWAPPING: lambda: [
                _after(partial(swap, index), swapping, asked[index], references[index]) for index in range(REQUESTS)
            ],
            MIXED: lambda: _mixed(mixed, loras, asked, references),
            NOBODY: lambda: _batches(plain, asked, references),
        }
        apart = _apart(drawn(), cases[LOADING]())
        times = interleaved(cases, ROUNDS[bench.name])
    return {
        "rounds": ROUNDS[bench.name],
        "steps": STEPS[bench.name],
        "cpu_s": {case: spread(each, 2) for case, each in times.items()},
        "gain": {case: ratios(times, case, ENGINE) for case in times if case != ENGINE},
        "largest_difference": apart,
    }


def _references(backbone: Backbone) -> list[Any]:
    if backbone.reference_size is None:
        return [None] * REQUESTS
    generator = np.random.default_rng(0)
    faces = generator.standard_normal((REQUESTS, backbone.reference_size)).astype(np.float32)
    return list(faces / np.linalg.norm(faces, axis=1, keepdims=True))


@contextmanager
def _engine(
    bench: backbones.Bench, loras: list[bytes], asked: list[RenderRequest], references: list[Any]
) -> Iterator[Callable[[], Any]]:
    """Ours: every adapter's sidecar is checked and copied anew in every round."""
    engine = StepEngine(bench.load(), EngineSettings(lanes=(2 * BATCH,), slots=REQUESTS, max_lanes_in_flight=2 * BATCH))
    engine.prove_sizes()
    sidecars = [flatten(lora, engine.layout).to_bytes() for lora in loras]

    def drawn() -> list[Any]:
        engine.revoke(subject_id="somebody")
        tickets = []
        for request, sidecar, reference in zip(asked, sidecars, references, strict=True):
            flat = FlatAdapter.from_bytes(sidecar, engine.layout)
            tickets.append(engine.submit(EngineRequest(request, (Worn("somebody", flat, reference),))))
        while engine.turn():
            pass
        return [ticket.result(0)[0] for ticket in tickets]

    yield drawn
    engine.close()


@contextmanager
def _hotswap(backbone: Backbone, bench: backbones.Bench, loras: list[bytes]) -> Iterator[Callable[[int], None]]:
    """diffusers swaps no text encoder's weights in place: what it does of the adapter is its UNet part."""
    parts = [{key: tensor for key, tensor in load(lora).items() if key.startswith("unet.")} for lora in loras]
    backbone.pipeline.enable_lora_hotswap(target_rank=bench.rank)
    backbone.pipeline.load_lora_weights(dict(parts[0]), adapter_name="one")
    yield lambda index: backbone.pipeline.load_lora_weights(dict(parts[index]), adapter_name="one", hotswap=True)


def _after(prepare: Callable[[], None], backbone: Backbone, request: RenderRequest, reference: Any) -> Any:
    prepare()
    return _pictures(backbone, [request], [reference])[0]


def _batches(backbone: Backbone, asked: list[RenderRequest], references: list[Any]) -> list[Any]:
    return [
        picture
        for start in range(0, REQUESTS, BATCH)
        for picture in _pictures(backbone, asked[start : start + BATCH], references[start : start + BATCH])
    ]


def _mixed(backbone: Backbone, loras: list[bytes], asked: list[RenderRequest], references: list[Any]) -> list[Any]:
    """peft's adapter_names by hooks, as many adapters as the batch has rows; loaded for it and taken out again."""
    from peft.tuners.lora.layer import LoraLayer

    made: list[Any] = []
    for start in range(0, REQUESTS, BATCH):
        for index in range(BATCH):
            backbone.pipeline.load_lora_weights(load(loras[start + index]), adapter_name=f"a{index}")
        names = [f"a{index}" for index in range(BATCH)]

        def named(_part: Any, args: Any, kwargs: Row, names: list[str] = names) -> tuple[Any, Row]:
            kwargs["adapter_names"] = names * (len(args[0]) // BATCH)
            return args, kwargs

        towers = (backbone.pipeline.unet, backbone.pipeline.text_encoder)
        layers = [part for tower in towers for part in tower.modules() if isinstance(part, LoraLayer)]
        hooks = [part.register_forward_pre_hook(named, with_kwargs=True) for part in layers]
        made += _pictures(backbone, asked[start : start + BATCH], references[start : start + BATCH])
        for hook in hooks:
            hook.remove()
        backbone.pipeline.unload_lora_weights()
    return made


def _pictures(backbone: Backbone, asked: list[RenderRequest], references: list[Any]) -> list[Any]:
    """diffusers' pipeline on a batch."""
    condition: Row = {}
    if backbone.reference_size is not None:
        faces = torch.from_numpy(np.stack(references)).view(len(asked), 1, -1)
        condition["ip_adapter_image_embeds"] = [torch.cat([torch.zeros_like(faces), faces])]
    own = backbone.config.sampler
    return list(
        backbone.pipeline(
            [request.prompt for request in asked],
            negative_prompt=[""] * len(asked),
            num_inference_steps=asked[0].steps,
            guidance_scale=own.guidance_scale,
            guidance_rescale=own.guidance_rescale,
            generator=[torch.Generator("cpu").manual_seed(request.seed) for request in asked],
            height=backbone.config.resolution_px,
            width=backbone.config.resolution_px,
            output_type="np",
            **condition,
        ).images
    )


def _apart(ours: list[Any], theirs: list[Any]) -> int:
    """The largest difference of any pixel, of 255."""
    return max(int(np.abs(a.astype(int) - b.astype(int)).max()) for a, b in zip(ours, theirs, strict=True))


def goals(found: Row) -> list[Row]:
    """Against loading each on every backbone; whole pictures against none at all."""
    made = []
    for name, each in found.items():
        gain = each["gain"][LOADING]
        made.append(
            _goal(
                f"pictures a CPU-second, 16 requests with 16 adapters, against diffusers loading each ({name}, median)",
                gain,
                GAIN,
            )
        )
        made.append(
            _goal(
                f"the same against batches of 8 without adapters, from stored bytes to pixels ({name}, median)",
                each["gain"][NOBODY],
                SHARE,
            )
        )
    return made


def _goal(goal: str, gain: Row, target: float) -> Row:
    return {
        "goal": goal,
        "target": f">= {target:g}",
        "value": gain["median"],
        "spread": between(gain),
        "met": gain["median"] >= target,
    }


def section(found: Row) -> str:
    """Markdown."""
    names, line = " | ".join(found), "---|" * len(found)
    cases = list(next(iter(found.values()))["cpu_s"])
    seconds = "\n".join(
        f"| {case} | " + " | ".join(told(each["cpu_s"][case]) for each in found.values()) + " |" for case in cases
    )
    gains = "\n".join(
        f"| {case} | " + " | ".join(told(each["gain"][case]) for each in found.values()) + " |"
        for case in cases
        if case != ENGINE
    )
    facts = "; ".join(
        f"{name}: {each['steps']} steps, {each['rounds']} rounds, pixels differ from diffusers' by at most {each['largest_difference']} of 255"
        for name, each in found.items()
    )
    return f"""## Whole pictures for 16 people

{REQUESTS} requests, each with its own adapter, from the stored bytes to pixels: text, steps with guidance, decoding ({facts}). Every way begins with
no adapter loaded. `hotswap` changes the UNet alone, where the others change the text encoder too.

| CPU-s for {REQUESTS} pictures | {names} |
|---|{line}
{seconds}

| times the CPU of {ENGINE} | {names} |
|---|{line}
{gains}
"""
