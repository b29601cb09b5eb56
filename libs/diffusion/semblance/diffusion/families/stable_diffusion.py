"""Stable Diffusion 1.5 and 2.x, and the pocket backbone, which is one of them with a face embedding for reference."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.families.family import Asked, Lane
from semblance.diffusion.families.regional import FACES, LIKENESS, WORDS
from semblance.diffusion.families.sizes import require_no_reference
from semblance.diffusion.families.unet import GUIDANCE, UNetFamily
from semblance.diffusion.prompts import encode_prompts
from semblance.diffusion.reference import reference_tensor


class StableDiffusion(UNetFamily):
    """A `StableDiffusionPipeline` behind the Family port. It takes the pipeline over: its IP-Adapter's scale is each
    lane's own from then on, until `close`."""

    name = "stable-diffusion"

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone)
        self._scales = LaneScales()
        if backbone.reference_size is not None:
            self._scales.attach(self._unet)
            self.pipeline.set_ip_adapter_scale(1.0)

    def close(self) -> None:
        """Give the pipeline back as it was."""
        super().close()
        if self._scales.detach():
            self.pipeline.set_ip_adapter_scale(self.config.sampler.ip_adapter_scale)

    @torch.no_grad()
    def condition(self, asked: Asked) -> tuple[Lane, Lane | None]:
        """See Family."""
        wanted_words, unwanted_words = encode_prompts(self.pipeline, asked.prompt, asked.negative_prompt)
        wanted: dict[str, torch.Tensor] = {WORDS: wanted_words}
        unwanted: dict[str, torch.Tensor] = {WORDS: unwanted_words}
        if self.backbone.reference_size is not None:
            faces = self._faces(asked)
            scales = torch.full((1, faces.shape[1]), asked.likeness_scale, dtype=faces.dtype, device=faces.device)
            wanted |= {FACES: faces, LIKENESS: scales}
            unwanted |= {FACES: torch.zeros_like(faces), LIKENESS: scales}
        else:
            require_no_reference(asked)
        width = self._unet.config.time_cond_proj_dim
        if width is not None:
            told = self.pipeline.get_guidance_scale_embedding(torch.tensor([asked.guidance_scale - 1]), width)
            wanted[GUIDANCE] = told.to(wanted_words)
        return wanted, unwanted if self.lanes(asked.guidance_scale) == 2 else None

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Lane) -> torch.Tensor:
        """See Family."""
        faces = lanes.get(FACES)
        with self.regional.of(lanes) as parted, self._scales.of(None if parted else lanes.get(LIKENESS)):
            predicted: torch.Tensor = self._unet(
                latents,
                timesteps,
                encoder_hidden_states=lanes[WORDS],
                timestep_cond=lanes.get(GUIDANCE),
                added_cond_kwargs=None if faces is None else {"image_embeds": [faces]},
                return_dict=False,
            )[0]
        return predicted

    def _faces(self, asked: Asked) -> torch.Tensor:
        """(1, people, D); nobody is one face of zeros, as in the backbone's own training."""
        references = asked.references or (None,)
        faces = [reference_tensor(self.backbone, reference) for reference in references]
        return torch.cat(faces, dim=1).to(self.backbone.device, self._unet.dtype)


class LaneScales:
    """How much each lane's reference faces count: what `to_v_ip` gives is multiplied by it, which is diffusers' own
    `scale` for one face, and for each face on its own where there are several."""

    def __init__(self) -> None:
        self.scales: torch.Tensor | None = None
        self._attached: list[tuple[nn.ModuleList, int, nn.Module]] = []

    def attach(self, unet: Any) -> None:
        """Wrap the value projections of the UNet's IP-Adapter processors."""
        for processor in unet.attn_processors.values():
            for index, base in enumerate(getattr(processor, "to_v_ip", ())):
                self._attached.append((processor.to_v_ip, index, base))
                processor.to_v_ip[index] = _Scaled(base, self)

    def detach(self) -> bool:
        """Put the projections back; False the second time, when the pipeline may be another engine's."""
        attached, self._attached = self._attached, []
        for projections, index, base in attached:
            projections[index] = base
        return bool(attached)

    @contextlib.contextmanager
    def of(self, scales: torch.Tensor | None) -> Iterator[None]:
        """scales (L, people) hold for one forward."""
        self.scales = scales
        try:
            yield
        finally:
            self.scales = None


class _Scaled(nn.Module):
    """A projection whose output is multiplied by its lane's scale."""

    def __init__(self, base: nn.Module, scales: LaneScales) -> None:
        super().__init__()
        self.base = base
        self._scales = scales

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """faces (L, people, tokens, width)."""
        made: torch.Tensor = self.base(faces)
        scales = self._scales.scales
        return made if scales is None else made * scales[:, :, None, None]
