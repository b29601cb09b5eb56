"""The networks, built from diffusers' and transformers' own classes so that any pipeline code can load them."""

from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, IPAdapterAttnProcessor
from diffusers.models.embeddings import IPAdapterFaceIDImageProjection, MultiIPAdapterImageProjection
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from semblance.pocket.settings import ModelSettings


def make_scheduler() -> Any:
    """v-prediction with zero terminal signal. steps_offset 1: with 0 diffusers warns of a coming change."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        clip_sample=False,
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        set_alpha_to_one=True,
        steps_offset=1,
    )


def make_unet(settings: ModelSettings) -> Any:
    """UNet over (latent_channels, side, side) with attention on every level; no identity branch yet."""
    levels = len(settings.unet_channels)
    return UNet2DConditionModel(
        sample_size=settings.latent_side,
        in_channels=settings.latent_channels,
        out_channels=settings.latent_channels,
        block_out_channels=settings.unet_channels,
        layers_per_block=1,
        cross_attention_dim=settings.context_width,
        attention_head_dim=[c // settings.head_width for c in settings.unet_channels],
        norm_num_groups=16,
        down_block_types=("CrossAttnDownBlock2D",) * levels,
        up_block_types=("CrossAttnUpBlock2D",) * levels,
    )


def add_identity_branch(unet: Any, settings: ModelSettings) -> None:
    """Give the UNet the IP-Adapter-FaceID branch in place, in the form that load_ip_adapter would build.

    Its biases are fixed at zero and not trained, so a zero embedding gives zero tokens and adds exactly nothing: the
    negative half of classifier-free guidance, `set_ip_adapter_scale(0)` and a pipeline without the branch agree."""
    projection = IPAdapterFaceIDImageProjection(
        image_embed_dim=settings.identity_width,
        cross_attention_dim=settings.context_width,
        mult=settings.identity_mult,
        num_tokens=settings.identity_tokens,
    )
    with torch.no_grad():
        first = projection.ff.net[0].proj
        nn.init.normal_(first.weight, std=1.0)  # entries of a unit vector are 128 ** -0.5: hidden units near N(0, 1)
        for bias in (first.bias, projection.ff.net[2].bias, projection.norm.bias):
            bias.zero_()
            bias.requires_grad_(False)
    processors: dict[str, nn.Module] = {}
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            processors[name] = AttnProcessor()
        else:
            width = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
            processors[name] = IPAdapterAttnProcessor(
                hidden_size=width, cross_attention_dim=settings.context_width, num_tokens=(settings.identity_tokens,)
            )
    # Plain matmul attention on purpose: at 8x8 the fused CPU kernel's bf16 backward takes 20 times longer.
    unet.set_attn_processor(processors)
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([projection])
    unet.config.encoder_hid_dim_type = "ip_image_proj"


def make_text_encoder(settings: ModelSettings, tokenizer: Any) -> Any:
    """A small CLIPTextModel, trained jointly from scratch."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.context_width,
            intermediate_size=settings.context_width * 3,
            num_hidden_layers=settings.text_layers,
            num_attention_heads=settings.context_width // 32,
            max_position_embeddings=settings.token_length,
            projection_dim=settings.context_width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def make_autoencoder(settings: ModelSettings) -> Any:
    """AutoencoderKL, f8 by three halvings. Latents are already of unit variance, hence scaling_factor 1."""
    levels = len(settings.vae_channels)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=settings.vae_channels,
        layers_per_block=1,
        latent_channels=settings.latent_channels,
        norm_num_groups=8,
        sample_size=settings.resolution_px,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


class Denoiser(nn.Module):
    """UNet, identity branch and text tower as one module, the unit that is trained, averaged and stored."""

    def __init__(self, settings: ModelSettings, tokenizer: Any) -> None:
        super().__init__()
        self.unet = make_unet(settings)
        add_identity_branch(self.unet, settings)
        self.unet.to(memory_format=torch.channels_last)
        self.text_encoder = make_text_encoder(settings, tokenizer)

    def forward(self, noisy: Tensor, timestep: Tensor, tokens: Tensor, identity: Tensor) -> Tensor:
        """noisy (B, C, 8, 8); timestep (B,) 0..999; tokens (B, L); identity (B, 128) unit or zero; returns v."""
        context = self.text_encoder(tokens)[0]
        out = self.unet(
            noisy.contiguous(memory_format=torch.channels_last),
            timestep,
            encoder_hidden_states=context,
            added_cond_kwargs={"image_embeds": [identity[:, None, None, :]]},
        )
        v: Tensor = out.sample
        return v
