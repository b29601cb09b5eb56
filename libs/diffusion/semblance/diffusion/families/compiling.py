"""torch.compile for a family's denoiser, with fixed shapes."""

from __future__ import annotations

from typing import Final

import torch

from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.families.family import Family

_SHAPES: Final = 64
"""Of batches: sizes, times lengths of prompt, times people in a picture. Past torch's own eight a step would go on
uncompiled, and say so in a log only."""


def require_compiler(compiler: str, device: str) -> None:
    """Compile a line, as the denoiser will be at somebody's first step: it needs a C++ compiler, on a GPU Triton too.
    compiler: torch.compile's backend. Raises BackboneUnusable."""
    try:
        torch.compile(_line, backend=compiler, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:  # whatever torch, Triton or a compiler that is not there say
        raise BackboneUnusable(
            f"torch.compile does not work here: {type(error).__name__}",
            remedy="Install a C++ compiler (g++), on a GPU Triton and a C compiler; or do not compile.",
        ) from error


def compile_denoiser(family: Family, compiler: str) -> None:
    """Compile the denoiser where it stands, at its first forward of each shape; minutes for a large one.

    Slots are attached before that forward, as they replace layers. A padded batch has one shape, and slots are buffers
    that are only ever written to, so another adapter on a lane compiles nothing. compiler: torch.compile's backend.
    """
    denoiser = next(iter(family.towers().values()))
    denoiser.compile(backend=compiler, dynamic=False, recompile_limit=_SHAPES, isolate_recompiles=True)


def _line(numbers: torch.Tensor) -> torch.Tensor:
    return numbers * 2 + 1
