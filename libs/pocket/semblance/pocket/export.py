"""Writes the StableDiffusionPipeline folder that the platform loads, from the checkpoints of a workspace."""

import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch import Tensor

from semblance.pocket import NAME, checkpoint
from semblance.pocket import tokenizer as bpe
from semblance.pocket.autoencoder import AutoencoderTrainer
from semblance.pocket.denoiser import Trainer
from semblance.pocket.framing import TEMPLATE_64
from semblance.pocket.model import Denoiser, make_scheduler, make_unet
from semblance.pocket.settings import Recipe

IDENTITY_FILE = "ip-adapter-faceid.safetensors"
LATENTS_FILE = "latents.npz"
"""The patch transform that the autoencoder imitates: only further training needs it."""
_PROJECTION = {"ff.net.0.proj": "proj.0", "ff.net.2": "proj.2", "norm": "norm"}
_IMAGE_PROJECTION = "encoder_hid_proj.image_projection_layers.0."


def plain_unet(model: Denoiser, recipe: Recipe) -> Any:
    """The UNet without the identity branch, as unet/ holds it."""
    unet = make_unet(recipe.model)
    state = {
        name: value
        for name, value in model.unet.state_dict().items()
        if ".processor." not in name and not name.startswith("encoder_hid_proj.")
    }
    unet.load_state_dict(state)
    return unet


def identity_names(model: Denoiser) -> dict[str, str]:
    """IP-Adapter-FaceID's names, as load_ip_adapter reads them, to the names in our UNet. The number in
    ip_adapter.<n> counts attention layers from 0; those that look at the context are the odd ones."""
    names: dict[str, str] = {}
    for name in model.unet.encoder_hid_proj.image_projection_layers[0].state_dict():
        layer, _, kind = name.rpartition(".")
        names[f"image_proj.{_PROJECTION[layer]}.{kind}"] = _IMAGE_PROJECTION + name
    crossing = [name for name in model.unet.attn_processors if name.endswith("attn2.processor")]
    for position, name in enumerate(crossing):
        for kind in ("to_k_ip", "to_v_ip"):
            names[f"ip_adapter.{2 * position + 1}.{kind}.weight"] = f"{name}.{kind}.0.weight"
    return names


def identity_state(model: Denoiser) -> dict[str, Tensor]:
    """The identity branch as a standard IP-Adapter-FaceID state dict in fp16."""
    state = model.unet.state_dict()
    return {theirs: state[ours].half().contiguous() for theirs, ours in identity_names(model).items()}


def description(recipe: Recipe) -> dict[str, Any]:
    """semblance.json: what callers must know and diffusers has no field for."""
    return {
        "name": NAME,
        "version": recipe.version,
        "licence": "Apache-2.0",
        "licences": {"ip_adapter": "Apache-2.0"},
        "resolution_px": recipe.model.resolution_px,
        "sampler": asdict(recipe.sampler),
        "trigger": "sks person",
        "framing": [[round(float(v), 3) for v in point] for point in TEMPLATE_64],
        "lora": asdict(recipe.lora),
    }


def load_denoiser(recipe: Recipe, workspace: Path) -> tuple[Denoiser, Any]:
    """(averaged model, tokenizer) from the denoiser's checkpoint. Raises FileNotFoundError before the first one."""
    tokenizer = bpe.load(workspace / "tokenizer", recipe.model.token_length)
    trainer = Trainer(recipe, tokenizer, 0, 1)
    trainer.restore(_require(workspace / "denoiser" / "checkpoint.pt"))
    return trainer.averaged_model(), tokenizer


def load_autoencoder(recipe: Recipe, workspace: Path) -> Any:
    """The AutoencoderKL from its checkpoint."""
    trainer = AutoencoderTrainer(recipe)
    trainer.restore(_require(workspace / "autoencoder" / "checkpoint.pt"))
    return trainer.model.eval()


def export(recipe: Recipe, workspace: Path, target: Path) -> None:
    """Write everything beside the target first, then move file by file: readers see old or new files, never half."""
    model, tokenizer = load_denoiser(recipe, workspace)
    pipeline = StableDiffusionPipeline(
        vae=load_autoencoder(recipe, workspace).half(),
        text_encoder=model.text_encoder.half(),
        tokenizer=tokenizer,
        unet=plain_unet(model, recipe).half(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as made:
        folder = Path(made)
        pipeline.save_pretrained(folder, safe_serialization=True)
        (folder / "ip_adapter").mkdir()
        save_file(identity_state(model), str(folder / "ip_adapter" / IDENTITY_FILE))
        shutil.copy(workspace / "latents.npz", folder / LATENTS_FILE)
        (folder / "semblance.json").write_text(json.dumps(description(recipe), indent=2) + "\n")
        for source in sorted(p for p in folder.rglob("*") if p.is_file()):
            place = target / source.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            source.chmod(0o644)
            os.replace(source, place)
    shutil.rmtree(target / "feature_extractor", ignore_errors=True)


def _require(path: Path) -> dict[str, Any]:
    state = checkpoint.load(path)
    if state is None:
        raise FileNotFoundError(f"no checkpoint at {path}")
    return state


def load_pipeline(folder: Path, with_identity: bool = True) -> Any:
    """The pipeline in float32 for the CPU, with the identity branch loaded the standard way."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32, safety_checker=None)
    if with_identity:
        pipeline.load_ip_adapter(
            str(folder), subfolder="ip_adapter", weight_name=IDENTITY_FILE, image_encoder_folder=None
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
