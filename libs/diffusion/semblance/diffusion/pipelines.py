"""Which of diffusers' pipelines are known, and which of their modules an adapter may change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import diffusers
import torch

from semblance.diffusion.errors import BackboneUnusable

INDEX_NAME: Final = "model_index.json"
_WEIGHTS: Final = "diffusion_pytorch_model"


@dataclass(frozen=True)
class PipelineKind:
    """denoiser: the module's name, first of what adapters change; text_towers: the others.

    needed: modules without which it cannot draw. left_out: what diffusers would build and nobody here uses. optional:
    what a directory's index may leave empty. parts: whether its denoiser keeps people to parts of a picture.
    """

    class_name: str
    denoiser: str
    text_towers: tuple[str, ...]
    needed: tuple[str, ...]
    left_out: Mapping[str, Any]
    optional: tuple[str, ...] = ()
    parts: bool = False

    @property
    def pipeline_class(self) -> Any:
        """diffusers' own class."""
        return getattr(diffusers, self.class_name)


_NO_IMAGE_TOWER: Final = {"feature_extractor": None, "image_encoder": None}

KINDS: Final[Mapping[str, PipelineKind]] = {
    kind.class_name: kind
    for kind in (
        PipelineKind(
            "StableDiffusionPipeline",
            "unet",
            ("text_encoder",),
            ("text_encoder", "tokenizer"),
            # The pipeline's own safety checker is left out: the platform's filter looks at every picture.
            {"safety_checker": None, "requires_safety_checker": False, **_NO_IMAGE_TOWER},
            parts=True,
        ),
        PipelineKind(
            "StableDiffusionXLPipeline",
            "unet",
            ("text_encoder", "text_encoder_2"),
            ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
            {"add_watermarker": False, **_NO_IMAGE_TOWER},  # provenance marks pictures, once they may be seen
            parts=True,
        ),
        PipelineKind(
            "StableDiffusion3Pipeline",
            "transformer",
            ("text_encoder", "text_encoder_2"),
            ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
            _NO_IMAGE_TOWER,
            ("text_encoder_3", "tokenizer_3"),
        ),
        PipelineKind(
            "FluxPipeline",
            "transformer",
            ("text_encoder",),
            ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"),
            _NO_IMAGE_TOWER,
        ),
    )
}


def kind_in(directory: Path) -> PipelineKind:
    """What the directory's `model_index.json` says it is. Raises BackboneUnusable for what is not known."""
    return _kind(_index(directory)["_class_name"])


def keeps_parts(directory: Path) -> bool | None:
    """Whether its pictures may show several people, each in a part of their own; None where the directory is not here.
    Raises BackboneUnusable."""
    return kind_in(directory).parts if directory.is_dir() else None


def left_empty(directory: Path, kind: PipelineKind) -> dict[str, None]:
    """Optional modules that the directory's index says are not there; diffusers wants to be told so."""
    index = _index(directory)
    return {name: None for name in kind.optional if not any(index.get(name) or ())}


def kind_of(pipeline: Any) -> PipelineKind:
    """The same of a loaded pipeline."""
    return _kind(type(pipeline).__name__)


def denoiser_of(pipeline: Any) -> Any:
    """The UNet or the transformer."""
    return getattr(pipeline, kind_of(pipeline).denoiser)


def towers_of(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The modules that an adapter may change, by the prefix of their keys in diffusers' LoRA format; denoiser first."""
    kind = kind_of(pipeline)
    return {name: getattr(pipeline, name) for name in (kind.denoiser, *kind.text_towers)}


def modules_of(pipeline: Any) -> Iterator[torch.nn.Module]:
    """Everything that has weights."""
    return (part for part in pipeline.components.values() if isinstance(part, torch.nn.Module))


def native_px(pipeline: Any) -> int:
    """The edge that the denoiser's config states, else the 1024 px of FLUX, whose config states none."""
    sample_size = getattr(denoiser_of(pipeline).config, "sample_size", None) or pipeline.default_sample_size
    return int(sample_size * pipeline.vae_scale_factor)


def only_in_halves(directory: Path, kind: PipelineKind) -> bool:
    """The directory has its denoiser as `fp16` files and in no other way."""
    whole = any((directory / kind.denoiser / f"{_WEIGHTS}.safetensors{end}").is_file() for end in ("", ".index.json"))
    return not whole and any((directory / kind.denoiser).glob("*.fp16*.safetensors"))


def _index(directory: Path) -> Mapping[str, Any]:
    try:
        index = json.loads((directory / INDEX_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_index(directory) from error
    if not isinstance(index, dict) or "_class_name" not in index:
        raise _no_index(directory)
    return index


def _no_index(directory: Path) -> BackboneUnusable:
    return BackboneUnusable(
        f"{directory.name} has no {INDEX_NAME} that names a pipeline",
        remedy=f"Save one of {_known()} there, in diffusers' format.",
    )


def _kind(name: Any) -> PipelineKind:
    if not isinstance(name, str) or name not in KINDS:
        raise BackboneUnusable(f"a {str(name)[:60]} is no backbone that is known; known are {_known()}")
    return KINDS[name]


def _known() -> str:
    return ", ".join(KINDS)
