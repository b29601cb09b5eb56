"""What several families refuse in the same way."""

from __future__ import annotations

from semblance.diffusion.errors import AdapterUnusable, RequestInvalid
from semblance.diffusion.families.family import Asked


def multiple_of(grain: int, own: int, height_px: int | None, width_px: int | None) -> tuple[int, int]:
    """Height and width; `own` where none is asked for. Raises RequestInvalid unless both are multiples of the grain."""
    size = (own if height_px is None else height_px, own if width_px is None else width_px)
    if size != (own, own) and any(edge < grain or edge % grain for edge in size):
        raise RequestInvalid(f"this backbone draws edges that are multiples of {grain} px")
    return size


def require_at_most(edge_px: int, size: tuple[int, int]) -> None:
    """Raise RequestInvalid for a picture larger than the denoiser has places for."""
    if max(size) > edge_px:
        raise RequestInvalid(f"this backbone draws edges of at most {edge_px} px")


def require_no_reference(asked: Asked) -> None:
    """Raise AdapterUnusable for a face embedding that the backbone has no use for."""
    if any(reference is not None for reference in asked.references):
        raise AdapterUnusable("this backbone takes no reference face")
