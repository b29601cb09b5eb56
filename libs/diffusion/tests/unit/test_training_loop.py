from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    AdapterUnusable,
    Backbone,
    Cancelled,
    LoraSettings,
    RenderRequest,
    RequestInvalid,
    TrainingPicture,
    load_backbone,
    lora_settings,
    render,
    train_lora,
)
from semblance.diffusion.testing import write_tiny_backbone

PLAIN = RenderRequest("a photo of a person", 11, count=2)
Reference = NDArray[np.float32] | None


def never() -> bool:
    return False


def train(
    backbone: Backbone,
    pictures: list[TrainingPicture],
    reference: Reference,
    settings: LoraSettings | None = None,
    *,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    cancelled: Callable[[], bool] = never,
) -> bytes:
    return train_lora(
        backbone,
        pictures,
        settings or backbone.config.lora,
        reference=reference,
        progress=progress,
        cancelled=cancelled,
    )


def weights(backbone: Backbone) -> dict[str, torch.Tensor]:
    parts = (backbone.pipeline.unet, backbone.pipeline.text_encoder, backbone.pipeline.vae)
    return {f"{i}.{name}": t.clone() for i, part in enumerate(parts) for name, t in part.state_dict().items()}


def predict(pipeline: Any, reference: Reference) -> torch.Tensor:
    """The UNet's answer to fixed latents and a fixed caption."""
    with torch.no_grad():
        noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(5))
        ids = pipeline.tokenizer("sks person", padding="max_length", return_tensors="pt").input_ids
        faces = None if reference is None else {"image_embeds": [torch.from_numpy(reference).view(1, 1, -1)]}
        text = pipeline.text_encoder(ids)[0]
        return pipeline.unet(noise, torch.tensor([500]), text, added_cond_kwargs=faces).sample


def denoising_error(backbone: Backbone, picture: TrainingPicture, reference: Reference) -> float:
    """Mean squared error of the UNet's velocity for one noised picture, averaged over noise levels."""
    pipeline = backbone.pipeline
    with torch.no_grad():
        pixels = torch.from_numpy(picture.image).permute(2, 0, 1)[None].float() / 127.5 - 1
        latents = pipeline.vae.encode(pixels).latent_dist.mean * pipeline.vae.config.scaling_factor
        latents = latents.expand(16, -1, -1, -1)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(9))
        levels = torch.arange(16) * 60 + 30
        ids = pipeline.tokenizer(picture.caption, padding="max_length", return_tensors="pt").input_ids
        text = pipeline.text_encoder(ids)[0].expand(16, -1, -1)
        faces = None
        if reference is not None:
            faces = {"image_embeds": [torch.from_numpy(reference).view(1, 1, -1).expand(16, -1, -1)]}
        noisy = pipeline.scheduler.add_noise(latents, noise, levels)
        wanted = pipeline.scheduler.get_velocity(latents, noise, levels)
        return float((pipeline.unet(noisy, levels, text, added_cond_kwargs=faces).sample - wanted).square().mean())


def test_training_leaves_the_backbone_untouched(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    before, drawn = weights(backbone), render(backbone, PLAIN, None)
    train(backbone, pictures, reference)
    backbone.require_bare()
    after = weights(backbone)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(p.requires_grad for p in backbone.pipeline.unet.parameters())
    assert all(np.array_equal(a, b) for a, b in zip(drawn, render(backbone, PLAIN, None), strict=True))


def test_the_same_training_gives_the_same_bytes(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    assert train(backbone, pictures, reference) == train(backbone, pictures, reference)


def test_stock_diffusers_loads_the_lora_as_it_was_trained(
    backbone: Backbone,
    pictures: list[TrainingPicture],
    reference: Reference,
    own_dir: Path,
    tmp_path: Path,
) -> None:
    settings = lora_settings(backbone.config.lora, alpha=12.0, learning_rate=0.05)  # alpha is not the rank
    trained: list[torch.Tensor] = []

    def at_the_end(done: int, of: int) -> None:
        if done == of:
            trained.append(predict(backbone.pipeline, reference))

    (tmp_path / "person.safetensors").write_bytes(train(backbone, pictures, reference, settings, progress=at_the_end))
    stock: Any = StableDiffusionPipeline.from_pretrained(str(own_dir), dtype=torch.float32)
    if reference is not None:
        stock = load_backbone(own_dir).pipeline
    bare = predict(stock, reference)
    stock.load_lora_weights(str(tmp_path), weight_name="person.safetensors")
    loaded = predict(stock, reference)
    assert torch.allclose(trained[0], loaded, atol=1e-5)
    assert not torch.allclose(bare, loaded, atol=1e-2)


def test_the_error_on_the_learnt_pictures_falls(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    errors: list[float] = []

    def measure(done: int, of: int) -> None:
        if done in (1, of):
            errors.append(denoising_error(backbone, pictures[0], reference))

    train(
        backbone,
        pictures,
        reference,
        lora_settings(backbone.config.lora, steps=50, learning_rate=0.01),
        progress=measure,
    )
    assert errors[1] < 0.9 * errors[0]


def test_a_training_can_be_stopped_between_steps(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    steps: list[int] = []
    with pytest.raises(Cancelled):
        train(
            backbone,
            pictures,
            reference,
            progress=lambda done, _of: steps.append(done),
            cancelled=lambda: len(steps) == 2,
        )
    assert steps == [1, 2]
    backbone.require_bare()


def test_what_a_progress_callback_raises_passes_through_and_leaves_nothing(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    class Withdrawn(Exception):
        pass

    def refuse(_done: int, _of: int) -> None:
        raise Withdrawn

    with pytest.raises(Withdrawn):
        train(backbone, pictures, reference, progress=refuse)
    backbone.require_bare()


def test_prior_pictures_are_drawn_by_the_backbone_and_change_what_is_learnt(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    settings = lora_settings(backbone.config.lora, prior_pictures=5, prior_batch=2)
    assert train(backbone, pictures, reference, settings) != train(backbone, pictures, reference)


def test_only_the_unet_is_learnt_when_the_card_names_no_text_targets(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    lora = train(backbone, pictures, reference, lora_settings(backbone.config.lora, text_targets=()))
    assert b"text_encoder." not in lora
    assert render(backbone, PLAIN, Adapter(lora, reference))


def test_pictures_of_another_size_are_refused(backbone: Backbone, reference: Reference) -> None:
    with pytest.raises(RequestInvalid, match="32, 32"):
        train(backbone, [TrainingPicture(np.zeros((8, 8, 3), np.uint8), "a photo")], reference)
    with pytest.raises(RequestInvalid, match="at least one"):
        train(backbone, [], reference)


def test_targets_that_name_nothing_are_refused(
    backbone: Backbone, pictures: list[TrainingPicture], reference: Reference
) -> None:
    with pytest.raises(AdapterUnusable):
        train(backbone, pictures, reference, lora_settings(backbone.config.lora, unet_targets=("nowhere",)))
    backbone.require_bare()


def test_a_noise_predicting_backbone_trains_too(tmp_path: Path, pictures: list[TrainingPicture]) -> None:
    directory = write_tiny_backbone(tmp_path / "tiny", ip_adapter=False, prediction_type="epsilon")
    assert train(load_backbone(directory), pictures, None)


def test_a_picture_prints_without_its_pixels_and_caption(pictures: list[TrainingPicture]) -> None:
    assert repr(pictures[0]) == "TrainingPicture()"


def test_settings_are_changed_by_name_and_checked() -> None:
    assert lora_settings(LoraSettings(), steps=5).steps == 5
    for wrong in ({"step": 5}, {"steps": 0}, {"rank": "many"}, {"learning_rate": -1}):
        with pytest.raises(RequestInvalid, match=next(iter(wrong))):
            lora_settings(LoraSettings(), **wrong)
