"""Rows at different steps move as diffusers' own schedulers move them one at a time."""

from typing import Any

import diffusers
import pytest
import torch

from semblance.diffusion.engine.batch import BatchClass, Row, foreseen, moved
from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.schedule import Plan, Plans, Stepper, plan_of
from semblance.diffusion.engine.waiting import Job
from semblance.diffusion.rendering import RenderRequest

# diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SHAPE = (1, 4, 4, 4)
STEPS = 6
V = {"prediction_type": "v_prediction"}
NO_CLIP = {"clip_sample": False}
TOGETHER: list[tuple[str, dict[str, Any]]] = [
    ("DDIMScheduler", NO_CLIP),
    ("DDIMScheduler", {**NO_CLIP, **V, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}),
    ("EulerDiscreteScheduler", {}),
    ("EulerDiscreteScheduler", {**V, "use_karras_sigmas": True}),
    ("EulerAncestralDiscreteScheduler", {}),
    ("DDPMScheduler", NO_CLIP),
    ("LCMScheduler", {}),
    ("TCDScheduler", {}),
    ("FlowMatchEulerDiscreteScheduler", {"shift": 3.0}),
    ("FlowMatchEulerDiscreteScheduler", {"stochastic_sampling": True}),
]
ALONE: list[tuple[str, dict[str, Any]]] = [
    ("DDIMScheduler", {}),  # clips
    ("DDIMScheduler", {**NO_CLIP, "thresholding": True}),
    ("DPMSolverMultistepScheduler", {}),
    ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    ("UniPCMultistepScheduler", {}),
    ("HeunDiscreteScheduler", {}),
    ("PNDMScheduler", {}),
]


def maker(name: str, config: dict[str, Any]) -> Any:
    def make() -> Any:
        made = getattr(diffusers, name)(**config)
        made.set_timesteps(STEPS)
        return made

    return make


def denoised(seen: torch.Tensor, timestep: float, seed: int) -> torch.Tensor:
    """Stands for the denoiser: bounded, not linear, another one for every row."""
    return torch.tanh(seen * 0.7 + seed) + timestep / 2000


def by_diffusers(make: Any, seed: int) -> torch.Tensor:
    """The pipelines' loop."""
    scheduler, generator = make(), torch.Generator().manual_seed(seed)
    latents = torch.randn(SHAPE, generator=generator) * getattr(scheduler, "init_noise_sigma", 1.0)
    extra = {"eta": 0.0} if "DDIM" in type(scheduler).__name__ or "TCD" in type(scheduler).__name__ else {}
    if not isinstance(scheduler, diffusers.PNDMScheduler | diffusers.HeunDiscreteScheduler):
        extra["generator"] = generator
    if isinstance(scheduler, diffusers.UniPCMultistepScheduler):
        del extra["generator"]
    for timestep in scheduler.timesteps:
        seen = scheduler.scale_model_input(latents, timestep) if hasattr(scheduler, "scale_model_input") else latents
        latents = scheduler.step(denoised(seen, float(timestep), seed), timestep, latents, return_dict=False, **extra)[
            0
        ]
    return latents


def row_of(plan: Plan, seed: int) -> Row:
    generator = torch.Generator().manual_seed(seed)
    return Row(
        job=Job(EngineRequest(RenderRequest("", seed)), (32, 32), 0.0, seed),
        index=0,
        batch_class=BatchClass((32, 32), (), 1, 1, False),
        plan=plan,
        latents=torch.randn(SHAPE, generator=generator) * plan.start_scale,
        wanted={},
        unwanted=None,
        uses=(),
        guidance=1.0,
        rescale=0.0,
        generator=generator,
        stepper=Stepper(plan, generator) if plan.coefficients is None else None,
    )


@pytest.mark.parametrize(("name", "config"), TOGETHER + ALONE)
def test_rows_at_different_steps_go_as_diffusers_takes_each(name: str, config: dict[str, Any]) -> None:
    make = maker(name, config)
    plan = plan_of(make)
    assert (plan.coefficients is not None) == ((name, config) in TOGETHER)
    rows = [row_of(plan, seed) for seed in range(3)]
    for turn in range(plan.steps + 4):
        there = [row for index, row in enumerate(rows) if 2 * index <= turn and not row.finished]
        predictions = [denoised(row.seen(), plan.timesteps[row.step], row.job.order) for row in there]
        for row, latents in zip(there, moved(there, torch.cat(predictions)), strict=True):
            row.latents = latents
            row.step += 1
    for row in rows:
        theirs = by_diffusers(make, row.job.order)
        assert row.finished
        assert torch.allclose(row.latents, theirs, rtol=1e-5, atol=1e-5), (row.latents - theirs).abs().max()


@pytest.mark.parametrize(("name", "config"), [TOGETHER[0], TOGETHER[1], TOGETHER[2], TOGETHER[3], TOGETHER[6]])
def test_what_a_scheduler_foresees_is_known_before_the_step(name: str, config: dict[str, Any]) -> None:
    make = maker(name, config)
    row, scheduler = row_of(plan_of(make), 1), make()
    prediction = torch.randn(SHAPE, generator=torch.Generator().manual_seed(2))
    scheduler.scale_model_input(row.latents, scheduler.timesteps[0])
    theirs = scheduler.step(prediction, scheduler.timesteps[0], row.latents)
    clean = theirs["denoised"] if "denoised" in theirs else theirs["pred_original_sample"]
    scale = 1 + row.latents.abs().max()
    assert torch.allclose(foreseen(row, prediction), clean, atol=1e-5 * float(scale))


def test_flow_matching_foresees_where_its_line_ends() -> None:
    make = maker("FlowMatchEulerDiscreteScheduler", {"shift": 3.0})
    row = row_of(plan_of(make), 1)
    row.step = 2
    prediction = torch.randn(SHAPE, generator=torch.Generator().manual_seed(2))
    expected = row.latents - make().sigmas[2] * prediction
    assert torch.allclose(foreseen(row, prediction), expected, atol=1e-5)


def test_plans_are_made_once_and_not_kept_for_ever() -> None:
    made: list[int] = []

    def make(steps: int, _height_px: int, _width_px: int) -> Any:
        made.append(steps)
        scheduler = diffusers.EulerDiscreteScheduler()
        scheduler.set_timesteps(steps)
        return scheduler

    plans = Plans(make, kept=2)
    first = plans.plan(3, 32, 32)
    asked = len(made)
    assert plans.plan(3, 32, 32) is first
    assert len(made) == asked
    plans.plan(4, 32, 32)
    plans.plan(3, 64, 32)
    assert plans.plan(3, 32, 32) is not first
