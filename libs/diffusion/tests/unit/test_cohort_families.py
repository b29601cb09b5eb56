"""People learn together on the larger families' denoisers too; what they learn fits slots and loads in diffusers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load

from semblance.diffusion import RequestInvalid, TrainingPicture, load_backbone, lora_settings
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.loop import train_cohort
from semblance.diffusion.cohort.study import Rows
from semblance.diffusion.examples import Examples
from semblance.diffusion.slots import Layout, flatten
from semblance.diffusion.testing_families import write_tiny_flux, write_tiny_sd3, write_tiny_sdxl


@pytest.mark.parametrize("write", [write_tiny_sdxl, write_tiny_sd3, write_tiny_flux])
def test_two_people_learn_together_what_each_learns_alone(write: Callable[..., Path], tmp_path: Path) -> None:
    backbone = load_backbone(write(tmp_path / "tiny"))
    edge = backbone.config.resolution_px
    settings = lora_settings(backbone.config.lora, rank=4, steps=3, batch_size=2, learning_rate=0.01)
    people = []
    for seed in (1, 2):
        pixels = np.random.default_rng(seed).integers(0, 256, (2, edge, edge, 3), dtype=np.uint8)
        pictures = [TrainingPicture(image, backbone.config.caption) for image in pixels]
        own = lora_settings(settings, seed=seed)
        people.append(Learner(pictures, own, None, lambda _done, _of: None, lambda: False))
    together = [learnt.or_raise()[-1] for learnt in train_cohort(backbone, people)]
    [alone] = train_cohort(backbone, people[:1])
    towers = dict([next(iter(backbone.towers.items()))])
    layout = Layout.of(towers, settings.unet_targets, (), 4, 1, torch.float32, backbone_digest=backbone.digest)
    first, second, solo = (flatten(lora, layout).row for lora in (*together, alone.or_raise()[-1]))
    assert float((first - solo).norm() / solo.norm()) < 0.001
    assert float((first - second).norm() / solo.norm()) > 0.1
    backbone.require_bare()
    backbone.pipeline.load_lora_weights(load(together[0]))
    backbone.pipeline.unload_lora_weights()


def test_a_long_caption_ends_its_own_training_only(tmp_path: Path) -> None:
    backbone = load_backbone(write_tiny_sdxl(tmp_path / "tiny"))
    edge, settings = backbone.config.resolution_px, lora_settings(backbone.config.lora, rank=4, steps=1, batch_size=2)
    image = np.zeros((edge, edge, 3), np.uint8)
    long, short = (
        Learner([TrainingPicture(image, caption)], settings, None, lambda _done, _of: None, lambda: False)
        for caption in ("a photo with many words " * 9, "a photo")
    )
    first, second = train_cohort(backbone, [long, short])
    with pytest.raises(RequestInvalid, match="caption"):
        first.or_raise()
    assert second.or_raise()


def test_what_a_training_learns_from_is_never_printed() -> None:
    secret = torch.full((1, 1), 0.12345)
    rows = Rows(noisy=secret, timesteps=secret, condition={"faces": secret}, target=secret, weights=secret)
    assert "0.123" not in repr(rows) + repr(Examples(secret, secret, secret, secret, secret))
