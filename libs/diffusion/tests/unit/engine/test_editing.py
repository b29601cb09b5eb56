"""Rows that begin at a picture, against diffusers' image-to-image and inpainting pipelines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
)

from semblance.diffusion import (
    BackboneOptions,
    EngineRequest,
    EngineSettings,
    RenderRequest,
    RequestInvalid,
    StepEngine,
    load_backbone,
)
from semblance.diffusion.adapter import loaded
from semblance.diffusion.engine import Start
from semblance.diffusion.engine.editing import begin, blended, face_mask, feathered
from semblance.diffusion.engine.schedule import plan_of
from semblance.diffusion.reference import reference_tensor

PX = 32
CLOSE = 1  # of 255: the engine's arithmetic is diffusers' but for the order of sums
IMAGE = np.random.default_rng(7).integers(0, 256, (PX, PX, 3), dtype=np.uint8)
MASK = np.zeros((PX, PX), np.uint8)
MASK[:, PX // 2 :] = 255


def stock(backbone: Any, pipeline_class: Any, person: Any, **asked: Any) -> Any:
    """What diffusers' own pipeline draws, (H, W, 3)."""
    parts = {name: part for name, part in backbone.pipeline.components.items() if name != "image_encoder"}
    with loaded(backbone, person.lora):
        pipeline = pipeline_class(**parts, requires_safety_checker=False)
        pipeline.set_progress_bar_config(disable=True)
        face = reference_tensor(backbone, person.reference)
        made = pipeline(
            "a photo",
            num_inference_steps=6,
            guidance_scale=backbone.config.sampler.guidance_scale,
            ip_adapter_image_embeds=[torch.cat([torch.zeros_like(face), face])],
            generator=torch.Generator("cpu").manual_seed(5),
            output_type="np",
            **asked,
        ).images[0]
    return np.round(made * 255).astype(np.uint8)


def asked_of(drawing: Any, start: Start, **changes: Any) -> Any:
    return drawing.request(0, seed=5, steps=6, start=start, **changes)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_image_to_image_is_diffusers_own(drawing: Any, drawn: Callable[..., Any], strength: float) -> None:
    engine = drawing.engine()
    [ours] = drawn(engine, engine.submit(asked_of(drawing, Start(IMAGE, strength))))
    pixels = torch.from_numpy(IMAGE.copy()).permute(2, 0, 1)[None].float() / 255
    theirs = stock(drawing.stock, StableDiffusionImg2ImgPipeline, drawing.people[0], image=pixels, strength=strength)
    assert int(np.abs(ours.astype(int) - theirs).max()) <= CLOSE


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_inpainting_is_diffusers_own_inside_and_the_picture_outside(
    drawing: Any, drawn: Callable[..., Any], strength: float
) -> None:
    engine = drawing.engine()
    [ours] = drawn(engine, engine.submit(asked_of(drawing, Start(IMAGE, strength, MASK))))
    theirs = stock(
        drawing.stock,
        StableDiffusionInpaintPipeline,
        drawing.people[0],
        image=torch.from_numpy(IMAGE.copy()).permute(2, 0, 1)[None].float() / 255,
        mask_image=torch.from_numpy(MASK.copy())[None, None].float() / 255,
        strength=strength,
        height=PX,
        width=PX,
    )
    deep = np.s_[:, PX // 2 + 2 :]  # past the seam
    assert int(np.abs(ours[deep].astype(int) - theirs[deep]).max()) <= CLOSE
    assert np.array_equal(ours[:, : PX // 2], IMAGE[:, : PX // 2])


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
@pytest.mark.parametrize(
    "scheduler", [DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, LCMScheduler, PNDMScheduler]
)
def test_other_schedulers_begin_at_a_picture_as_diffusers_says(
    drawing: Any, drawn: Callable[..., Any], scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for backbone in (drawing.own, drawing.stock):
        changed = {"skip_prk_steps": True} if scheduler is PNDMScheduler else {}
        own = scheduler.from_config(backbone.pipeline.scheduler.config, rescale_betas_zero_snr=False, **changed)
        monkeypatch.setattr(backbone.pipeline, "scheduler", own)
    engine, white = drawing.engine(), np.full_like(MASK, 255)
    pixels = torch.from_numpy(IMAGE.copy()).permute(2, 0, 1)[None].float() / 255
    asked = {"image": pixels, "strength": 0.7}
    [ours] = drawn(engine, engine.submit(asked_of(drawing, Start(IMAGE, 0.7))))
    theirs = stock(drawing.stock, StableDiffusionImg2ImgPipeline, drawing.people[0], **asked)
    assert int(np.abs(ours.astype(int) - theirs).max()) <= CLOSE
    [ours] = drawn(engine, engine.submit(asked_of(drawing, Start(IMAGE, 0.7, white))))
    mask = torch.ones(1, 1, PX, PX)
    theirs = stock(
        drawing.stock, StableDiffusionInpaintPipeline, drawing.people[0], mask_image=mask, height=PX, width=PX, **asked
    )
    assert int(np.abs(ours.astype(int) - theirs).max()) <= CLOSE


def test_an_autoencoder_may_have_other_numbers_than_the_denoiser(plain_dir: Path, drawn: Callable[..., Any]) -> None:
    """As float16 has it, whose autoencoders often stay in 32 bits."""
    backbone = load_backbone(plain_dir, BackboneOptions(precision="bfloat16"))
    backbone.pipeline.vae.to(torch.float32)
    engine = StepEngine(backbone, EngineSettings(lanes=(4,)))
    edit = EngineRequest(RenderRequest("a photo", 1, steps=2), start=Start(IMAGE, 1.0, MASK))
    [made] = drawn(engine, engine.submit(edit))
    engine.close()
    assert np.array_equal(made[:, : PX // 2], IMAGE[:, : PX // 2])


def test_an_edit_beside_others_has_the_same_bytes(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    edit = asked_of(drawing, Start(IMAGE, 0.7, feathered(MASK)))
    [alone] = drawn(engine, engine.submit(edit))
    other = engine.submit(asked_of(drawing, Start(IMAGE[::-1].copy(), 0.3)))
    plain = engine.submit(drawing.request(1, steps=5))
    [beside] = drawn(engine, engine.submit(edit), other, plain)
    assert np.array_equal(alone, beside)


def test_steps_are_told_of_those_that_are_taken(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine, told = drawing.engine(), []
    drawn(engine, engine.submit(asked_of(drawing, Start(IMAGE, 0.5)), on_step=lambda *step: told.append(step)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    "start",
    [
        Start(IMAGE[:16], 0.5),
        Start(IMAGE.astype(np.float32), 0.5),  # type: ignore[arg-type]
        Start(IMAGE, 0.0),
        Start(IMAGE, 1.5),
        Start(IMAGE, 0.5, MASK[:16]),
        Start(IMAGE, 0.5, np.zeros_like(MASK)),
    ],
)
def test_starts_that_do_not_fit_are_refused_at_once(drawing: Any, start: Start) -> None:
    with pytest.raises(RequestInvalid):
        drawing.engine().submit(asked_of(drawing, start))


def test_a_strength_that_leaves_no_step_ends_its_request_only(drawing: Any, drawn: Callable[..., Any]) -> None:
    engine = drawing.engine()
    empty, fine = engine.submit(asked_of(drawing, Start(IMAGE, 0.1))), engine.submit(drawing.request(0))
    assert len(drawn(engine, fine, empty)) == 1
    with pytest.raises(RequestInvalid, match="steps"):
        empty.result(0)


def test_a_seam_is_soft_inside_the_mask_and_nowhere_else() -> None:
    black, white = np.zeros((100, 100, 3), np.uint8), np.full((100, 100, 3), 255, np.uint8)
    mask = np.zeros((100, 100), np.uint8)
    mask[30:70, 30:70] = 255
    made = blended(white, black, mask)
    assert not made[mask == 0].any()
    assert int(made[30, 50, 0]) in range(100, 255)
    assert (made[34:66, 34:66] == 255).all()


def test_a_feathered_mask_goes_over_gently_and_keeps_what_it_kept() -> None:
    black, white = np.zeros((100, 100, 3), np.uint8), np.full((100, 100, 3), 255, np.uint8)
    mask = np.zeros((100, 100), np.uint8)
    mask[30:70, 30:70] = 255
    soft = feathered(mask)
    assert np.array_equal(soft == 0, mask == 0)
    assert (soft[40:60, 40:60] == 255).all()
    steps = [int(np.abs(np.diff(blended(white, black, each)[:, 50, 0].astype(int))).max()) for each in (mask, soft)]
    assert steps[1] <= 48  # 1.5 / 8 of 255: the steepest place of eight pixels
    assert steps[0] >= 127
    narrow = np.zeros_like(mask)
    narrow[:, 50:56] = 255
    assert feathered(narrow).max() == 255, "a narrow part would never be drawn"
    assert (feathered(np.full_like(mask, 255)) == 255).all()


def test_how_white_a_cell_is_is_the_share_of_the_steps_in_which_it_is_drawn(drawing: Any) -> None:
    family = drawing.engine().family
    plan = plan_of(lambda: family.scheduler(8, PX, PX))
    grey = np.repeat(np.repeat(np.linspace(0, 255, 4).astype(np.uint8), PX // 4)[None], PX, 0)
    _, first, after = begin(family, plan, Start(IMAGE, 1.0, grey), torch.Generator().manual_seed(0))
    assert after is not None
    mark = torch.full(family.noise(0, PX, PX).shape, 777.0)
    drawn = torch.stack([(after(mark, taken)[0, 0, 0] == 777).float() for taken in range(first + 1, 9)])
    # Black: never. A third: once a third of the steps is left. White: always.
    counts = drawn.sum(0).tolist()
    assert counts == sorted(counts)
    assert [counts[0], counts[-1]] == [0, 8]
    assert counts[len(counts) * 3 // 8] == 3  # after steps 6, 7 and 8 of 8: two thirds are behind it
    assert counts[len(counts) * 5 // 8] == 6


def test_a_face_mask_covers_features_turns_with_them_and_refuses_what_is_no_face() -> None:
    points = np.array([(40, 40), (60, 40), (50, 50), (43, 60), (57, 60)], np.float32)
    mask = face_mask(points, 100, 100)
    assert all(mask[int(y), int(x)] == 255 for x, y in points)
    assert mask[5, 5] == mask[95, 95] == 0
    assert 0.1 < (mask > 0).mean() < 0.35
    sideways = face_mask(points[:, ::-1].copy(), 100, 100)
    assert np.abs(sideways.T.astype(int) - mask).mean() < 5
    assert (face_mask(points, 100, 100, margin=1.5) > 0).sum() > (mask > 0).sum()
    for wrong in (points[:4], np.full_like(points, np.nan), np.full_like(points, 9.0)):
        with pytest.raises(RequestInvalid):
            face_mask(wrong, 100, 100)


def test_requests_with_pictures_are_never_printed() -> None:
    assert "array" not in repr(Start(IMAGE, 0.5, MASK))
    assert {field.name for field in dataclasses.fields(Start)} == {"image", "strength", "mask"}
