"""Loading a pipeline's directory, and knowing at any time that nobody's adapter is in it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderTiny
from diffusers.utils import logging as diffusers_logging
from safetensors import safe_open
from transformers.utils import logging as transformers_logging

from semblance.diffusion.beside import IP_ADAPTER_FILE, PREVIEW_VAE, require_licences
from semblance.diffusion.config import BackboneConfig, read_config
from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.families.compiling import require_compiler
from semblance.diffusion.families.schedulers import replace_scheduler
from semblance.diffusion.pipelines import (
    PipelineKind,
    denoiser_of,
    kind_in,
    left_empty,
    modules_of,
    native_px,
    only_in_halves,
    towers_of,
)
from semblance.diffusion.slots.attaching import require_bare
from semblance.diffusion.speed_lora import merge_speed_lora
from semblance.kernel.units import MIB

Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class BackboneOptions:
    """How a pipeline is loaded; the defaults are what the embedded backbone has always had.

    precision: of towers and denoiser, whatever the files hold. offload: modules wait in main memory and go to the
    accelerator one at a time. compiled: the denoiser, by its family, with torch.compile's backend `compiler` (`eager`
    traces as the others do, and compiles nothing). preview_vae: an AutoencoderTiny's folder; None: `preview_vae` beside
    the pipeline, where there is one. allow_licences: names that load although they are unknown or not free for
    commercial use, of the pipeline and of what lies beside it.
    """

    device: str = "cpu"
    precision: Precision = "float32"
    offload: bool = False
    compiled: bool = False
    compiler: str = "inductor"
    preview_vae: Path | None = None
    allow_licences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backbone:
    """A frozen pipeline. `lock` is held by whoever puts an adapter in: one request or training at a time."""

    pipeline: Any = field(repr=False)
    config: BackboneConfig
    digest: str
    reference_size: int | None
    """Length of the face embedding that conditions it; None when it takes no reference."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    preview_vae: Any = field(default=None, repr=False)
    """An AutoencoderTiny; None where the backbone has none."""
    options: BackboneOptions = BackboneOptions()

    @property
    def towers(self) -> Mapping[str, torch.nn.Module]:
        """What an adapter may change, by the prefix of its keys; the denoiser comes first."""
        return towers_of(self.pipeline)

    @property
    def denoiser(self) -> Any:
        """The UNet or the transformer."""
        return denoiser_of(self.pipeline)

    @property
    def device(self) -> torch.device:
        """Where it computes, also while its modules wait elsewhere."""
        device: torch.device = self.pipeline._execution_device
        return device

    def make_room(self) -> None:
        """Where modules wait in main memory: send all of them there, so that the next one comes alone. diffusers does
        so at a picture's end; an engine has no such end."""
        if self.options.offload:
            for hook in self.pipeline._all_hooks:
                hook.offload()

    def require_bare(self) -> None:
        """Raise AdapterStillLoaded when a tower still holds an adapter, BackboneTaken when it holds slots."""
        for module in self.towers.values():
            require_bare(module)


def load_backbone(directory: Path, options: BackboneOptions | None = None) -> Backbone:
    """Load a diffusers directory of a class that pipelines.py knows, with whatever of ours lies beside it: a face
    embedding's adapter, a speed LoRA, which is merged into the weights, a tiny autoencoder for previews.

    Only safetensors are read, never pickles. Raises BackboneUnusable, and LicenceRefused before a weight is read.
    """
    options = options or BackboneOptions()
    files = weight_files(directory)
    kind = kind_in(directory)
    require_licences(directory, options.allow_licences)
    _require_device(options)
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    pipeline = _pipeline(directory, kind, options, halves=only_in_halves(directory, kind))
    merge_speed_lora(pipeline, directory)
    reference_size = _load_ip_adapter(pipeline, directory) if kind.class_name == "StableDiffusionPipeline" else None
    for module in modules_of(pipeline):
        module.requires_grad_(False)
        module.eval()
    config = read_config(directory, native_px(pipeline))
    if config.sampler.scheduler is not None:
        replace_scheduler(pipeline, config.sampler.scheduler, config.sampler.scheduler_config)
    if reference_size is not None:
        pipeline.set_ip_adapter_scale(config.sampler.ip_adapter_scale)
    _place(pipeline, options)
    backbone = Backbone(
        pipeline,
        config,
        weights_digest(directory, files),
        reference_size,
        preview_vae=_preview_vae(directory, pipeline, options),
        options=options,
    )
    backbone.require_bare()
    return backbone


def _pipeline(directory: Path, kind: PipelineKind, options: BackboneOptions, *, halves: bool) -> Any:
    try:
        pipeline: Any = kind.pipeline_class.from_pretrained(
            str(directory),
            dtype=getattr(torch, options.precision),
            use_safetensors=True,
            local_files_only=True,
            variant="fp16" if halves else None,
            **kind.left_out,
            **left_empty(directory, kind),
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise BackboneUnusable(f"{directory.name} does not load as a {kind.class_name}") from error
    lacking = [name for name in kind.needed if getattr(pipeline, name, None) is None]
    if lacking:
        raise BackboneUnusable(f"{directory.name} has no {', '.join(lacking)}, without which it draws nothing")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _require_device(options: BackboneOptions) -> None:
    """Fail before gigabytes are read."""
    kind = torch.device(options.device).type
    if kind == "cpu" and options.offload:
        raise BackboneUnusable("offloading to the CPU needs a device to offload from", remedy="Name a device.")
    if kind == "cpu" and options.precision == "float16":
        raise BackboneUnusable("float16 is not computed on a CPU", remedy="Use float32 or bfloat16.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise BackboneUnusable(f"there is no device {options.device} here")
    if options.offload and options.compiled:
        raise BackboneUnusable("a denoiser that comes and goes is not compiled", remedy="Offload or compile, not both.")
    if options.compiled:
        require_compiler(options.compiler, options.device)


def _place(pipeline: Any, options: BackboneOptions) -> None:
    if options.precision == "float16" and pipeline.vae.config.force_upcast:
        pipeline.vae.to(torch.float32)  # it overflows in 16 bits; diffusers does the same at every picture
    if options.offload:
        pipeline.enable_model_cpu_offload(device=options.device)
    else:
        pipeline.to(options.device)


def _preview_vae(directory: Path, pipeline: Any, options: BackboneOptions) -> Any:
    """The AutoencoderTiny, checked against the pipeline's latents. Raises BackboneUnusable."""
    folder = options.preview_vae or directory / PREVIEW_VAE
    if options.preview_vae is None and not folder.is_dir():
        return None
    try:
        tiny = AutoencoderTiny.from_pretrained(
            str(folder), dtype=pipeline.vae.dtype, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise BackboneUnusable(f"{folder.name} does not load as an AutoencoderTiny") from error
    if tiny.config.latent_channels != pipeline.vae.config.latent_channels:
        raise BackboneUnusable(f"{folder.name} is for latents of other channels than the pipeline's")
    tiny.requires_grad_(False)
    return tiny.eval().to(options.device)


def weight_files(directory: Path) -> list[Path]:
    """Every safetensors file that pictures depend on, in name order. Raises BackboneUnusable when there is none."""
    found = (file.relative_to(directory) for file in directory.rglob("*.safetensors"))
    files = [directory / file for file in sorted(found, key=Path.as_posix) if file.parts[0] != PREVIEW_VAE]
    if not files:
        raise BackboneUnusable(f"{directory.name} holds no safetensors files", remedy="Fetch the weights first.")
    return files


def weights_digest(directory: Path, files: Sequence[Path] | None = None) -> str:
    """SHA-256, hexadecimal, over the weight files' bytes in name order."""
    total = hashlib.sha256()
    for file in weight_files(directory) if files is None else files:
        with file.open("rb") as stream:
            while chunk := stream.read(4 * MIB):
                total.update(chunk)
    return total.hexdigest()


def _load_ip_adapter(pipeline: Any, directory: Path) -> int | None:
    """Attach the IP-Adapter-FaceID state dict. Returns the embedding's length, None where there is no file."""
    path = directory / IP_ADAPTER_FILE
    if not path.is_file():
        return None
    state: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    with safe_open(str(path), framework="pt", device="cpu") as stored:
        for key in stored.keys():  # noqa: SIM118 - not a mapping
            part, _, name = key.partition(".")
            if part in state:
                state[part][name] = stored.get_tensor(key).float()
    # diffusers makes a CLIP image processor when none is set, for an image encoder that FaceID does not have.
    pipeline.feature_extractor = _Unused()
    try:
        pipeline.load_ip_adapter(state, subfolder=None, weight_name=None, image_encoder_folder=None)
    except (KeyError, ValueError, RuntimeError) as error:
        raise BackboneUnusable(f"{IP_ADAPTER_FILE} does not fit the pipeline") from error
    finally:
        pipeline.feature_extractor = None
    if getattr(pipeline.unet, "peft_config", None):
        pipeline.fuse_lora()  # FaceID files of the SD 1.5 family bring a LoRA of their own: it is part of the backbone
        pipeline.unload_lora_weights()
    projection = pipeline.unet.encoder_hid_proj.image_projection_layers[0]
    return int(projection.ff.net[0].proj.in_features)


class _Unused:
    """Stands where diffusers looks for an image processor; nothing may call it."""
