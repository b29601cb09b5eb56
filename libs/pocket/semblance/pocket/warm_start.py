"""Turns the committed weights into checkpoints again, so that a session with an empty workspace can train them on."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPTextModel

from semblance.pocket import checkpoint
from semblance.pocket import tokenizer as bpe
from semblance.pocket.autoencoder import AutoencoderTrainer
from semblance.pocket.denoiser import Trainer
from semblance.pocket.export import IDENTITY_FILE, LATENTS_FILE, identity_names
from semblance.pocket.model import Denoiser
from semblance.pocket.settings import Recipe


def warm_start(recipe: Recipe, weights: Path, workspace: Path) -> None:
    """Fill tokenizer/, latents.npz and both first checkpoints of a workspace from a weights folder. The optimisers'
    momenta are lost. Raises FileExistsError rather than overwrite a training that has begun."""
    if (workspace / "denoiser" / "checkpoint.pt").exists():
        raise FileExistsError(f"{workspace} already holds a training")
    workspace.mkdir(parents=True, exist_ok=True)
    shutil.copy(weights / LATENTS_FILE, workspace / "latents.npz")
    stored = json.loads((weights / "tokenizer" / "tokenizer.json").read_text())["model"]
    bpe.store(workspace / "tokenizer", stored["vocab"], [tuple(pair) for pair in stored["merges"]])
    trainer = Trainer(recipe, bpe.load(workspace / "tokenizer", recipe.model.token_length), 0, 1)
    restore_networks(trainer.model, weights)
    trainer.average = [w.detach().clone() for w in trainer.weights]
    checkpoint.save(workspace / "denoiser" / "checkpoint.pt", trainer.state())
    autoencoder = AutoencoderTrainer(recipe)
    autoencoder.model.load_state_dict(_network(AutoencoderKL, weights / "vae"))
    checkpoint.save(workspace / "autoencoder" / "checkpoint.pt", autoencoder.state())


def restore_networks(model: Denoiser, weights: Path) -> None:
    """Load unet/, the identity branch and text_encoder/ into the model, in place."""
    names = identity_names(model)
    identity = {names[key]: value for key, value in load_file(weights / "ip_adapter" / IDENTITY_FILE).items()}
    model.unet.load_state_dict({**_network(UNet2DConditionModel, weights / "unet"), **identity})
    model.text_encoder.load_state_dict(_network(CLIPTextModel, weights / "text_encoder"))


def _network(kind: Any, folder: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = kind.from_pretrained(folder, dtype=torch.float32).state_dict()
    return state
