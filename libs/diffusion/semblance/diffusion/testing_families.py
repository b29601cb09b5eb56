"""Tiny pipelines of the larger families' real classes with random weights, for tests. The same bytes every time.

Nothing is downloaded: the T5 tokenizer is built in memory, a Unigram model of single letters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import get_peft_model_state_dict
from safetensors import torch as safetensors_torch
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from semblance.diffusion.adapter import ADAPTER_NAME
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.beside import PREVIEW_VAE
from semblance.diffusion.families.licences import RANDOM_NUMBERS
from semblance.diffusion.testing import RESOLUTION_PX, clip_tokenizer

_WIDTH: Final = 16
_T5_WIDTH: Final = 32
_LATENT_CHANNELS: Final = 4


def write_tiny_sdxl(directory: Path, **card: Any) -> Path:
    """A StableDiffusionXLPipeline directory of 150,000 parameters; card: fields of its `semblance.json`."""
    return _written(directory, _sdxl, card, targets=["to_q", "to_v", "ff.net.2"])


def write_tiny_sd3(directory: Path, *, t5: bool = True, **card: Any) -> Path:
    """A StableDiffusion3Pipeline directory; t5: with the third text encoder, which may be left out."""
    targets = ["to_q", "to_v", "add_k_proj", "norm1.linear", "ff.net.2"]
    return _written(directory, lambda own: _sd3(own, t5), card, targets=targets)


def write_tiny_flux(directory: Path, *, guidance_embeds: bool = True, **card: Any) -> Path:
    """A FluxPipeline directory; guidance_embeds: as the distilled variant, which is told its guidance."""
    targets = ["to_q", "add_k_proj", "norm1.linear", "ff.net.2", "proj_mlp", "single_transformer_blocks.0.proj_out"]
    return _written(directory, lambda own: _flux(own, guidance_embeds), card, targets=targets)


def write_tiny_preview_vae(directory: Path, latent_channels: int = _LATENT_CHANNELS) -> Path:
    """An AutoencoderTiny beside the pipeline."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
            latent_channels=latent_channels,
        ).save_pretrained(str(directory / PREVIEW_VAE))
    return directory


def _written(directory: Path, made: Callable[[Path], Any], card: dict[str, Any], targets: list[str]) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        pipeline = made(directory)
        _enlivened(pipeline)
        pipeline.save_pretrained(str(directory), safe_serialization=True)
    own = {
        "name": "tiny",
        "version": "1",
        "licence": RANDOM_NUMBERS,
        "licences": {"speed_lora": RANDOM_NUMBERS, "preview_vae": RANDOM_NUMBERS},
        "resolution_px": RESOLUTION_PX,
        "sampler": {"steps": 3, "guidance_scale": 2.0},
        "lora": {
            "rank": 4,
            "alpha": 4,
            "unet_targets": targets,
            "text_targets": ["q_proj", "fc1"],
            "text_rank": 2,
            "steps": 4,
            "batch_size": 2,
        },
    }
    (directory / "semblance.json").write_text(json.dumps({**own, **card}), encoding="utf-8")
    return directory


def _enlivened(pipeline: Any) -> None:
    """Random numbers also where the classes begin with zeros, so that every condition shows in the picture."""
    for module in (part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)):
        for parameter in module.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)


def _sdxl(directory: Path) -> Any:
    tokenizer, second = clip_tokenizer(directory / "tokenizer"), clip_tokenizer(directory / "tokenizer_2")
    return StableDiffusionXLPipeline(
        vae=_vae(scaling_factor=0.13025),
        text_encoder=CLIPTextModel(_clip(tokenizer)),
        text_encoder_2=CLIPTextModelWithProjection(_clip(second)),
        tokenizer=tokenizer,
        tokenizer_2=second,
        unet=UNet2DConditionModel(
            sample_size=RESOLUTION_PX // 2,
            block_out_channels=(16, 32),
            layers_per_block=1,
            cross_attention_dim=2 * _WIDTH,
            attention_head_dim=(2, 4),
            transformer_layers_per_block=(1, 2),
            use_linear_projection=True,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=_WIDTH + 6 * 8,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            timestep_spacing="leading",
            steps_offset=1,
        ),
        add_watermarker=False,
    )


def _sd3(directory: Path, t5: bool) -> Any:
    tokenizer, second = clip_tokenizer(directory / "tokenizer"), clip_tokenizer(directory / "tokenizer_2")
    third = _t5_tokenizer()
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=RESOLUTION_PX // 2,
            patch_size=2,
            in_channels=_LATENT_CHANNELS,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=_T5_WIDTH,
            caption_projection_dim=16,
            pooled_projection_dim=2 * _WIDTH,
            out_channels=_LATENT_CHANNELS,
            pos_embed_max_size=24,
            dual_attention_layers=(0,),
            qk_norm="rms_norm",
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(scaling_factor=1.5305, shift_factor=0.0609),
        text_encoder=CLIPTextModelWithProjection(_clip(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(_clip(second)),
        tokenizer_2=second,
        text_encoder_3=_t5(third) if t5 else None,
        tokenizer_3=third if t5 else None,
    )


def _flux(directory: Path, guidance_embeds: bool) -> Any:
    tokenizer, second = clip_tokenizer(directory / "tokenizer"), _t5_tokenizer()
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(
            shift=3.0, use_dynamic_shifting=True, base_image_seq_len=16, max_image_seq_len=256
        ),
        vae=_vae(scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=CLIPTextModel(_clip(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=_t5(second),
        tokenizer_2=second,
        transformer=FluxTransformer2DModel(
            in_channels=_LATENT_CHANNELS * 4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=_T5_WIDTH,
            pooled_projection_dim=_WIDTH,
            guidance_embeds=guidance_embeds,
            axes_dims_rope=(2, 2, 4),
        ),
    )


def _clip(tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=_WIDTH,
        intermediate_size=_WIDTH * 2,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=_WIDTH,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _t5(tokenizer: T5TokenizerFast) -> T5EncoderModel:
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=_T5_WIDTH,
        d_kv=8,
        d_ff=_T5_WIDTH * 2,
        num_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config)


def _t5_tokenizer() -> T5TokenizerFast:
    letters = [chr(code) for code in range(33, 127)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    return T5TokenizerFast(vocab=pieces, extra_ids=0, model_max_length=512)


def _vae(scaling_factor: float, shift_factor: float | None = None) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        latent_channels=_LATENT_CHANNELS,
        norm_num_groups=4,
        sample_size=RESOLUTION_PX,
        mid_block_add_attention=False,
        scaling_factor=scaling_factor,
        shift_factor=shift_factor,
        use_quant_conv=shift_factor is None,
        use_post_quant_conv=shift_factor is None,
    )


def packed(backbone: Backbone) -> bytes:
    """The LoRA that peft holds in the backbone, alpha equal to rank, as diffusers stores it."""
    tensors = {
        f"{prefix}.{key}": tensor.detach().cpu().contiguous().clone()
        for prefix, module in backbone.towers.items()
        if getattr(module, "peft_config", None)
        for key, tensor in get_peft_model_state_dict(module, adapter_name=ADAPTER_NAME).items()
    }
    made: bytes = safetensors_torch.save(tensors, metadata={"format": "pt"})
    return made
