"""Loading a StableDiffusionPipeline directory, and knowing at any time that nobody's adapter is in it."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import safe_open
from transformers.utils import logging as transformers_logging

from semblance.diffusion.config import BackboneConfig, read_config
from semblance.diffusion.errors import AdapterStillLoaded, BackboneUnusable
from semblance.kernel.units import MIB

IP_ADAPTER_FILE: Final = "ip_adapter/ip-adapter-faceid.safetensors"


@dataclass(frozen=True)
class Backbone:
    """A frozen pipeline. `lock` is held by whoever puts an adapter in: one request or training at a time."""

    pipeline: Any = field(repr=False)
    config: BackboneConfig
    digest: str
    reference_size: int | None
    """Length of the face embedding that conditions it; None when it takes no reference."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def require_bare(self) -> None:
        """Raise AdapterStillLoaded when any module still holds an adapter."""
        for module in (self.pipeline.unet, self.pipeline.text_encoder):
            held = getattr(module, "peft_config", None)
            if held or any(isinstance(part, BaseTunerLayer) for part in module.modules()):
                raise AdapterStillLoaded(type(module).__name__)


def load_backbone(directory: Path, *, device: str = "cpu") -> Backbone:
    """Load a diffusers directory in float32, with its face-embedding adapter where it has one.

    Only safetensors are read, never pickles. The pipeline's own safety checker is left out: the platform's
    filter looks at every picture. Raises BackboneUnusable.
    """
    files = weight_files(directory)
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    half_only = (
        any(".fp16." in file.name for file in files)
        and not (directory / "unet" / "diffusion_pytorch_model.safetensors").is_file()
    )
    try:
        pipeline: Any = StableDiffusionPipeline.from_pretrained(
            str(directory),
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            safety_checker=None,
            feature_extractor=None,
            image_encoder=None,
            requires_safety_checker=False,
            variant="fp16" if half_only else None,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BackboneUnusable(f"{directory.name} does not load as a StableDiffusionPipeline") from error
    pipeline.set_progress_bar_config(disable=True)
    reference_size = _load_ip_adapter(pipeline, directory)
    pipeline.to(device)
    for module in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        module.requires_grad_(False)
        module.eval()
    config = read_config(directory, pipeline.unet.config.sample_size * pipeline.vae_scale_factor)
    if reference_size is not None:
        pipeline.set_ip_adapter_scale(config.sampler.ip_adapter_scale)
    backbone = Backbone(pipeline, config, weights_digest(directory), reference_size)
    backbone.require_bare()
    return backbone


def weight_files(directory: Path) -> list[Path]:
    """Every safetensors file below the directory, in name order. Raises BackboneUnusable when there is none."""
    files = sorted(directory.rglob("*.safetensors"), key=lambda file: file.relative_to(directory).as_posix())
    if not files:
        raise BackboneUnusable(f"{directory.name} holds no safetensors files", remedy="Fetch the weights first.")
    return files


def weights_digest(directory: Path) -> str:
    """SHA-256, hexadecimal, over the weight files' bytes in name order."""
    total = hashlib.sha256()
    for file in weight_files(directory):
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
