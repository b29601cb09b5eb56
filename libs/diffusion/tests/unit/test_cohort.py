"""Several people in one step: each gets what they would have got alone, whoever leaves, joins or fails beside them."""

import dataclasses

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import save

from semblance.diffusion import Backbone, Cancelled, LoraSettings, TrainingPicture, lora_settings
from semblance.diffusion.adapter import unload, unpack
from semblance.diffusion.cohort.learner import Learner, Learnt
from semblance.diffusion.cohort.loop import train_cohort
from semblance.diffusion.cohort.person import rate
from semblance.diffusion.cohort.study import Study, predict
from semblance.diffusion.cohort.weights import Weights
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.slots.attaching import require_bare
from semblance.diffusion.slots.layout import NOT_ADAPTED

Reference = NDArray[np.float32] | None
STEPS = 6


def learner(backbone: Backbone, number: int, reference: Reference, **changes: object) -> Learner:
    """Somebody with pictures, a seed and a rate of their own."""
    own = {"steps": STEPS, "seed": number, "learning_rate": 0.01 / (1 + number % 2), **changes}
    pixels = np.random.default_rng(number).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    return Learner(
        pictures=[TrainingPicture(image, backbone.config.caption) for image in pixels],
        settings=lora_settings(backbone.config.lora, **own),
        reference=None if reference is None else np.roll(reference, number),
        progress=lambda _done, _of: None,
        cancelled=lambda: False,
    )


def vector(lora: bytes) -> torch.Tensor:
    return torch.cat([tensor.flatten() for _name, tensor in sorted(unpack(lora).items())])


def off(backbone: Backbone, one: bytes, other: bytes, settings: LoraSettings) -> float:
    """How far apart two LoRAs are, as a share of what training changed."""
    towers = {"unet": backbone.pipeline.unet, "text_encoder": backbone.pipeline.text_encoder}
    weights = Weights.of(towers, settings)
    began = vector(weights.pack(weights.initial(settings.seed)))
    return float((vector(one) - vector(other)).norm() / (vector(other) - began).norm())


def alone(backbone: Backbone, one: Learner) -> bytes:
    return train_cohort(backbone, [one])[0].or_raise()[-1]


def by_peft(backbone: Backbone, one: Learner) -> bytes:
    """The same training with peft's layers, its own beginning and one optimiser over all of them."""
    settings, pipeline = one.settings, backbone.pipeline
    scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
    study, generator = Study(backbone, scheduler, one), torch.Generator().manual_seed(settings.seed)
    scale = settings.alpha / settings.rank
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        for tower, rank, targets in (
            (pipeline.unet, settings.rank, settings.unet_targets),
            (pipeline.text_encoder, settings.text_rank, settings.text_targets),
        ):
            alpha = scale * rank
            config = LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights="gaussian", target_modules=list(targets))
            if tower is pipeline.unet and backbone.reference_size is not None:
                config.exclude_modules = NOT_ADAPTED.pattern
            tower.add_adapter(config, adapter_name="person")
    try:
        towers = (pipeline.unet, pipeline.text_encoder)
        parameters = [p for tower in towers for p in tower.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=settings.weight_decay)
        for step in range(settings.steps):
            optimiser.param_groups[0]["lr"] = settings.learning_rate * rate(step, settings)
            rows = study.rows(generator)
            optimiser.zero_grad()
            rows.loss(predict(backbone, rows)).backward()
            torch.nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
            optimiser.step()
        made = {
            f"{prefix}.{key}": (t * scale if ".lora_B." in key else t).detach().contiguous().clone()
            for prefix, tower in zip(("unet", "text_encoder"), towers, strict=True)
            for key, t in get_peft_model_state_dict(tower, adapter_name="person").items()
        }
        return bytes(save(made))
    finally:
        unload(backbone)


def test_one_person_learns_what_pefts_layers_learn(backbone: Backbone, reference: Reference) -> None:
    one = learner(backbone, 3, reference, alpha=6.0)
    assert off(backbone, alone(backbone, one), by_peft(backbone, one), one.settings) < 0.01


@pytest.mark.parametrize("changes", [{}, {"text_targets": ()}, {"prior_pictures": 2, "prior_batch": 1}])
def test_together_everybody_learns_what_they_would_have_learnt_alone(
    backbone: Backbone, reference: Reference, changes: dict[str, object]
) -> None:
    people = [learner(backbone, number, reference, **changes) for number in range(3)]
    people[1] = dataclasses.replace(people[1], settings=lora_settings(people[1].settings, steps=3))  # leaves early
    together = train_cohort(backbone, people)
    for one, learnt in zip(people, together, strict=True):
        assert off(backbone, learnt.or_raise()[-1], alone(backbone, one), one.settings) < 0.01
    assert off(backbone, together[0].or_raise()[-1], together[2].or_raise()[-1], people[0].settings) > 0.1


def test_whoever_is_cancelled_or_fails_leaves_and_the_others_learn_on(backbone: Backbone, reference: Reference) -> None:
    class Withdrawn(Exception):
        pass

    steps: list[int] = []

    def withdraw(done: int, _of: int) -> None:
        steps.append(done)
        if done == 2:
            raise Withdrawn

    stays = learner(backbone, 0, reference)
    fails = dataclasses.replace(learner(backbone, 1, reference), progress=withdraw)
    stopped = dataclasses.replace(learner(backbone, 2, reference), cancelled=lambda: len(steps) == 1)
    wrong = dataclasses.replace(learner(backbone, 4, reference), pictures=[])
    first, second, third, fourth = train_cohort(backbone, [stays, fails, stopped, wrong])
    assert isinstance(second.ended_by, Withdrawn)
    assert isinstance(third.ended_by, Cancelled)
    assert isinstance(fourth.ended_by, RequestInvalid)
    assert second.candidates == third.candidates == ()
    assert steps == [1, 2]
    assert off(backbone, first.or_raise()[-1], alone(backbone, stays), stays.settings) < 0.01
    backbone.require_bare()
    require_bare(backbone.pipeline.unet)


def test_people_join_at_the_beginning_and_not_later(backbone: Backbone, reference: Reference) -> None:
    asked: list[int] = []
    first = dataclasses.replace(
        learner(backbone, 0, reference, steps=20), progress=lambda done, _of: asked.append(done)
    )
    waiting = [[learner(backbone, 1, reference, steps=12)], [learner(backbone, 2, reference, rank=2)]]
    ended: list[tuple[Learner, Learnt]] = []

    def joining() -> list[Learner]:
        assert not asked or asked[-1] <= 1, "a finished adapter would wait for a whole training"
        return waiting.pop(0) if waiting else []

    told = train_cohort(backbone, [first], joining=joining, done=lambda one, learnt: ended.append((one, learnt)))
    assert told == [], "whoever is told keeps it"
    assert [type(learnt.ended_by) for _one, learnt in ended] == [RequestInvalid, type(None), type(None)]
    assert [one.settings.seed for one, _learnt in ended] == [2, 1, 0]
    assert off(backbone, ended[-1][1].or_raise()[-1], alone(backbone, first), first.settings) < 0.01


def test_candidates_are_put_aside_on_the_way(backbone: Backbone, reference: Reference) -> None:
    one = learner(backbone, 0, reference, candidates=(0.5, 1.0))
    [half, whole] = train_cohort(backbone, [one])[0].or_raise()
    assert whole == alone(backbone, learner(backbone, 0, reference))
    assert half != whole
