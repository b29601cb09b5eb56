"""The analytic latent space: a whitened linear principal-component transform of RGB patches.

It is fitted in seconds, so the denoiser can train at once; the AutoencoderKL is then trained to agree with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class PatchTransform:
    """mean (D,), forward (D, C), inverse (C, D) with D = patch * patch * 3; error is the mean squared rest 0-1."""

    patch_px: int
    mean: Array
    forward: Array
    inverse: Array

    @property
    def channels(self) -> int:
        """Latent channels."""
        return int(self.forward.shape[1])

    def encode(self, pixels: NDArray[np.uint8]) -> Array:
        """(N, H, W, 3) 0-255 to latents (N, C, H/patch, W/patch) of about unit variance."""
        z = (_patches(pixels, self.patch_px) - self.mean) @ self.forward
        return np.ascontiguousarray(z.transpose(0, 3, 1, 2), np.float32)

    def decode(self, latents: Array) -> Array:
        """Latents (N, C, h, w) to pictures (N, H, W, 3), -1..1, not clipped."""
        flat = latents.transpose(0, 2, 3, 1) @ self.inverse + self.mean
        n, h, w, _ = flat.shape
        p = self.patch_px
        tiles = flat.reshape(n, h, w, p, p, 3).transpose(0, 1, 3, 2, 4, 5)
        return np.asarray(tiles.reshape(n, h * p, w * p, 3), np.float32)

    def save(self, path: Path) -> None:
        """Write as .npz."""
        np.savez(path, patch_px=self.patch_px, mean=self.mean, forward=self.forward, inverse=self.inverse)

    @staticmethod
    def load(path: Path) -> "PatchTransform":
        """Read what `save` wrote."""
        with np.load(path) as stored:
            return PatchTransform(int(stored["patch_px"]), stored["mean"], stored["forward"], stored["inverse"])


def fit(pixels: NDArray[np.uint8], patch_px: int, channels: int, whitening: float = 1.0) -> PatchTransform:
    """Fit on pictures (N, H, W, 3). `whitening` is the power of each component's deviation that is divided out."""
    x = _patches(pixels, patch_px).reshape(-1, patch_px * patch_px * 3)
    mean = x.mean(0)
    values, vectors = np.linalg.eigh(np.cov((x - mean).T.astype(np.float64)))
    order = np.argsort(values)[::-1][:channels]
    deviation = np.sqrt(values[order])
    basis = vectors[:, order]
    scale = deviation**whitening
    scale = scale * np.sqrt(np.mean((deviation / scale) ** 2))  # mean variance 1 over the channels
    return PatchTransform(
        patch_px,
        mean.astype(np.float32),
        (basis / scale).astype(np.float32),
        (basis * scale).T.astype(np.float32),
    )


def _patches(pixels: NDArray[np.uint8], p: int) -> Array:
    """(N, H, W, 3) 0-255 to (N, H/p, W/p, p*p*3), -1..1."""
    n, h, w, _ = pixels.shape
    x = pixels.astype(np.float32) / 127.5 - 1.0
    tiles = x.reshape(n, h // p, p, w // p, p, 3).transpose(0, 1, 3, 2, 4, 5)
    return tiles.reshape(n, h // p, w // p, p * p * 3)
