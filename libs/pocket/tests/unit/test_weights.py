"""The committed folder is a pipeline that anyone's diffusers can load, condition and sample."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from semblance.pocket import weights_dir
from semblance.pocket.drawing import Order, draw
from semblance.pocket.export import IDENTITY_FILE, identity_state, load_denoiser, load_pipeline
from semblance.pocket.settings import Recipe, SamplerSettings
from semblance.pocket.warm_start import warm_start


@pytest.fixture(scope="module")
def pipeline() -> Any:
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # diffusers and transformers announce their own changes while loading
        return load_pipeline(weights_dir())


@pytest.fixture
def identity() -> np.ndarray:
    vector = np.random.default_rng(4).normal(size=128).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_pictures_are_finite_and_follow_the_identity(pipeline: Any, identity: np.ndarray) -> None:
    sampler = SamplerSettings(steps=4)
    order = Order("a photo of sks person, outdoors", identity, 2, seed=1)
    made = draw(pipeline, order, sampler)
    assert made.shape == (2, 64, 64, 3)
    assert made.std() > 5
    swapped = draw(pipeline, Order(order.prompt, -identity, 2, seed=1), sampler)
    assert np.abs(made.astype(int) - swapped).mean() > 0.5


def test_scale_zero_equals_a_zero_embedding(pipeline: Any, identity: np.ndarray) -> None:
    none = draw(pipeline, Order("a photo of a person", identity * 0, 2, seed=2), SamplerSettings(steps=3))
    off = draw(
        pipeline, Order("a photo of a person", identity, 2, seed=2), SamplerSettings(steps=3, ip_adapter_scale=0.0)
    )
    assert np.abs(none.astype(int) - off).max() <= 1


def test_trigger_is_two_tokens(pipeline: Any) -> None:
    assert pipeline.tokenizer.tokenize("sks person") == ["sks</w>", "person</w>"]
    assert pipeline.tokenizer.model_max_length == 24


def test_scheduler_is_v_prediction_with_zero_terminal_signal(pipeline: Any) -> None:
    settings = pipeline.scheduler.config
    assert (settings.prediction_type, settings.timestep_spacing) == ("v_prediction", "trailing")
    assert settings.rescale_betas_zero_snr


def test_a_later_session_can_train_on_from_the_committed_weights(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warm_start(Recipe(), weights_dir(), tmp_path)
    model, tokens = load_denoiser(Recipe(), tmp_path)
    stored = load_file(weights_dir() / "ip_adapter" / IDENTITY_FILE)
    for name, value in identity_state(model).items():
        assert torch.equal(value, stored[name])
    assert tokens.tokenize("sks person") == ["sks</w>", "person</w>"]
    with pytest.raises(FileExistsError, match="already holds"):
        warm_start(Recipe(), weights_dir(), tmp_path)


def test_the_description_is_complete_and_the_folder_small() -> None:
    described = json.loads((weights_dir() / "semblance.json").read_text())
    assert set(described) == {
        "name", "version", "licence", "licences", "resolution_px", "sampler", "trigger", "framing", "lora",
    }  # fmt: skip
    assert np.array(described["framing"]).shape == (5, 2)
    assert sum(p.stat().st_size for p in weights_dir().rglob("*") if p.is_file()) < 40e6
