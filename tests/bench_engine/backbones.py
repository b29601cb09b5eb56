"""The backbones that are measured, and random adapters for them: time does not ask what a weight says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from semblance.diffusion import Backbone, load_backbone
from semblance.diffusion.slots import Layout
from semblance.pocket import weights_dir

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
_TOKENS = 77


@dataclass(frozen=True)
class Size:
    """A random UNet: its width on each level, the width of the text, and its adapters' rank."""

    channels: tuple[int, ...]
    context: int
    rank: int


RANDOM = {
    "tiny": Size((32, 32, 32), 32, 4),  # where what a step costs does not matter
    "16M": Size((64, 128, 256), 128, 8),
    "43M": Size((128, 256, 384), 256, 16),
}
NAMES = ("pocket", "16M", "43M")


@dataclass(frozen=True)
class Bench:
    """One backbone's folder, and what an adapter for it changes."""

    name: str
    folder: Path
    unet_targets: tuple[str, ...]
    text_targets: tuple[str, ...]
    rank: int
    text_rank: int

    def load(self) -> Backbone:
        """A copy of its own."""
        return load_backbone(self.folder)

    def layout(self, backbone: Backbone) -> Layout:
        """Where an adapter's numbers lie."""
        towers = {"unet": backbone.pipeline.unet, "text_encoder": backbone.pipeline.text_encoder}
        return Layout.of(
            towers,
            unet_targets=self.unet_targets,
            text_targets=self.text_targets,
            rank=self.rank,
            text_rank=self.text_rank,
            dtype=torch.float32,
            backbone_digest=backbone.digest,
        )

    def loras(self, backbone: Backbone, count: int) -> list[bytes]:
        """Random adapters as safetensors bytes in diffusers' format, strong enough to change the picture."""
        layers = {
            f"{tower.prefix}.{layer.name}": (tower.rank, layer.down, layer.up)
            for tower in self.layout(backbone).towers
            for layer in tower.layers
        }
        return [save(_random(layers, seed), metadata={"format": "pt"}) for seed in range(count)]


@contextmanager
def bench(name: str) -> Iterator[Bench]:
    """The backbone of this name, on disk for as long as the block lasts."""
    if name == "pocket":
        backbone = load_backbone(weights_dir())
        own = backbone.config.lora
        yield Bench(name, weights_dir(), own.unet_targets, own.text_targets, own.rank, own.text_rank)
        return
    size = RANDOM[name]
    with TemporaryDirectory(prefix=f"backbone-{name}-") as folder:
        _write(Path(folder), name, size)
        yield Bench(name, Path(folder), ATTENTION, (), size.rank, size.rank)


def worn_on_pocket() -> str:
    """What an adapter for the embedded backbone is, as its card says today."""
    with bench("pocket") as found:
        towers = found.layout(found.load()).towers
    return f"rank {found.rank}, {sum(len(tower.layers) for tower in towers)} layers"


def _random(layers: dict[str, Any], seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, (rank, down, up) in layers.items():
        made[f"{name}.lora_A.weight"] = torch.randn(rank, *down, generator=generator) * 0.05
        made[f"{name}.lora_B.weight"] = torch.randn(up, rank, *(1 for _ in down[1:]), generator=generator) * 0.05
    return made


def _write(folder: Path, name: str, size: Size) -> None:
    torch.manual_seed(0)
    tokenizer = _tokenizer(folder / "tokenizer")
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.context,
        intermediate_size=size.context * 2,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    pipeline: Any = StableDiffusionPipeline(
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(16, 32),
            latent_channels=4,
            norm_num_groups=8,
            sample_size=64,
            mid_block_add_attention=False,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=32,
            layers_per_block=1,
            block_out_channels=size.channels,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=size.context,
            attention_head_dim=8,
            norm_num_groups=32,
        ),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(str(folder), safe_serialization=True)
    card = {
        "name": name,
        "version": "1",
        "licence": "none: random numbers",
        "sampler": {"steps": 4, "guidance_scale": 5.0},
        "lora": {"rank": size.rank, "alpha": size.rank, "unet_targets": ATTENTION, "text_targets": []},
    }
    (folder / "semblance.json").write_text(json.dumps(card), encoding="utf-8")


def _tokenizer(folder: Path) -> Any:
    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    return CLIPTokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"), model_max_length=_TOKENS)


def parameters(module: nn.Module) -> float:
    """Millions."""
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6
