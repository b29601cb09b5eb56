"""What somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from semblance.gateway.domain.things import EditOrder, Region


@dataclass(frozen=True)
class OtherWish:
    """Somebody in a picture of several: whoever gave the grant, or the caller with this adapter, whose own consent it
    is under unless another is named."""

    grant_id: str | None
    adapter_id: str | None
    region: Region | None
    prompt: str = field(default="", repr=False)
    consent_id: str | None = None


@dataclass(frozen=True)
class Wish:
    """A picture; of the caller with one of their adapters, or of whoever gave the grant. The consent defaults to the
    adapter's own."""

    prompt: str
    adapter_id: str | None = None
    grant_id: str | None = None
    consent_id: str | None = None
    negative_prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    likeness_scale: float | None = None
    adapter_strength: float | None = None
    begin_within_s: int | None = None
    size: str | None = None
    use: str | None = None
    edit: EditOrder | None = None
    # Of a picture of several: where its first person stands, what is said of them alone, and the others.
    region: Region | None = None
    own_prompt: str = ""
    others: tuple[OtherWish, ...] = ()

    def __repr__(self) -> str:
        return f"Wish({self.adapter_id or self.grant_id}, prompt of {len(self.prompt)} characters)"


def seed_of(image_id: str) -> int:
    """The seed when none is asked for: the random end of the id, 32 bits, so that a retry draws the same picture."""
    return int(image_id.replace("-", "")[-8:], 16)
