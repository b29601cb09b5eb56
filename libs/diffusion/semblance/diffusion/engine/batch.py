"""Rows of one class in one forward, padded to a fixed size, each with its own adapter, step and guidance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

from semblance.diffusion.engine.schedule import Plan, Stepper, advanced, per_row
from semblance.diffusion.engine.waiting import Job
from semblance.diffusion.families.family import Family, Lane
from semblance.diffusion.families.regional import PARTS, SPANS
from semblance.diffusion.slots import Regions, Slots, Use


@dataclass(frozen=True)
class BatchClass:
    """What rows of one forward have in common; between two classes even a batch of one size gives other bits.

    shapes: of latents and of every tensor that the denoiser is told. places: adapters on a lane, at least one, so that
    nobody's rows and one person's are one class. lanes: that a row takes. edited: it starts at a picture.
    """

    size: tuple[int, int]
    shapes: tuple[tuple[str, tuple[int, ...], str], ...]
    places: int
    lanes: int
    edited: bool


@dataclass(eq=False)
class Row:
    """One picture on its way. latents (1, ...); unwanted: None without guidance; after: see Opening.

    steps: how many it takes in all; glimpse: what the picture may become, where a preview is due.
    """

    job: Job = field(repr=False)
    index: int
    batch_class: BatchClass = field(repr=False)
    plan: Plan = field(repr=False)
    latents: torch.Tensor = field(repr=False)
    wanted: Lane = field(repr=False)
    unwanted: Lane | None = field(repr=False)
    uses: tuple[Use, ...] = field(repr=False)
    guidance: float
    rescale: float
    generator: torch.Generator = field(repr=False)
    stepper: Stepper | None = field(repr=False)
    after: Callable[[torch.Tensor, int], torch.Tensor] | None = field(default=None, repr=False)
    step: int = 0
    steps: int = 0
    glimpse: torch.Tensor | None = field(default=None, repr=False)

    @property
    def told(self) -> list[Lane]:
        """Its lanes, the unwanted one first."""
        return [self.wanted] if self.unwanted is None else [self.unwanted, self.wanted]

    @property
    def finished(self) -> bool:
        """Whether every step is taken."""
        return self.step >= self.plan.steps

    def seen(self) -> torch.Tensor:
        """Latents as the denoiser is shown them."""
        if self.stepper is not None:
            return self.stepper.scaled(self.latents)
        scale = self.plan.input_scales[self.step]
        return self.latents if scale == 1.0 else self.latents * scale


class Forward:
    """The denoiser with slots in it."""

    def __init__(self, family: Family, slots: Slots) -> None:
        self._family = family
        self._slots = slots
        self._prefix = next(iter(family.towers()))
        self._bound: object = None

    def forget(self) -> None:
        """Bind anew at the next forward: what the lanes wear was wiped."""
        self._bound = None

    def shed(self) -> None:
        """Give back the memory of every shape's lanes; the next forward makes those that it needs."""
        self._bound = None
        self._slots.shed(self._prefix)

    def rest(self) -> None:
        """Leave nobody's weights on the lanes."""
        self._bound = None
        self._slots.unbind(self._prefix)

    def raw(self, rows: Sequence[Row], size: int) -> torch.Tensor:
        """The denoiser's output (lanes of the rows, ...), computed in a batch of `size` lanes.

        Lanes that are left over are nobody's: zeros without an adapter. Raises AdapterWiped.
        """
        told = [lane for row in rows for lane in row.told]
        seen = torch.cat([row.seen() for row in rows for _lane in row.told])
        timesteps = [row.plan.timesteps[row.step] for row in rows for _lane in row.told]
        empty = size - len(told)
        lanes = {name: _padded(torch.cat([lane[name] for lane in told]), empty) for name in told[0]}
        self._bind(rows, size, self._regions(lanes))
        with torch.no_grad():
            predicted = self._family.predict(
                _padded(seen, empty), torch.tensor(timesteps + timesteps[:1] * empty, device=seen.device), lanes
            )
        return predicted[: len(told)]

    def guided(self, rows: Sequence[Row], size: int) -> torch.Tensor:
        """One prediction a row (N, ...), guided by its own scale."""
        raw = self.raw(rows, size)
        if rows[0].unwanted is None:
            return raw
        unwanted, wanted = raw[0::2], raw[1::2]
        scales = per_row([row.guidance for row in rows], raw).to(raw.dtype)
        guided = unwanted + scales * (wanted - unwanted)
        rescaled = [
            # One row at a time: a reduction's order may depend on what else is in the tensor.
            rescale_noise_cfg(guided[i : i + 1], wanted[i : i + 1], row.rescale)
            if row.rescale > 0
            else guided[i : i + 1]
            for i, row in enumerate(rows)
        ]
        return torch.cat(rescaled)

    def _bind(self, rows: Sequence[Row], size: int, regions: Regions | None) -> None:
        """A row's lanes share what it wears, where the size leaves no lane over."""
        own = rows[0].batch_class
        each = own.lanes if size % own.lanes == 0 else 1
        uses = [row.uses for row in rows for _ in range(own.lanes // each)]
        uses += [()] * (size // each - len(uses))
        worn = (own.places, each, [[(use.held, use.strength) for use in lane] for lane in uses])
        if worn != self._bound or regions is not None:
            self._bound = None
            self._slots.bind(self._prefix, uses, places=own.places, each=each, regions=regions)
            self._bound = worn if regions is None else None

    def _regions(self, lanes: Lane) -> Regions | None:
        """Where each adapter of the lanes counts; None: everywhere."""
        tower = self._slots.layout.tower(self._prefix)
        if PARTS not in lanes or tower is None:
            return None
        return Regions(lanes[PARTS], lanes[SPANS], tower.rank)


def moved(rows: Sequence[Row], predictions: torch.Tensor) -> list[torch.Tensor]:
    """The rows' next latents, each (1, ...). predictions (N, ...). Only their generators and steppers are changed."""
    found: dict[int, torch.Tensor] = {}
    plain = [index for index, row in enumerate(rows) if row.plan.coefficients is not None]
    if plain:
        found.update(zip(plain, _together([rows[i] for i in plain], predictions[plain]), strict=True))
    for index, row in enumerate(rows):
        if row.stepper is not None:
            found[index] = row.stepper.step(predictions[index : index + 1], row.latents)
        if row.after is not None:
            found[index] = row.after(found[index], row.step + 1)
    return [found[index] for index in range(len(rows))]


def foreseen(row: Row, prediction: torch.Tensor) -> torch.Tensor:
    """What the row's latents (1, ...) would be without noise, as the scheduler sees it before the step; the latents as
    they are where it does not say."""
    clean = row.plan.clean
    if clean is None:
        return row.latents
    keep, take = clean.keep[row.step], clean.take[row.step]
    return advanced(row.latents, prediction, [keep], [take]).to(row.latents.dtype)


def _together(rows: Sequence[Row], predictions: torch.Tensor) -> list[torch.Tensor]:
    numbers = [(row.plan.coefficients, row.step) for row in rows]
    keep = [of.keep[step] for of, step in numbers if of is not None]
    take = [of.take[step] for of, step in numbers if of is not None]
    latents = torch.cat([row.latents for row in rows])
    after = list(torch.split(advanced(latents, predictions, keep, take), 1))
    for index, (row, (of, step)) in enumerate(zip(rows, numbers, strict=True)):
        if of is not None and of.stir[step] != 0:
            noise = torch.randn(row.latents.shape, generator=row.generator, dtype=row.latents.dtype)
            after[index] = after[index] + of.stir[step] * noise.to(latents.device).float()
    return [one.to(latents.dtype) for one in after]


def _padded(lanes: torch.Tensor, empty: int) -> torch.Tensor:
    if empty == 0:
        return lanes
    return torch.cat([lanes, torch.zeros(empty, *lanes.shape[1:], dtype=lanes.dtype, device=lanes.device)])
