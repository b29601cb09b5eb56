import pytest
import torch
from diffusers import DDPMScheduler

from semblance.diffusion.config import default_framing
from semblance.diffusion.objective import face_weights, min_snr_weights, spread_timesteps, target


def scheduler(kind: str) -> DDPMScheduler:
    return DDPMScheduler(prediction_type=kind, rescale_betas_zero_snr=kind == "v_prediction")


def test_the_target_follows_the_scheduler() -> None:
    latents, noise, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([10, 900])
    assert torch.equal(target(scheduler("epsilon"), latents, noise, t), noise)
    v = scheduler("v_prediction")
    kept = v.alphas_cumprod[t].view(-1, 1, 1, 1)
    assert torch.allclose(target(v, latents, noise, t), kept.sqrt() * noise - (1 - kept).sqrt() * latents, atol=1e-6)
    with pytest.raises(ValueError, match="sample"):
        target(scheduler("sample"), latents, noise, t)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_easy_noise_levels_are_capped(kind: str) -> None:
    weights = min_snr_weights(scheduler(kind), torch.tensor([0, 500, 999]), 5.0)
    assert (weights > 0).all()
    assert (weights <= 1).all()
    assert weights[0] < 0.1  # almost no noise: the capped end


def test_the_face_counts_more_than_the_corner() -> None:
    framing = torch.tensor(default_framing(64)) / 64
    weights = face_weights(8, 8, framing, 2.4)
    assert weights.mean() == pytest.approx(1.0, abs=1e-6)
    assert weights[4, 4] > 2 * weights[0, 0]
    assert torch.equal(face_weights(8, 8, framing, 0.0), torch.ones(8, 8))


def test_noise_levels_are_spread_over_the_whole_range() -> None:
    drawn = spread_timesteps(10, 1000, torch.Generator().manual_seed(0))
    assert sorted((drawn // 100).tolist()) == list(range(10))
