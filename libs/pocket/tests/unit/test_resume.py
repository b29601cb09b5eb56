"""A killed training goes on where its checkpoint was, with the same numbers."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semblance.pocket import checkpoint, tokenizer
from semblance.pocket.batches import Batches
from semblance.pocket.denoiser import Trainer, rate_factor
from semblance.pocket.latents import fit
from semblance.pocket.optimiser import orthogonalise
from semblance.pocket.pictures import Pictures
from semblance.pocket.settings import Recipe


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    whole = Recipe()
    return dataclasses.replace(
        whole,
        model=dataclasses.replace(whole.model, unet_channels=(32, 32), text_layers=1, context_width=32),
        denoiser=dataclasses.replace(whole.denoiser, batch=4),
    )


@pytest.fixture(scope="module")
def world(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Batches]:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(12, 128)).astype(np.float32)
    pictures = Pictures(
        pixels=rng.integers(0, 255, (12, 64, 64, 3)).astype(np.uint8),
        embeddings=unit / np.linalg.norm(unit, axis=1, keepdims=True),
        person=np.repeat(np.arange(3), 4),
        is_photo=np.ones(12, bool),
        captions=(("a photo of a person", "a photo of sks person"),) * 12,
    )
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.write(folder, ["a photo of a person"], 40)
    tokens = tokenizer.load(folder, recipe.model.token_length)
    return tokens, Batches(pictures, fit(pictures.pixels, 8, recipe.model.latent_channels), tokens, recipe)


def test_resuming_continues_the_step_count_and_the_weights(
    recipe: Recipe, world: tuple[Any, Batches], tmp_path: Path
) -> None:
    tokens, batches = world
    torch.set_num_threads(1)
    straight = Trainer(recipe, tokens, 0, 1)
    for k in range(3):
        straight.step(batches, 0.1 * k)
        if k == 1:
            checkpoint.save(tmp_path / "checkpoint.pt", straight.state())
    resumed = Trainer(recipe, tokens, 0, 1)
    state = checkpoint.load(tmp_path / "checkpoint.pt")
    assert state is not None
    resumed.restore(state)
    assert resumed.progress.step == 2
    resumed.step(batches, 0.2)
    assert resumed.progress.step == straight.progress.step == 3
    assert resumed.progress.samples == 12
    for mine, theirs in zip(resumed.weights, straight.weights, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_checkpoint_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, {"step": 1})

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, {"step": 2})
    assert checkpoint.load(path) == {"step": 1}


def test_identity_comes_from_other_photos_of_the_same_person(world: tuple[Any, Batches]) -> None:
    _, batches = world
    drawn = batches.draw(0, 5, 64)
    norms = drawn.identity.norm(dim=1)
    assert set(norms.round().int().tolist()) == {0, 1}
    again = batches.draw(0, 5, 64)
    assert torch.equal(drawn.identity, again.identity)


def test_the_rate_warms_up_holds_and_cools_down(recipe: Recipe) -> None:
    settings = recipe.denoiser
    assert rate_factor(settings, 0, 0.0) < 0.05
    assert rate_factor(settings, 500, 0.3) == 1.0
    assert rate_factor(settings, 500, 1.0) == 0.0


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalise(torch.randn(24, 60)).float())
    assert 0.5 < values.min() < values.max() < 1.4
