"""From a loaded backbone to its family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.families.compiling import compile_denoiser
from semblance.diffusion.families.family import Family
from semblance.diffusion.families.flux import Flux
from semblance.diffusion.families.sd3 import StableDiffusion3
from semblance.diffusion.families.sdxl import StableDiffusionXL
from semblance.diffusion.families.stable_diffusion import StableDiffusion

_FAMILIES: Final[dict[str, Callable[[Backbone], Family]]] = {
    "StableDiffusionPipeline": StableDiffusion,
    "StableDiffusionXLPipeline": StableDiffusionXL,
    "StableDiffusion3Pipeline": StableDiffusion3,
    "FluxPipeline": Flux,
}


def family_of(backbone: Backbone, *, compiling: bool = True) -> Family:
    """The backbone behind the one port, by its pipeline's class. compiling: the denoiser, where the options say so.

    Raises BackboneUnusable for a class without a family.
    """
    name = type(backbone.pipeline).__name__
    if name not in _FAMILIES:
        raise BackboneUnusable(f"there is no family for a {name}; there are {', '.join(_FAMILIES)}")
    family = _FAMILIES[name](backbone)
    if compiling and backbone.options.compiled:
        compile_denoiser(family, backbone.options.compiler)
    return family
