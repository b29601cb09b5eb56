"""A tiny pipeline of the real classes with random weights, for tests: about 100,000 parameters, half a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from semblance.diffusion.beside import IP_ADAPTER_FILE
from semblance.diffusion.families.licences import RANDOM_NUMBERS

RESOLUTION_PX: Final = 32
REFERENCE_SIZE: Final = 128
_WIDTH: Final = 32
_WINDOW: Final = 24
_CHANNELS: Final = (16, 32)


def write_tiny_backbone(directory: Path, *, ip_adapter: bool, prediction_type: str = "v_prediction") -> Path:
    """Write a StableDiffusionPipeline directory, and with it a random IP-Adapter-FaceID. The same bytes every time."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        _pipeline(directory, prediction_type).save_pretrained(str(directory), safe_serialization=True)
        if ip_adapter:
            (directory / IP_ADAPTER_FILE).parent.mkdir()
            save_file(_ip_adapter(), str(directory / IP_ADAPTER_FILE))
    card = {
        "name": "tiny",
        "version": "1",
        "licence": RANDOM_NUMBERS,
        "licences": {"ip_adapter": RANDOM_NUMBERS},
        "sampler": {"steps": 3, "guidance_scale": 2.0, "ip_adapter_scale": 1.0},
        "lora": {
            "rank": 4,
            "alpha": 4,
            "unet_targets": ["to_q", "to_v", "ff.net.2", "conv1"],
            "text_targets": ["q_proj", "fc1"],
            "steps": 4,
            "batch_size": 2,
        },
    }
    (directory / "semblance.json").write_text(json.dumps(card), encoding="utf-8")
    return directory


def _pipeline(directory: Path, prediction_type: str) -> Any:
    tokenizer = clip_tokenizer(directory / "tokenizer")
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=_WIDTH,
        intermediate_size=_WIDTH * 2,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=_WINDOW,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return StableDiffusionPipeline(
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 16),
            latent_channels=4,
            norm_num_groups=4,
            sample_size=RESOLUTION_PX,
            mid_block_add_attention=False,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=RESOLUTION_PX // 2,
            block_out_channels=_CHANNELS,
            layers_per_block=1,
            cross_attention_dim=_WIDTH,
            attention_head_dim=2,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear",
            beta_start=0.00085,
            beta_end=0.012,
            prediction_type=prediction_type,
            clip_sample=False,
            rescale_betas_zero_snr=prediction_type == "v_prediction",
            timestep_spacing="trailing",
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def clip_tokenizer(directory: Path) -> Any:
    """A CLIPTokenizer of single letters; its files lie in the directory."""
    directory.mkdir(parents=True)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = directory / "vocab.json", directory / "merges.txt"
    vocabulary.write_text(json.dumps({word: index for index, word in enumerate(words)}), encoding="utf-8")
    merges.write_text("#version: 0.2\n", encoding="utf-8")
    return CLIPTokenizer(vocab=str(vocabulary), merges=str(merges), model_max_length=_WINDOW)


def _ip_adapter() -> dict[str, torch.Tensor]:
    """An IP-Adapter-FaceID state dict for the UNet above: attn2 modules are numbered 1, 3, 5 in its order."""
    tokens, inner = 4, REFERENCE_SIZE
    state = {
        "image_proj.proj.0.weight": torch.randn(inner, REFERENCE_SIZE) * 0.1,
        "image_proj.proj.0.bias": torch.zeros(inner),
        "image_proj.proj.2.weight": torch.randn(tokens * _WIDTH, inner) * 0.1,
        "image_proj.proj.2.bias": torch.zeros(tokens * _WIDTH),
        "image_proj.norm.weight": torch.ones(_WIDTH),
        "image_proj.norm.bias": torch.zeros(_WIDTH),
    }
    blocks = 4  # cross-attention in this UNet: one going down, two coming up, one in the middle
    for index in range(blocks):
        for part in ("to_k_ip", "to_v_ip"):
            state[f"ip_adapter.{1 + 2 * index}.{part}.weight"] = torch.randn(_CHANNELS[1], _WIDTH) * 0.2
    return state
