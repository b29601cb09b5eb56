"""What the training parts learn from: random pictures, settings of a few steps, and diffusers' own way to learn.

The own way is the loop of diffusers' `train_dreambooth_lora.py`: pixels through the autoencoder and words through the
text encoder at every step, peft's layers, AdamW. Objective, picture, noise levels and numbers of steps are as ours.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import backbones
import numpy as np
import torch
from diffusers import DDPMScheduler
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save

from semblance.diffusion import Backbone, LoraSettings, TrainingPicture
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.objective import target

PEOPLE, PICTURES = 8, 6
Row = dict[str, Any]


def settings_of(bench: backbones.Bench, backbone: Backbone, steps: int, batch: int) -> LoraSettings:
    """The backbone's own, but for how long and how much at once; no prior pictures, one strength, no warm-up."""
    return dataclasses.replace(
        backbone.config.lora,
        unet_targets=bench.unet_targets,
        text_targets=bench.text_targets,
        steps=steps,
        batch_size=batch,
        prior_pictures=0,
        warmup_steps=0,
    )


def learners(backbone: Backbone, settings: LoraSettings) -> list[Learner]:
    """PEOPLE people with PICTURES random pictures and a seed each."""
    edge, made = backbone.config.resolution_px, []
    for person in range(PEOPLE):
        dice = np.random.default_rng(person)
        pictures = [
            TrainingPicture(dice.integers(0, 256, (edge, edge, 3), dtype=np.uint8), backbone.config.caption)
            for _ in range(PICTURES)
        ]
        reference = None
        if backbone.reference_size is not None:
            face = dice.standard_normal(backbone.reference_size).astype(np.float32)
            reference = face / np.linalg.norm(face)
        made.append(
            Learner(
                pictures,
                dataclasses.replace(settings, seed=person),
                reference,
                progress=lambda _step, _steps: None,
                cancelled=lambda: False,
            )
        )
    return made


def by_script(backbone: Backbone, learner: Learner) -> bytes:
    """One person's LoRA as the script learns it."""
    pipeline, settings = backbone.pipeline, learner.settings
    unet, text = pipeline.unet, pipeline.text_encoder
    generator = torch.Generator().manual_seed(settings.seed)
    towers = [(unet, settings.unet_targets, settings.rank), (text, settings.text_targets, settings.text_rank)]
    for tower, targets, rank in towers:
        if targets:
            tower.add_adapter(
                LoraConfig(
                    r=rank,
                    lora_alpha=rank,
                    init_lora_weights="gaussian",
                    target_modules=list(targets) if tower is text else _names(tower, targets),
                ),
                adapter_name="script",
            )
    parameters = [p for tower, _t, _r in towers for p in tower.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
    ids = pipeline.tokenizer(
        backbone.config.caption, padding="max_length", truncation=True, max_length=pipeline.tokenizer.model_max_length
    ).input_ids
    pixels = torch.from_numpy(np.stack([one.image for one in learner.pictures])).permute(0, 3, 1, 2).float() / 127.5 - 1
    for _ in range(settings.steps):
        picked = torch.randint(0, len(pixels), (settings.batch_size,), generator=generator)
        with torch.no_grad():
            latents = pipeline.vae.encode(pixels[picked]).latent_dist.sample() * pipeline.vae.config.scaling_factor
        words = text(torch.tensor([ids] * settings.batch_size))[0]
        noise = torch.randn(latents.shape, generator=generator)
        levels = torch.randint(0, scheduler.config.num_train_timesteps, (settings.batch_size,), generator=generator)
        condition = None
        if learner.reference is not None:
            face = torch.from_numpy(learner.reference).view(1, 1, -1).expand(settings.batch_size, -1, -1)
            condition = {"image_embeds": [face]}
        made = unet(scheduler.add_noise(latents, noise, levels), levels, words, added_cond_kwargs=condition).sample
        torch.nn.functional.mse_loss(made, target(scheduler, latents, noise, levels)).backward()
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    tensors = {
        f"{prefix}.{key}": tensor.contiguous()
        for prefix, (tower, targets, _rank) in zip(("unet", "text_encoder"), towers, strict=True)
        if targets
        for key, tensor in get_peft_model_state_dict(tower, adapter_name="script").items()
    }
    pipeline.unload_lora_weights()
    for tower, _targets, _rank in towers:
        tower.requires_grad_(False)
    return save(tensors)


def _names(unet: Any, targets: tuple[str, ...]) -> list[str]:
    """Whole names: the reference's own projection is left as it is, as ours leaves it."""
    ends = tuple(f".{one}" for one in targets)
    return [
        name
        for name, part in unet.named_modules()
        if name.endswith(ends)
        and isinstance(part, torch.nn.Linear | torch.nn.Conv2d)
        and "encoder_hid_proj" not in name
        and "processor" not in name
    ]
