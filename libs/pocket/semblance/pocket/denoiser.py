"""The diffusion training: v-prediction, zero terminal signal, min-SNR weighting, averaged weights, resumable."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semblance.pocket import alterations, checkpoint, parallel, pictures
from semblance.pocket import tokenizer as bpe
from semblance.pocket.batches import Batch, Batches
from semblance.pocket.framing import face_weights
from semblance.pocket.identity_loss import IdentityLoss
from semblance.pocket.journal import Journal
from semblance.pocket.latents import PatchTransform
from semblance.pocket.model import Denoiser, make_scheduler
from semblance.pocket.optimiser import Muon, split_parameters
from semblance.pocket.precision import mixed
from semblance.pocket.recognition import embedder_path
from semblance.pocket.settings import DenoiserSettings, Recipe


@dataclass
class Progress:
    """How far a run is; elapsed_s counts training time over all resumptions."""

    step: int = 0
    samples: int = 0
    elapsed_s: float = 0.0


def rate_factor(settings: DenoiserSettings, step: int, share: float) -> float:
    """Share of the full learning rate: warm up, hold, then fall linearly. share is elapsed time / budget."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    return warm * min(1.0, max(0.0, (1.0 - share) / settings.cooldown_share))


class Trainer:
    """Model, averaged weights and optimisers of one process; all processes hold equal copies."""

    def __init__(
        self, recipe: Recipe, tokenizer: Any, rank: int, processes: int, identity: IdentityLoss | None = None
    ) -> None:
        """identity: looks at the faces towards the end of the run, see DenoiserSettings; None leaves that out."""
        torch.manual_seed(recipe.seed)
        self._identity = identity
        self.recipe, self.settings = recipe, recipe.denoiser
        self.rank, self.processes = rank, processes
        self.model = Denoiser(recipe.model, tokenizer)
        self.model.train()
        matrices, rest = split_parameters(self.model)
        self.weights = matrices + rest
        self.average = [w.detach().clone() for w in self.weights]
        s = self.settings
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, s.matrix_rate, s.weight_decay, rank, processes),
            torch.optim.AdamW(rest, lr=s.vector_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
        ]
        self.signal = make_scheduler().alphas_cumprod
        side = recipe.model.latent_side
        self.where = torch.from_numpy(face_weights(side, s.face_weight))
        self.progress = Progress()

    def loss(self, batch: Batch, generator: torch.Generator, share: float = 0.0) -> tuple[Tensor, float]:
        """(weighted loss to descend, plain v-error for the log)."""
        x = batch.latents
        t = torch.randint(0, len(self.signal), (len(x),), generator=generator)
        noise = torch.randn(x.shape, generator=generator)
        alpha = self.signal[t].view(-1, 1, 1, 1)
        noisy = alpha.sqrt() * x + (1 - alpha).sqrt() * noise
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * x
        with mixed():
            predicted = self.model(noisy, t, batch.tokens, batch.identity)
        error = (predicted.float() - target).square().mean(1)
        snr = alpha.flatten() / (1 - alpha.flatten()).clamp(min=1e-8)
        weight = (snr.clamp(max=self.settings.snr_gamma) / (snr + 1)).clamp(min=self.settings.least_weight) / 0.35
        total = ((error * self.where).mean((1, 2)) * weight).mean()
        if self._identity is not None and share >= self.settings.identity_from:
            clean = alpha.sqrt() * noisy - (1 - alpha).sqrt() * predicted.float()
            total = total + self.settings.identity_weight * self._unlike(clean, alpha.flatten(), batch.own)
        return total, float(error.detach().mean())

    def _unlike(self, clean: Tensor, alpha: Tensor, own: Tensor) -> Tensor:
        """1 - cosine of SFace between the picture foreseen and the true one, on a few rows with little enough noise;
        noisier ones count less, their picture being a mean of many."""
        s, looks = self.settings, self._identity
        rows = torch.nonzero((alpha >= s.identity_signal) & (own.abs().sum(1) > 0)).flatten()[: s.identity_batch]
        if looks is None or not len(rows):
            return clean.sum() * 0.0
        unlike = 1 - (looks.embed(looks.decode(clean[rows])) * own[rows]).sum(1)
        return (unlike * alpha[rows].sqrt()).sum() / s.identity_batch

    def step(self, batches: Batches, share: float) -> float:
        """One update; returns the plain v-error."""
        s, p = self.settings, self.progress
        factor = rate_factor(s, p.step, share)
        for optimiser, rate in zip(self.optimisers, (s.matrix_rate, s.vector_rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + p.step * 64 + self.rank)
        loss, error = self.loss(batches.draw(self.rank, p.step, s.batch), generator, share)
        for weight in self.weights:
            weight.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        parallel.average_gradients(self.weights, s.clip_norm, self.processes)
        for optimiser in self.optimisers:
            optimiser.step()
        decay = min(s.ema_decay, (1 + p.step) / (10 + p.step))
        torch._foreach_lerp_(self.average, [w.detach() for w in self.weights], 1 - decay)
        p.step += 1
        p.samples += s.batch * self.processes
        return error

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs; tensors and plain numbers."""
        p = self.progress
        return {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimisers": [o.state_dict() for o in self.optimisers],
            "progress": {"step": p.step, "samples": p.samples, "elapsed_s": p.elapsed_s},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state()`."""
        self.model.load_state_dict(state["model"])
        for mine, stored in zip(self.average, state["average"], strict=True):
            mine.copy_(stored)
        for optimiser, stored in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(stored)
        self.progress = Progress(**state["progress"])

    def averaged_model(self) -> Denoiser:
        """The model with the averaged weights put in place (the training weights are lost: use a copy)."""
        with torch.no_grad():
            for weight, mean in zip(self.weights, self.average, strict=True):
                weight.copy_(mean)
        return self.model.eval()


def train(rank: int, processes: int, recipe: Recipe, workspace: Path, budget_s: float) -> None:
    """One process of the training. Resumes from `denoiser/checkpoint.pt`; ends when budget_s is used up."""
    folder = workspace / "denoiser"
    tokenizer = bpe.load(workspace / "tokenizer", recipe.model.token_length)
    transform = PatchTransform.load(workspace / "latents.npz")
    stored, altered = pictures.load_folder(workspace / "train"), alterations.load(workspace)
    batches = Batches(stored, transform, tokenizer, recipe, altered)
    trainer = Trainer(recipe, tokenizer, rank, processes, IdentityLoss(embedder_path(), transform))
    if (state := checkpoint.load(folder / "checkpoint.pt")) is not None:
        trainer.restore(state)
    p = trainer.progress
    journal = Journal(folder / "loss.csv", p.step) if rank == 0 else None
    saved_s, started, before_s = p.elapsed_s, time.monotonic(), p.elapsed_s
    cooling = p.elapsed_s / budget_s > 1 - recipe.denoiser.cooldown_share
    while True:
        p.elapsed_s = parallel.agree(before_s + time.monotonic() - started, processes)
        share = p.elapsed_s / budget_s
        if rank == 0 and not cooling and share > 1 - recipe.denoiser.cooldown_share:
            cooling = True  # kept for a later session: training can go on from full rate here
            checkpoint.save(folder / "before-cooldown.pt", trainer.state())
        if rank == 0 and (share >= 1 or p.elapsed_s - saved_s > recipe.denoiser.checkpoint_s):
            saved_s = p.elapsed_s
            checkpoint.save(folder / "checkpoint.pt", trainer.state())
        if share >= 1:
            return
        error = trainer.step(batches, share)
        if journal is not None:
            journal.add(p.step, p.samples, p.elapsed_s, error)
