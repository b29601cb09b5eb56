"""What lies in a backbone's directory: licences, towers that lie or are missing, few-step variants, previews."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from semblance.diffusion.backbone import BackboneOptions, load_backbone, weights_digest
from semblance.diffusion.errors import BackboneUnusable, LicenceRefused, RequestInvalid
from semblance.diffusion.families.family import Asked
from semblance.diffusion.families.licences import Terms, require_licence, terms_of
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.speed_lora import SPEED_LORA_FILE
from semblance.diffusion.testing_families import write_tiny_preview_vae, write_tiny_sd3, write_tiny_sdxl

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

ASKED = Asked("a cat", "", 32, 32, 1.0, 0.0)
DENOISER = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def sdxl_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_sdxl(tmp_path_factory.mktemp("sdxl") / "tiny")


@pytest.fixture
def directory(sdxl_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sdxl_dir, tmp_path / "tiny"))


def edit(directory: Path, name: str, **changes: Any) -> None:
    path = directory / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("licence", "terms"),
    [
        ("Apache-2.0", Terms.OPEN),
        ("apache 2.0", Terms.OPEN),
        ("none: random numbers", Terms.OPEN),
        ("openrail++", Terms.RESTRICTED),
        ("creativeml-openrail-m", Terms.RESTRICTED),
        ("FLUX.1-dev", Terms.LIMITED),
        ("flux-1-dev-non-commercial-license", Terms.LIMITED),
        ("stabilityai-ai-community", Terms.LIMITED),
        ("sai-nc-community", Terms.LIMITED),
        ("CC-BY-NC-4.0", Terms.LIMITED),
        ("unstated", Terms.UNKNOWN),
        ("", Terms.UNKNOWN),
        ("Apache-2.0 with a clause of ours", Terms.UNKNOWN),
        ("MIT \u975e\u5546\u7528", Terms.UNKNOWN),  # "not for commercial use"
        ("\u975e\u5546\u7528", Terms.UNKNOWN),
        ("---", Terms.UNKNOWN),
    ],
)
def test_a_licence_is_known_by_its_whole_name(licence: str, terms: Terms) -> None:
    assert terms_of(licence) is terms
    if terms in (Terms.LIMITED, Terms.UNKNOWN):
        with pytest.raises(LicenceRefused, match=terms.value):
            require_licence(licence, ("MIT", "another licence", "", "?"))
        if licence.strip("-"):
            require_licence(licence, (licence.upper(),))
    else:
        require_licence(licence, ())


def test_weights_without_a_free_licence_load_when_they_are_allowed_by_name(directory: Path) -> None:
    edit(directory, "semblance.json", licence="sai-nc-community")
    (directory / DENOISER).write_bytes(b"not read before the licence is")
    with pytest.raises(LicenceRefused, match="not free for commercial use"):
        load_backbone(directory)
    with pytest.raises(BackboneUnusable, match="does not load"):
        load_backbone(directory, BackboneOptions(allow_licences=("SAI-NC-Community",)))


def pickles_only(directory: Path) -> None:
    weights = load_file(str(directory / DENOISER))
    torch.save(weights, directory / "unet" / "diffusion_pytorch_model.bin")
    (directory / DENOISER).unlink()


def another_class(directory: Path) -> None:
    edit(directory, "model_index.json", _class_name="KandinskyPipeline")


def another_known_class(directory: Path) -> None:
    edit(directory, "model_index.json", _class_name="FluxPipeline")


def wider_than_its_weights(directory: Path) -> None:
    edit(directory, "unet/config.json", block_out_channels=[16, 64])


def deeper_than_its_weights(directory: Path) -> None:
    edit(directory, "unet/config.json", layers_per_block=2)


def without_a_tower(directory: Path) -> None:
    shutil.rmtree(directory / "text_encoder_2")


def with_an_empty_tower(directory: Path) -> None:
    edit(directory, "model_index.json", text_encoder=[None, None], tokenizer=[None, None])


def with_another_speed_lora(directory: Path) -> None:
    tensors = {"unet.nowhere.lora_A.weight": torch.ones(2, 2), "unet.nowhere.lora_B.weight": torch.ones(2, 2)}
    save_file(tensors, str(directory / SPEED_LORA_FILE))


def with_previews_of_other_latents(directory: Path) -> None:
    write_tiny_preview_vae(directory, latent_channels=8)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (pickles_only, "does not load"),
        (another_class, "known are StableDiffusionPipeline"),
        (another_known_class, "does not load as a FluxPipeline"),
        (wider_than_its_weights, "does not load"),
        (deeper_than_its_weights, "does not load"),
        (without_a_tower, "does not load"),
        (with_an_empty_tower, "has no text_encoder, tokenizer"),
        (with_another_speed_lora, SPEED_LORA_FILE),
        (with_previews_of_other_latents, "other channels"),
    ],
)
def test_a_directory_that_is_not_what_it_says(directory: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(directory)
    with pytest.raises(BackboneUnusable, match=says):
        load_backbone(directory)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (BackboneOptions(offload=True), "offload"),
        (BackboneOptions(precision="float16"), "float16"),
        (BackboneOptions(device="cuda:63"), "no device"),
    ],
)
def test_what_this_machine_cannot_do_is_said_before_weights_are_read(
    sdxl_dir: Path, options: BackboneOptions, says: str
) -> None:
    if options.device != "cpu" and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(BackboneUnusable, match=says):
        load_backbone(sdxl_dir, options)


@pytest.mark.parametrize(
    ("scheduler", "config", "steps"),
    [
        ("LCMScheduler", {}, 4),
        ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "trailing"}, 1),
        ("DDIMScheduler", {"timestep_spacing": "trailing", "clip_sample": False}, 2),
        ("TCDScheduler", {}, 2),
    ],
)
def test_a_few_step_variant_brings_its_scheduler(
    directory: Path, scheduler: str, config: dict[str, Any], steps: int
) -> None:
    sampler = {"steps": steps, "guidance_scale": 1.0, "scheduler": scheduler, "scheduler_config": config}
    edit(directory, "semblance.json", sampler=sampler)
    backbone = load_backbone(directory)
    made = family_of(backbone).scheduler(backbone.config.sampler.steps, 32, 32)
    assert type(made).__name__ == scheduler
    assert len(made.timesteps) == steps
    assert made.config.beta_start == 0.00085
    for name, value in config.items():
        assert made.config[name] == value
    with pytest.raises(RequestInvalid, match="steps"):
        family_of(backbone).scheduler(0, 32, 32)


@pytest.mark.parametrize(
    ("sampler", "says"),
    [
        ({"scheduler": "KarrasVeScheduler"}, "is none of"),
        ({"scheduler": "FlowMatchEulerDiscreteScheduler"}, "does not fit"),
        ({"scheduler": "LCMScheduler", "scheduler_config": {"sleep": 3}}, "has no setting sleep"),
        ({"scheduler": "LCMScheduler", "scheduler_config": {"beta_schedule": "steep"}}, "do not make"),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused(directory: Path, sampler: dict[str, Any], says: str) -> None:
    edit(directory, "semblance.json", sampler=sampler)
    with pytest.raises(BackboneUnusable, match=says):
        load_backbone(directory)


def test_a_speed_lora_is_part_of_the_weights(directory: Path) -> None:
    name = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    before, digest = load_backbone(directory), weights_digest(directory)
    own = before.denoiser.get_submodule(name).weight
    down, up = torch.randn(2, own.shape[1]), torch.randn(own.shape[0], 2)
    save_file({f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}, str(directory / SPEED_LORA_FILE))
    after = load_backbone(directory)
    after.require_bare()
    assert torch.allclose(after.denoiser.get_submodule(name).weight, own + up @ down, atol=1e-6)
    others = {key: weight for key, weight in after.denoiser.state_dict().items() if key != f"{name}.weight"}
    assert all(torch.equal(weight, before.denoiser.state_dict()[key]) for key, weight in others.items())
    assert after.digest != digest


def test_previews_are_of_the_tiny_autoencoder_or_of_half_the_size(directory: Path) -> None:
    without = family_of(load_backbone(directory))
    latents = without.noise(1, 32, 48).expand(2, -1, -1, -1)
    assert without.preview(latents).shape == (2, 3, 16, 24)
    write_tiny_preview_vae(directory)
    backbone = load_backbone(directory)
    assert backbone.digest == without.digest
    shown = family_of(backbone).preview(latents)
    expected = backbone.preview_vae.decode(latents[:1]).sample * 0.5 + 0.5
    assert shown.shape == (2, 3, 32, 48)
    assert torch.equal(shown[:1], expected.clamp(0, 1))


def test_encoded_and_decoded_latents_are_scaled_alike(tmp_path: Path) -> None:
    family = family_of(load_backbone(write_tiny_sd3(tmp_path / "tiny")))
    vae = family.pipeline.vae
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    mean, deviation = family.encode(pixels)
    moments = vae.encode(pixels).latent_dist
    assert torch.allclose(mean / vae.config.scaling_factor + vae.config.shift_factor, moments.mean, atol=1e-5)
    assert torch.allclose(deviation / vae.config.scaling_factor, moments.std, atol=1e-5)
    assert torch.allclose(
        family.decode(mean[:1]), (vae.decode(moments.mean[:1]).sample * 0.5 + 0.5).clamp(0, 1), atol=1e-5
    )


def test_flow_matching_is_taught_noise_minus_picture(tmp_path: Path) -> None:
    family = family_of(load_backbone(write_tiny_sd3(tmp_path / "tiny")))
    generator = torch.Generator().manual_seed(3)
    latents, noise = torch.randn(400, 4, 4, 4, generator=generator), torch.randn(400, 4, 4, 4, generator=generator)
    noisy, timesteps, target, weights = family.noised(latents, noise, generator)
    sigmas = (timesteps / 1000).view(-1, 1, 1, 1)
    assert torch.allclose(noisy - sigmas * target, latents, atol=1e-5)
    assert torch.equal(weights, torch.ones(400))
    unshifted = timesteps / 1000 / (3 - 2 * timesteps / 1000)  # the tiny pipeline's shift is 3
    spread = torch.logit(unshifted)
    assert abs(spread.mean()) < 0.2
    assert 0.85 < spread.std() < 1.15


def test_bfloat16_draws_nearly_the_same_picture(sdxl_dir: Path) -> None:
    exact = family_of(load_backbone(sdxl_dir))
    halved = family_of(load_backbone(sdxl_dir, BackboneOptions(precision="bfloat16")))
    latents = exact.noise(2, 32, 32)
    with torch.no_grad():
        wanted = exact.predict(latents, torch.tensor([500.0]), exact.condition(ASKED)[0])
        lanes = halved.condition(ASKED)[0]
        found = halved.predict(latents.bfloat16(), torch.tensor([500.0]), lanes)
    assert found.dtype is torch.bfloat16
    assert halved.decode(latents).dtype is torch.float32
    error = (found.float() - wanted).norm() / wanted.norm()
    assert 0 < error < 0.05
