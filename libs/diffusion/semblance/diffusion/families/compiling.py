"""torch.compile for a family's denoiser, with fixed shapes."""

from __future__ import annotations

from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.families.family import Family


def compile_denoiser(family: Family) -> None:
    """Compile the denoiser where it stands, at its first forward of each shape; minutes for a large one.

    Slots are attached before that forward, as they replace layers. A padded batch has one shape, and slots are buffers
    that are only ever written to, so another adapter on a lane compiles nothing. Raises BackboneUnusable.
    """
    denoiser = next(iter(family.towers().values()))
    try:
        denoiser.compile(dynamic=False)
    except RuntimeError as error:
        raise BackboneUnusable("torch.compile does not work here") from error
