"""Trains the AutoencoderKL that stands in for the patch transform: its encoder reproduces the transform's latents, its
decoder draws pictures from them. The denoiser need not wait for it, since both agree on the same latents."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from semblance.pocket import checkpoint, pictures
from semblance.pocket.identity_loss import IdentityLoss
from semblance.pocket.journal import Journal
from semblance.pocket.latents import PatchTransform
from semblance.pocket.model import make_autoencoder
from semblance.pocket.optimiser import Muon, split_parameters
from semblance.pocket.precision import mixed
from semblance.pocket.recognition import embedder_path
from semblance.pocket.settings import AutoencoderSettings, Recipe

_LOG_VARIANCE = -8.0


def reconstruction_loss(rebuilt: Tensor, target: Tensor, settings: AutoencoderSettings) -> Tensor:
    """L1, L1 of the gradients (sharp edges) and of the 4 px means (right colours). Pictures (B, 3, H, W), -1..1."""
    error = rebuilt - target
    across = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    lowpass = F.avg_pool2d(error, 4).abs().mean()
    return error.abs().mean() + settings.gradient_weight * across + settings.lowpass_weight * lowpass


class AutoencoderTrainer:
    """Single process. No averaged weights: the rate falls to zero, so the last ones are as calm."""

    def __init__(self, recipe: Recipe, identity: IdentityLoss | None = None) -> None:
        """identity: adds the face's likeness to what the decoder must keep; None leaves the term out."""
        torch.manual_seed(recipe.seed + 1)
        self._identity = identity
        self.recipe, self.settings = recipe, recipe.autoencoder
        self.model = make_autoencoder(recipe.model).to(memory_format=torch.channels_last)
        channels = recipe.model.latent_channels
        with torch.no_grad():  # a near-deterministic posterior: only the mean is trained
            self.model.quant_conv.weight[channels:] = 0.0
            self.model.quant_conv.bias[channels:] = _LOG_VARIANCE
        matrices, rest = split_parameters(self.model)
        self.weights = matrices + rest
        rate = self.settings.rate
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, rate, 0.0),
            torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        ]
        self.step_count, self.elapsed_s = 0, 0.0

    def losses(self, pixels: Tensor, latents: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(reconstruction, latent agreement, identity). pixels (B, 3, 64, 64), -1..1; latents (B, C, 8, 8). Identity
        is 1 - cosine of SFace on the first few pictures: it costs more than all else."""
        with mixed():
            mean = self.model.encode(pixels).latent_dist.mean
            rebuilt = self.model.decode(latents + self.settings.latent_noise * noise).sample
        rebuilt = rebuilt.float()
        unlike, few = torch.zeros(()), self.settings.identity_batch
        if self._identity is not None:
            with torch.no_grad():
                wanted = self._identity.embed(pixels[:few])
            unlike = 1 - (self._identity.embed(rebuilt[:few]) * wanted).sum(1).mean()
        return reconstruction_loss(rebuilt, pixels, self.settings), (mean.float() - latents).square().mean(), unlike

    def step(self, pixels: Tensor, latents: Tensor, share: float) -> float:
        """One update; returns the reconstruction loss."""
        s = self.settings
        rate = s.rate * min(1.0, (self.step_count + 1) / s.warmup_steps) * (0.5 + 0.5 * float(np.cos(np.pi * share)))
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate + 1e-5
        generator = torch.Generator().manual_seed(self.recipe.seed * 7 + self.step_count)
        noise = torch.randn(latents.shape, generator=generator)
        rebuilt, agreement, unlike = self.losses(pixels, latents, noise)
        for weight in self.weights:
            weight.grad = None
        (rebuilt + s.latent_weight * agreement + s.identity_weight * unlike).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.weights, s.clip_norm)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step_count += 1
        return float(rebuilt.detach())

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "model": self.model.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "progress": {"step": self.step_count, "elapsed_s": self.elapsed_s},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state()`."""
        self.model.load_state_dict(state["model"])
        for optimiser, stored in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(stored)
        self.step_count = int(state["progress"]["step"])
        self.elapsed_s = float(state["progress"]["elapsed_s"])


def train(recipe: Recipe, workspace: Path, budget_s: float) -> None:
    """Resumes from `autoencoder/checkpoint.pt`; ends when budget_s CPU-seconds are used up."""
    torch.set_num_threads(1)
    stored = pictures.load_folder(workspace / "train").pixels
    transform = PatchTransform.load(workspace / "latents.npz")
    trainer = AutoencoderTrainer(recipe, IdentityLoss(embedder_path()))
    path = workspace / "autoencoder" / "checkpoint.pt"
    if (state := checkpoint.load(path)) is not None:
        trainer.restore(state)
    journal = Journal(path.with_name("loss.csv"), trainer.step_count)
    before_s, started, saved_s = trainer.elapsed_s, time.process_time(), trainer.elapsed_s
    while trainer.elapsed_s < budget_s:
        rng = np.random.default_rng((recipe.seed, 1, trainer.step_count))
        chosen = stored[rng.integers(0, len(stored), recipe.autoencoder.batch)]
        flip = rng.random(len(chosen)) < 0.5
        chosen[flip] = chosen[flip][:, :, ::-1]
        pixels = torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        loss = trainer.step(
            pixels.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(transform.encode(chosen)),
            trainer.elapsed_s / budget_s,
        )
        trainer.elapsed_s = before_s + time.process_time() - started
        journal.add(trainer.step_count, trainer.step_count * len(chosen), trainer.elapsed_s, loss)
        if trainer.elapsed_s - saved_s > recipe.autoencoder.checkpoint_s or trainer.elapsed_s >= budget_s:
            saved_s = trainer.elapsed_s
            checkpoint.save(path, trainer.state())
