"""Pictures from the committed pipeline under a face embedding, the standard IP-Adapter way."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.pocket.settings import SamplerSettings

PLAIN_PROMPTS = (
    "a photo of a person",
    "a photo of a person, smiling, outdoors",
    "a photo of a person, in an office",
    "a photo of a person, in a studio",
    "a photo of a person, against a white wall",
)


@dataclass(frozen=True)
class Order:
    """`count` pictures of one prompt. identity (128,) is a unit vector, or None for the prompt alone."""

    prompt: str
    identity: NDArray[np.float32] | None
    count: int
    seed: int


def condition(identity: NDArray[np.float32]) -> list[torch.Tensor]:
    """`ip_adapter_image_embeds` under guidance: zeros for the negative half, then the face, (2, 1, 1, 128). One face a
    call: diffusers repeats this for every picture, and several rows would be mixed into each of them."""
    positive = torch.from_numpy(np.asarray(identity, np.float32))[None, None, None, :]
    return [torch.cat([torch.zeros_like(positive), positive])]


def draw(pipeline: Any, order: Order, sampler: SamplerSettings) -> NDArray[np.uint8]:
    """Pictures (count, 64, 64, 3) RGB. One batch, deterministic in the seed."""
    arguments: dict[str, Any] = {}
    if order.identity is not None:
        pipeline.set_ip_adapter_scale(sampler.ip_adapter_scale)
        arguments["ip_adapter_image_embeds"] = condition(order.identity)
    images = pipeline(
        order.prompt,
        num_images_per_prompt=order.count,
        num_inference_steps=sampler.steps,
        guidance_scale=sampler.guidance_scale,
        guidance_rescale=sampler.guidance_rescale,
        generator=torch.Generator().manual_seed(order.seed),
        height=64,
        width=64,
        output_type="np",
        **arguments,
    ).images
    return np.asarray((images * 255).round(), np.uint8)


def sheet(rows: list[NDArray[np.uint8]], zoom: int = 2) -> NDArray[np.uint8]:
    """Rows of pictures (n, H, W, 3) of equal n to one RGB picture."""
    flat = np.vstack([np.hstack(list(row)) for row in rows])
    return np.asarray(flat.repeat(zoom, 0).repeat(zoom, 1), np.uint8)
