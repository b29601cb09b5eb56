"""What a stage must reach on held-out people before the next one is worth its hours."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from semblance.pocket import pictures
from semblance.pocket.export import load_autoencoder
from semblance.pocket.latents import PatchTransform
from semblance.pocket.recognition import FaceReader
from semblance.pocket.settings import Recipe

LEAST_PSNR_DB, LEAST_SFACE, PHOTOS = 30.0, 0.85, 160


@dataclass(frozen=True)
class Reconstruction:
    """Means over held-out photos: peak signal-to-noise ratio, cosine of SFace with the original, share found."""

    psnr_db: float
    sface: float
    found: float

    @property
    def passed(self) -> bool:
        """Both bounds of the gate."""
        return self.psnr_db >= LEAST_PSNR_DB and self.sface >= LEAST_SFACE


def autoencoder_gate(recipe: Recipe, workspace: Path) -> dict[str, Reconstruction]:
    """The AutoencoderKL, encoded and decoded, and the linear transform that it stands in for."""
    torch.set_num_threads(1)
    stored = pictures.load_folder(workspace / "held-out")
    originals = stored.pixels[np.linspace(0, len(stored) - 1, PHOTOS).astype(int)]
    network, transform = load_autoencoder(recipe, workspace), PatchTransform.load(workspace / "latents.npz")
    pixels = torch.from_numpy(originals).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    with torch.no_grad():
        parts = [network.decode(network.encode(part).latent_dist.mean).sample for part in torch.split(pixels, 16)]
    rebuilt = torch.cat(parts).permute(0, 2, 3, 1).numpy()
    return {
        "AutoencoderKL": _compare(originals, rebuilt),
        "linear": _compare(originals, transform.decode(transform.encode(originals))),
    }


def _compare(originals: pictures.Pixels, rebuilt: pictures.Floats) -> Reconstruction:
    """originals (N, 64, 64, 3) 0-255; rebuilt the same, -1..1."""
    drawn = np.clip((rebuilt + 1) * 127.5, 0, 255).round().astype(np.uint8)
    error = ((originals.astype(np.float32) - drawn) ** 2).mean((1, 2, 3))
    reader = FaceReader()
    before, after = reader.embeddings(originals), reader.embeddings(drawn)
    seen = (np.abs(before).sum(1) > 0) & (np.abs(after).sum(1) > 0)
    return Reconstruction(
        psnr_db=float((10 * np.log10(255**2 / np.maximum(error, 1e-3))).mean()),
        sface=float((before * after).sum(1)[seen].mean()),
        found=float((np.abs(after).sum(1) > 0).mean()),
    )
