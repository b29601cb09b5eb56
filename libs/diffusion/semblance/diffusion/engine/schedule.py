"""Each row on its own step: what a scheduler does to latents, as numbers, so that rows at any steps move together.

The numbers are found by asking diffusers' own scheduler, so there is no second copy of any formula. A scheduler whose
step is not `keep * latents + take * prediction + stir * noise` (memory of earlier steps, clipping, thresholds) is found
out by a trial run and then steps as an object of its own, one for each row.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import torch

Make = Callable[[], Any]
"""A fresh scheduler, its timesteps set."""

_TOLERANCE: Final = 1e-5
_MAGNITUDES: Final = (0.1, 1.0, 30.0, 3000.0)
"""Of the trial run: a clip or a threshold shows at one of them."""
_TRIAL: Final = (1, 4, 2, 8)
"""Shape of the trial's latents; an amount of noise that torch draws as it does for pictures (16 and more)."""


@dataclass(frozen=True)
class Coefficients:
    """One number a step, exact in float32: latents' = keep * latents + take * prediction + stir * noise."""

    keep: tuple[float, ...]
    take: tuple[float, ...]
    stir: tuple[float, ...]


@dataclass(frozen=True)
class Plan:
    """A scheduler's way from noise to picture. timesteps, one a step, in the scheduler's own numbers.

    input_scales, one a step: what latents are multiplied with before the denoiser sees them. start_scale: what noise of
    unit variance is multiplied with at first. coefficients: None where every row needs an object of its own, from
    `make`, which then scales its input too. clean: the same of the picture that the scheduler foresees at each step,
    where it does. noisy: steps draw noise, by the row's own generator.
    """

    timesteps: tuple[float, ...]
    input_scales: tuple[float, ...]
    start_scale: float
    coefficients: Coefficients | None
    clean: Coefficients | None
    noisy: bool
    make: Make = field(repr=False)

    @property
    def steps(self) -> int:
        """How often the denoiser is asked."""
        return len(self.timesteps)


class Plans:
    """Plans by (steps, size), the last `kept` of them."""

    def __init__(self, make: Callable[[int, int, int], Any], kept: int = 64) -> None:
        self._make = make
        self._kept = kept
        self._plans: OrderedDict[tuple[int, int, int], Plan] = OrderedDict()

    def plan(self, steps: int, height_px: int, width_px: int) -> Plan:
        """The plan for so many steps at this size. Raises what making the scheduler raises."""
        key = (steps, height_px, width_px)
        if key not in self._plans:
            # Not of `self`, which holds the plan: a ring, and the backbone hangs on it.
            self._plans[key] = plan_of(partial(self._make, steps, height_px, width_px))
            while len(self._plans) > self._kept:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        return self._plans[key]


class Stepper:
    """One row's scheduler object, for those that numbers cannot stand for."""

    def __init__(self, plan: Plan, generator: torch.Generator, first_step: int = 0) -> None:
        self._scheduler = plan.make()
        self._extra = _extra(self._scheduler, generator)
        self._done = first_step
        if first_step and hasattr(self._scheduler, "set_begin_index"):
            self._scheduler.set_begin_index(first_step)

    def scaled(self, latents: torch.Tensor) -> torch.Tensor:
        """What the denoiser sees of latents (1, ...)."""
        return scaled_by(self._scheduler, latents, self._scheduler.timesteps[self._done])

    def step(self, prediction: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """The next latents (1, ...)."""
        timestep = self._scheduler.timesteps[self._done]
        moved: torch.Tensor = self._scheduler.step(prediction, timestep, latents, return_dict=False, **self._extra)[0]
        self._done += 1
        return moved


def plan_of(make: Make) -> Plan:
    """Ask a scheduler for its plan: numbers where they hold, None where they do not."""
    scheduler = make()
    timesteps = scheduler.timesteps
    found = _probed(make)
    if found is not None and not _fits(make, found.steps):
        found = None
    coefficients = found.steps if found else None
    return Plan(
        timesteps=tuple(float(timestep) for timestep in timesteps),
        input_scales=found.input_scales if found else (1.0,) * len(timesteps),
        start_scale=float(getattr(scheduler, "init_noise_sigma", 1.0)),
        coefficients=coefficients,
        clean=found.clean if found else None,
        noisy=coefficients is None or any(coefficients.stir),
        make=make,
    )


def scaled_by(scheduler: Any, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """`scale_model_input` where the scheduler has one; flow matching has none."""
    if not hasattr(scheduler, "scale_model_input"):
        return latents
    scaled: torch.Tensor = scheduler.scale_model_input(latents, timestep)
    return scaled


def advanced(
    latents: torch.Tensor, prediction: torch.Tensor, keep: Sequence[float], take: Sequence[float]
) -> torch.Tensor:
    """The next latents (N, ...) float32 of rows whose steps have these numbers, but for noise.

    Each product and the sum are rounded on their own, so a row's bits do not depend on its place in the batch.
    """
    return latents.float() * per_row(keep, latents) + prediction.float() * per_row(take, latents)


def per_row(numbers: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    """(N, 1, ...) float32 that multiplies rows of `like` (N, ...)."""
    return torch.tensor(numbers, device=like.device).view(-1, *[1] * (like.dim() - 1))


@dataclass(frozen=True)
class _Found:
    steps: Coefficients
    clean: Coefficients | None
    input_scales: tuple[float, ...]


def _probed(make: Make) -> _Found | None:
    """The numbers of every step, and of the pictures foreseen: what one latent, one prediction and one noise become."""
    scheduler = make()
    moved: list[tuple[float, float, float]] = []
    foreseen: list[tuple[float, float, float]] = []
    noise = torch.randn(_TRIAL, generator=torch.Generator().manual_seed(0))
    latents, prediction = torch.zeros(_TRIAL), torch.zeros(_TRIAL)
    latents[:, 1], prediction[:, 2] = 1.0, 1.0
    scales: list[float] = []
    for timestep in scheduler.timesteps:
        scales.append(float(scaled_by(scheduler, torch.ones(1), timestep)))
        extra = _extra(scheduler, torch.Generator().manual_seed(0))
        try:
            step = scheduler.step(prediction, timestep, latents, **extra)
        except (IndexError, TypeError, ValueError, RuntimeError):
            return None  # what cannot take these latents is left to an object of its own
        moved.append(_numbers(step.prev_sample, noise))
        clean = step.get("denoised", step.get("pred_original_sample"))
        if clean is not None:
            foreseen.append(_numbers(clean, torch.ones_like(noise)))
    steps = _coefficients(moved)
    clean_ones = _coefficients(foreseen) if len(foreseen) == len(moved) else _by_what_is_left(steps)
    return _Found(steps, clean_ones, tuple(scales))


def _numbers(made: torch.Tensor, noise: torch.Tensor) -> tuple[float, float, float]:
    """keep, take and stir of one step of the trial, whose first row is noise alone, its second a one, its third a
    prediction of one."""
    exact, drawn = made.double(), noise.double()
    stir = float((exact[:, 0] * drawn[:, 0]).sum() / drawn[:, 0].square().sum())  # least squares
    rest = exact - stir * drawn
    return float(rest[:, 1].mean()), float(rest[:, 2].mean()), stir


def _coefficients(rows: list[tuple[float, float, float]]) -> Coefficients:
    keep, take, stir = (tuple(torch.tensor(column).tolist()) for column in zip(*rows, strict=True))
    return Coefficients(keep, take, stir)


def _by_what_is_left(steps: Coefficients) -> Coefficients | None:
    """What becomes of latents that only have predictions added, when the last of them holds to the end."""
    if any(keep != 1.0 for keep in steps.keep) or any(steps.stir):
        return None
    left = tuple(sum(steps.take[step:]) for step in range(len(steps.take)))
    return Coefficients(steps.keep, left, steps.stir)


def _fits(make: Make, found: Coefficients) -> bool:
    """Whether a run with random predictions, small and large, goes as the numbers say, at every step."""
    scheduler = make()
    dice = torch.Generator().manual_seed(1)
    sizes = torch.tensor(_MAGNITUDES).view(1, -1, 1, 1)
    latents = torch.randn(_TRIAL, generator=dice) * sizes
    theirs, ours = torch.Generator().manual_seed(2), torch.Generator().manual_seed(2)
    for step, timestep in enumerate(scheduler.timesteps):
        prediction = torch.randn(_TRIAL, generator=dice) * sizes
        scaled_by(scheduler, latents, timestep)
        moved = scheduler.step(prediction, timestep, latents, return_dict=False, **_extra(scheduler, theirs))[0]
        keep, take = found.keep[step], found.take[step]
        expected = advanced(latents, prediction, [keep], [take])
        if found.stir[step] != 0:
            expected = expected + found.stir[step] * torch.randn(_TRIAL, generator=ours)
        scale = latents.abs() * abs(keep) + prediction.abs() * abs(take) + 1.0
        if not bool(((moved - expected).abs() <= _TOLERANCE * scale).all()):
            return False
        latents = torch.randn(_TRIAL, generator=dice) * sizes
    return True


def _extra(scheduler: Any, generator: torch.Generator) -> dict[str, Any]:
    """What diffusers' pipelines hand to a step beside the tensors."""
    taken = inspect.signature(scheduler.step).parameters
    extra = {"eta": 0.0, "generator": generator}
    return {name: value for name, value in extra.items() if name in taken}
