"""A row that begins at a picture: noised as far as its strength says, and kept outside its mask.

As diffusers' image-to-image and inpainting pipelines do for backbones that were not trained to inpaint, down to the
order in which the row's generator is asked. A mask with a soft rim (`feathered`) is drawn as Differential Diffusion
does: how white a place is, is the share of the steps, the last ones, in which it is drawn (arXiv:2306.00950).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.engine.request import Start
from semblance.diffusion.engine.schedule import Plan
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.families.family import Family
from semblance.diffusion.rendering import RgbU8
from semblance.kernel.edit import steps_taken

_MASKED: Final = 128  # 8-bit steps: what diffusers' mask processor takes for drawn anew
_SEAM: Final = 0.02  # of the shorter edge: the rim of a mask of black and white, in pixels only
_RIM: Final = 0.03  # of the shorter edge: the rim of a feathered mask ...
_CELL_PX: Final = 8  # ... or one latent of every family's autoencoder, where that is more: less hides no cell's border

After = Callable[[torch.Tensor, int], torch.Tensor]


def check(start: Start, size: tuple[int, int]) -> None:
    """Raise RequestInvalid for a start that does not fit a picture of this size (height, width)."""
    if start.image.shape != (*size, 3) or start.image.dtype != np.uint8:
        raise RequestInvalid(f"the picture to begin at is ({size[0]}, {size[1]}, 3) of 8 bits")
    if not 0.0 < start.strength <= 1.0:
        raise RequestInvalid("strength is more than 0 and at most 1")
    if start.mask is not None:
        if start.mask.shape != size or start.mask.dtype != np.uint8:
            raise RequestInvalid(f"the mask is ({size[0]}, {size[1]}) of 8 bits")
        if not bool((start.mask >= _MASKED).any()):
            raise RequestInvalid("the mask leaves nothing to draw", remedy="Make what is to change white.")


def begin(
    family: Family, plan: Plan, start: Start, generator: torch.Generator
) -> tuple[torch.Tensor, int, After | None]:
    """Latents (1, ...) to begin with, the first step, and what becomes of latents after each step.

    Raises RequestInvalid when so small a strength leaves no step.
    """
    scheduler = plan.make()
    # As the pipelines count: of the steps asked for, each of which some schedulers take in two.
    asked = int(scheduler.num_inference_steps)
    taken = steps_taken(asked, start.strength)
    if taken == 0:
        raise RequestInvalid(
            f"{asked} steps at this strength are none", remedy="Ask for more steps, or a higher strength."
        )
    first = (asked - taken) * scheduler.order
    pixels = torch.from_numpy(start.image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1.0
    mean, deviation = family.encode(pixels)
    seen = family.noise(0, *start.image.shape[:2])  # numbers of the denoiser's kind: an autoencoder may have others
    clean = (mean + deviation * _drawn(mean, generator)).to(seen)
    noise = _drawn(seen, generator)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    # Inpainting at full strength forgets the picture, as its pipeline does; image-to-image never does.
    forgotten = start.mask is not None and start.strength == 1.0
    latents = noise * plan.start_scale if forgotten else noised(scheduler, clean, noise, first)
    if start.mask is None:
        return latents, first, None
    _drawn(mean, generator)  # the inpainting pipeline draws once more, for a masked picture that only some UNets see
    return latents, first, _keeping(plan, clean, noise, start.mask, first)


def noised(scheduler: Any, clean: torch.Tensor, noise: torch.Tensor, step: int) -> torch.Tensor:
    """Latents as the scheduler expects them before a step; the clean ones after the last."""
    if step >= len(scheduler.timesteps):
        return clean
    timestep = scheduler.timesteps[step : step + 1]
    blend = scheduler.scale_noise if hasattr(scheduler, "scale_noise") else None
    made: torch.Tensor = blend(clean, timestep, noise) if blend else scheduler.add_noise(clean, noise, timestep)
    return made


def pasted(drawn: RgbU8, start: Start | None) -> RgbU8:
    """The drawn picture inside the mask and the given one outside, where it is exact; soft in between."""
    if start is None or start.mask is None:
        return drawn
    return blended(drawn, start.image, start.mask)


def blended(drawn: RgbU8, kept: RgbU8, mask: NDArray[np.uint8]) -> RgbU8:
    """drawn where mask (H, W) is white, kept where it is black, both where it is grey; a mask of black and white gets
    a narrow rim inside its white part."""
    if _hard(mask):
        weight = np.clip(_depth(mask) / max(1.0, _SEAM * min(mask.shape)), 0.0, 1.0)
    else:
        weight = mask.astype(np.float32) / 255.0
    share = weight[..., None]
    mixed: RgbU8 = np.round(drawn * share + kept * (1.0 - share)).astype(np.uint8)
    return mixed


def feathered(mask: NDArray[np.uint8], reach_px: float | None = None) -> NDArray[np.uint8]:
    """The mask (H, W) with a soft rim inside its white part: what is kept stays black, and its middle stays white.

    reach_px: how wide; unset, as wide as hides the latents' grid. Less where the white part is narrow.
    """
    far = _depth(mask)
    reach = max(_CELL_PX, _RIM * min(mask.shape)) if reach_px is None else reach_px
    share = np.clip(far / max(1.0, min(reach, float(far.max()) / 2)), 0.0, 1.0)
    return np.asarray(np.ceil(255.0 * share * share * (3.0 - 2.0 * share)), np.uint8)


def face_mask(landmarks: NDArray[np.float32], height: int, width: int, *, margin: float = 1.0) -> NDArray[np.uint8]:
    """A white ellipse (height, width) over a face. landmarks (5, 2) px: eyes, nose, mouth corners, x then y.

    margin 0.5 to 2: a factor of the ellipse. Its axes are 2.1 and 2.9 times the way from the eyes' line to the mouth's:
    a head from chin to crown is about three such ways, in the ArcFace template's proportions (arXiv:1801.07698).
    """
    if landmarks.shape != (5, 2) or not bool(np.isfinite(landmarks).all()):
        raise RequestInvalid("a face has five landmarks")
    if not 0.5 <= margin <= 2.0:
        raise RequestInvalid("margin is 0.5 to 2")
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:].mean(0)
    down = mouth - eyes
    long = float(np.hypot(*down))
    if long < 1.0:
        raise RequestInvalid("the landmarks lie on one another")
    centre = eyes + down * 0.45
    angle = float(np.degrees(np.arctan2(down[1], down[0]))) - 90.0
    mask = np.zeros((height, width), np.uint8)
    axes = (round(1.05 * long * margin), round(1.45 * long * margin))
    cv2.ellipse(mask, (round(float(centre[0])), round(float(centre[1]))), axes, angle, 0, 360, 255, -1)
    return mask


def _keeping(plan: Plan, clean: torch.Tensor, noise: torch.Tensor, mask: NDArray[np.uint8], first: int) -> After:
    wanted = _cells(mask, clean.shape[2:]).to(clean.device)
    scheduler = plan.make()
    steps = len(scheduler.timesteps) - first

    def after(latents: torch.Tensor, taken: int) -> torch.Tensor:
        # A cell is let go for its share of the steps, the last ones: mixing two latents instead would thin their noise.
        free = (wanted > 0) & (wanted >= 1 - (taken - first) / steps)
        return torch.where(free, latents, noised(scheduler, clean, noise, taken))

    return after


def _cells(mask: NDArray[np.uint8], size: Sequence[int]) -> torch.Tensor:
    """How white the mask is in each cell of a grid of latents of this size (h, w), as (1, 1, h, w) of 0 to 1."""
    if _hard(mask):  # as the pipelines look: at one corner of the cell
        white = torch.from_numpy((mask >= _MASKED).astype(np.float32))[None, None]
        return torch.nn.functional.interpolate(white, size=tuple(size))
    shares = cv2.resize(mask.astype(np.float32) / 255.0, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(shares)[None, None]


def _hard(mask: NDArray[np.uint8]) -> bool:
    return bool(((mask == 0) | (mask == 255)).all())


def _depth(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of every white pixel (H, W), how far it is from what is kept, in pixels: a picture's own edge keeps nothing."""
    return np.asarray(cv2.distanceTransform((mask >= _MASKED).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _drawn(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
