"""`semblance.json` beside a pipeline: how a backbone wants to be trained, sampled and framed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from semblance.diffusion.errors import BackboneUnusable, RequestInvalid

CONFIG_NAME: Final = "semblance.json"
UNSTATED: Final = "unstated"

# The ArcFace reference points in a 112 px square (arXiv:1801.07698), as offsets from the square's eye line,
# scaled so that the whole head fits: eyes 44.5 % down. Used for a backbone that states no framing of its own.
_ARCFACE: Final = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
_ARCFACE_CENTRE: Final = (56.0, 51.6)
_HEAD_SCALE_OF_64: Final = 0.369

Framing = tuple[tuple[float, float], ...]
Edge = Annotated[int, Field(ge=8, le=4096)]


@dataclass(frozen=True)
class SamplerConfig:
    """What a request gets when it names no number of its own."""

    steps: Annotated[int, Field(ge=1, le=150)] = 25
    guidance_scale: Annotated[float, Field(ge=1.0, le=30.0)] = 5.0
    ip_adapter_scale: Annotated[float, Field(ge=0.0, le=2.0)] = 0.7
    guidance_rescale: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Takes off the contrast that guidance adds; for backbones of zero terminal SNR. Source: arXiv:2305.08891."""
    scheduler: str | None = None
    """Class of diffusers' that takes the pipeline's own scheduler's place, for few-step variants; see schedulers.py."""
    scheduler_config: dict[str, Any] = field(default_factory=dict)
    """What the class is told otherwise than by the pipeline's scheduler's config."""


@dataclass(frozen=True)
class LoraSettings:
    """One adapter's training. `alpha` is folded into the stored weights, so that any loader scales them right."""

    rank: Annotated[int, Field(ge=1, le=256)] = 16
    alpha: Annotated[float, Field(gt=0)] = 16.0
    unet_targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
    text_targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "out_proj")
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    steps: Annotated[int, Field(ge=1, le=20_000)] = 300
    batch_size: Annotated[int, Field(ge=1, le=256)] = 8
    text_rank: Annotated[int, Field(ge=1, le=256)] = 8
    warmup_steps: Annotated[int, Field(ge=0)] = 20
    weight_decay: Annotated[float, Field(ge=0)] = 1e-3
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    snr_gamma: Annotated[float, Field(gt=0)] = 5.0
    face_weight: Annotated[float, Field(ge=0)] = 2.4
    """How much more the face's centre counts than the corners; 0 counts every pixel alike."""
    prior_pictures: Annotated[int, Field(ge=0, le=512)] = 0
    """Pictures that the frozen backbone draws before training, learnt beside the person's; 0 saves the time."""
    prior_batch: Annotated[int, Field(ge=1, le=256)] = 4
    prior_weight: Annotated[float, Field(ge=0)] = 0.5
    strengths: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1, max_length=8)] = (1.0,)
    """Shares of what was learnt among which the most like one is kept, see strength.py; only 1 saves the trial."""
    candidates: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1, max_length=8)] = (1.0,)
    """Shares of the steps after which the LoRA is put aside as a candidate; the last one is always the end."""
    resample_latents: bool = True
    """Learn from a fresh sample of each picture's latents at every step, not from their mean."""
    seed: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class BackboneConfig:
    """A backbone's card, machine-read. framing (5, 2) px in a resolution_px square: YuNet's landmark order."""

    name: str
    version: str
    licence: str
    resolution_px: Edge
    framing: Framing
    trigger: Annotated[str, Field(pattern=r"\S", max_length=60)] = "sks person"
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    sizes: Annotated[tuple[tuple[Edge, Edge], ...], Field(max_length=16)] = ()
    """Width and height of pictures, px, that it was trained to draw beside the square of resolution_px."""

    @property
    def class_word(self) -> str:
        """What the trigger is one of: the last word of `sks person`."""
        return self.trigger.split()[-1]

    @property
    def caption(self) -> str:
        """The caption of a plain photo of the person."""
        return f"a photo of {self.trigger}"


_CONFIG: Final[TypeAdapter[BackboneConfig]] = TypeAdapter(BackboneConfig)
_LORA: Final[TypeAdapter[LoraSettings]] = TypeAdapter(LoraSettings)


def default_framing(resolution_px: int) -> Framing:
    """Where the five landmarks of a head-and-shoulders portrait lie, (5, 2) px."""
    scale = resolution_px / 64.0
    centre_x, eye_line = resolution_px / 2.0, 28.5 * scale
    return tuple(
        (
            (x - _ARCFACE_CENTRE[0]) * _HEAD_SCALE_OF_64 * scale + centre_x,
            (y - _ARCFACE_CENTRE[1]) * _HEAD_SCALE_OF_64 * scale + eye_line,
        )
        for x, y in _ARCFACE
    )


def read_config(directory: Path, native_px: int) -> BackboneConfig:
    """The directory's `semblance.json`, or defaults for a pipeline that has none. native_px is the pipeline's edge.

    Keys that this version does not know are left to later versions. Raises BackboneUnusable for wrong values.
    """
    stated = _stated(directory)
    resolution_px = stated.get("resolution_px", native_px)
    framing = stated.get("framing")
    if isinstance(framing, dict):
        stated["framing"] = _scaled(framing, resolution_px)
    defaults = {
        "name": directory.name,
        "version": "unversioned",
        "licence": UNSTATED,
        "resolution_px": resolution_px,
        "framing": default_framing(resolution_px),
    }
    try:
        config = _CONFIG.validate_python({**defaults, **stated})
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        raise BackboneUnusable(f"{CONFIG_NAME} breaks its schema at: {', '.join(fields)}") from error
    if len(config.framing) != 5:
        raise BackboneUnusable(f"{CONFIG_NAME}: framing has {len(config.framing)} points, not 5")
    return config


def own_steps(directory: Path) -> int | None:
    """The steps of a request to this backbone that names none; None where the directory is not here. Raises
    BackboneUnusable."""
    if not directory.is_dir():
        return None
    return read_config(directory, native_px=8).sampler.steps


def drawn_sizes(directory: Path) -> tuple[tuple[int, int], ...]:
    """Width and height, px, of what may be asked of this backbone, its own first; none where the directory is not here
    or `semblance.json` leaves its resolution to the pipeline. Raises BackboneUnusable."""
    if not directory.is_dir() or "resolution_px" not in _stated(directory):
        return ()
    config = read_config(directory, native_px=8)
    own = (config.resolution_px, config.resolution_px)
    return own, *(size for size in config.sizes if size != own)


def stated_licence(directory: Path) -> str:
    """The licence that `semblance.json` names, before anything else is looked at. Raises BackboneUnusable."""
    licence = _stated(directory).get("licence", UNSTATED)
    if not isinstance(licence, str):
        raise BackboneUnusable(f"{CONFIG_NAME} breaks its schema at: licence")
    return licence


def part_licences(directory: Path) -> dict[str, str]:
    """The licences that `semblance.json` names of what lies beside the pipeline, by the part. Raises
    BackboneUnusable."""
    licences = _stated(directory).get("licences", {})
    if not isinstance(licences, dict) or not all(isinstance(licence, str) for licence in licences.values()):
        raise BackboneUnusable(f"{CONFIG_NAME} breaks its schema at: licences")
    return licences


def _stated(directory: Path) -> dict[str, Any]:
    path = directory / CONFIG_NAME
    if not path.is_file():
        return {}
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise BackboneUnusable(f"{CONFIG_NAME} cannot be read as JSON", remedy="Repair the file.") from error
    if not isinstance(stated, dict):
        raise BackboneUnusable(f"{CONFIG_NAME} is no JSON object", remedy="Repair the file.")
    return stated


def _scaled(framing: dict[str, Any], resolution_px: int) -> Framing:
    """The other spelling, {"template_px": 5 points, "size_px": edge}, in the resolution's pixels."""
    try:
        scale = resolution_px / float(framing["size_px"])
        return tuple((float(x) * scale, float(y) * scale) for x, y in framing["template_px"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BackboneUnusable(f"{CONFIG_NAME}: framing needs template_px and size_px") from error


def lora_settings(base: LoraSettings, **changes: Any) -> LoraSettings:
    """`base` with some values changed, checked again. Raises RequestInvalid for unknown names and wrong values."""
    unknown = sorted(changes.keys() - {own.name for own in dataclasses.fields(LoraSettings)})
    if unknown:
        raise RequestInvalid(f"there is no LoRA setting {', '.join(unknown)}")
    try:
        return _LORA.validate_python({**dataclasses.asdict(base), **changes})
    except ValidationError as error:
        wrong = sorted({str(problem["loc"][0]) for problem in error.errors()})
        raise RequestInvalid(f"LoRA settings break their limits: {', '.join(wrong)}") from error
