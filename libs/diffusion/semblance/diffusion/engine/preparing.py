"""A request's numbers and conditions, and the rows made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from semblance.diffusion.engine.batch import BatchClass, Row
from semblance.diffusion.engine.conditioning import Conditioning
from semblance.diffusion.engine.opening import opening
from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.schedule import Plan, Plans, Stepper
from semblance.diffusion.engine.waiting import Job
from semblance.diffusion.families.family import Asked, Family, Lane
from semblance.diffusion.rendering import derived_seed
from semblance.diffusion.slots import Slots, Use


@dataclass(frozen=True)
class Prepared:
    """What all rows of a request share."""

    plan: Plan
    guidance: float
    wanted: Lane = field(repr=False)
    unwanted: Lane | None = field(repr=False)
    batch_class: BatchClass = field(repr=False)


class Preparing:
    """Turns requests into rows."""

    def __init__(self, family: Family, slots: Slots) -> None:
        self._family = family
        self._conditioning = Conditioning(family, slots)
        self._plans = Plans(family.scheduler)

    def prepare(self, request: EngineRequest, size: tuple[int, int], uses: Sequence[Use]) -> Prepared:
        """Encode the text, by the people's own text encoders where they have one, and look up the plan.

        Raises PromptTooLong, AdapterUnusable, RequestInvalid, AdapterWiped.
        """
        picture, own = request.picture, self._family.config.sampler
        plan = self._plans.plan(own.steps if picture.steps is None else picture.steps, *size)
        guidance = own.guidance_scale if picture.guidance_scale is None else picture.guidance_scale
        asked = Asked(
            picture.prompt,
            picture.negative_prompt,
            *size,
            guidance_scale=guidance,
            likeness_scale=own.ip_adapter_scale if picture.likeness_scale is None else picture.likeness_scale,
        )
        self._family.backbone.make_room()
        wanted, unwanted = self._conditioning.lanes(request, asked, uses)
        batch_class = BatchClass(
            size=size,
            shapes=tuple((name, tuple(told.shape), str(told.dtype)) for name, told in sorted(wanted.items())),
            places=max(len(uses), 1),
            lanes=1 if unwanted is None else 2,
            edited=request.start is not None,
        )
        return Prepared(plan, guidance, wanted, unwanted, batch_class)

    def row(self, job: Job, prepared: Prepared, index: int, uses: Sequence[Use]) -> Row:
        """The index-th row of a request, at its beginning."""
        plan = prepared.plan
        begins, generator = opening(
            self._family, plan, job.request, job.size, derived_seed(job.request.picture.seed, index)
        )
        return Row(
            job=job,
            index=index,
            batch_class=prepared.batch_class,
            plan=plan,
            latents=begins.latents,
            wanted=prepared.wanted,
            unwanted=prepared.unwanted,
            uses=tuple(uses),
            guidance=prepared.guidance,
            rescale=self._family.config.sampler.guidance_rescale,
            generator=generator,
            stepper=None if plan.coefficients else Stepper(plan, generator, begins.first_step),
            after=begins.after,
            step=begins.first_step,
            steps=plan.steps - begins.first_step,
        )
