"""The patch transform is invertible and scaled for diffusion."""

from pathlib import Path

import numpy as np
import pytest

from semblance.pocket.latents import PatchTransform, fit


@pytest.fixture
def pixels() -> np.ndarray:
    """Smooth random pictures (24, 64, 64, 3)."""
    rng = np.random.default_rng(3)
    coarse = rng.uniform(0, 255, (24, 9, 9, 3))
    grid = np.linspace(0, 7.999, 64)
    low, part = grid.astype(int), grid - grid.astype(int)
    rows = coarse[:, low] * (1 - part)[:, None, None] + coarse[:, low + 1] * part[:, None, None]
    both = rows[:, :, low] * (1 - part)[:, None] + rows[:, :, low + 1] * part[:, None]
    return both.astype(np.uint8)


@pytest.mark.parametrize("whitening", [0.5, 1.0])
def test_roundtrip_of_smooth_pictures(pixels: np.ndarray, whitening: float) -> None:
    transform = fit(pixels, 8, 24, whitening)
    latents = transform.encode(pixels)
    rebuilt = (transform.decode(latents) + 1) * 127.5
    assert latents.shape == (24, 24, 8, 8)
    assert np.abs(rebuilt - pixels).mean() < 2.0
    assert latents.var() == pytest.approx(1.0, abs=0.05)


def test_full_whitening_gives_every_channel_unit_deviation(pixels: np.ndarray) -> None:
    deviation = fit(pixels, 8, 12).encode(pixels).std((0, 2, 3))
    np.testing.assert_allclose(deviation, 1.0, atol=0.05)


def test_saved_transform_is_the_same(pixels: np.ndarray, tmp_path: Path) -> None:
    transform = fit(pixels, 8, 12)
    transform.save(tmp_path / "latents.npz")
    again = PatchTransform.load(tmp_path / "latents.npz")
    np.testing.assert_array_equal(again.encode(pixels[:2]), transform.encode(pixels[:2]))
