"""Face embeddings of the training photos as other cameras and other years would have left them.

People's photos are grey, faded, tiny, badly lit. Their embeddings shift, and a denoiser that never met such a shift
draws somebody else. So some of its references are embeddings of altered photos, while the picture to foresee stays as
it was. The kinds are those of domains.py, which measures, but the strengths are drawn at random and reach further."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from semblance.pocket import pictures
from semblance.pocket.domains import jpeg
from semblance.pocket.identity_loss import IdentityLoss
from semblance.pocket.recognition import embedder_path

Photo = NDArray[np.uint8]
VERSIONS = 2
_BATCH = 32


def toned(photo: Photo, rng: np.random.Generator) -> Photo:
    """Without colour, or with one tint over all of it; faded or hard."""
    luma = photo.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    tint = 1 - rng.uniform(0, 0.45) * np.array([0.0, 0.45, 1.0])[:: int(rng.choice([1, -1]))] * (rng.random() < 0.6)
    contrast, lift = rng.uniform(0.7, 1.2), rng.uniform(-10, 35)
    return _bytes((luma[..., None] - 128) * contrast * tint + 128 * tint + lift)


def small(photo: Photo, rng: np.random.Generator) -> Photo:
    """Few pixels in a compressed file, enlarged again; a 64 px crop holds a face of about 45 px."""
    edge, ways = int(rng.integers(26, 52)), (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    tiny = jpeg(cv2.resize(photo, (edge, edge), interpolation=cv2.INTER_AREA), int(rng.integers(30, 90)))
    return np.asarray(cv2.resize(tiny, photo.shape[1::-1], interpolation=ways[int(rng.integers(2))]), np.uint8)


def lit(photo: Photo, rng: np.random.Generator) -> Photo:
    """A lamp from one side."""
    bright, dark = rng.uniform(1.1, 2.0), rng.uniform(0.25, 0.9)
    across = np.linspace(bright, dark, photo.shape[1])[:: int(rng.choice([1, -1]))]
    return _bytes(photo * across[None, :, None])


def processed(photo: Photo, rng: np.random.Generator) -> Photo:
    """White balance, contrast, sharpening, noise and JPEG of a cheap camera."""
    x: NDArray[np.floating] = photo * rng.uniform(0.82, 1.18, 3)
    x = (x - 128) * rng.uniform(0.8, 1.4) + 128 + rng.uniform(-15, 15)
    x = x + rng.uniform(0, 1.0) * (x - cv2.GaussianBlur(x, (0, 0), 1.0)) + rng.normal(0, rng.uniform(0, 10), x.shape)
    return jpeg(_bytes(x), int(rng.integers(40, 95)))


KINDS: tuple[Callable[[Photo, np.random.Generator], Photo], ...] = (toned, small, lit, processed)
_ODDS = (0.35, 0.35, 0.1, 0.2)


def altered(photo: Photo, rng: np.random.Generator) -> Photo:
    """(S, S, 3) in one of the ways, sometimes in two."""
    for kind in rng.choice(len(KINDS), 2 if rng.random() < 0.2 else 1, replace=False, p=_ODDS):
        photo = KINDS[int(kind)](photo, rng)
    return photo


def alter(workspace: Path, seed: int) -> None:
    """Embed VERSIONS alterations of every training photo with a face; a chunk's file stands beside its pictures, and
    chunks that have one are passed over."""
    torch.set_num_threads(1)
    looks = IdentityLoss(embedder_path())
    for path in chunks(workspace):
        target = _beside(path)
        if target.exists():
            continue
        stored = pictures.load(path)
        rows = np.flatnonzero(stored.found)
        rng = np.random.default_rng((seed, int(stored.person[0])))
        made = np.stack([altered(stored.pixels[row], rng) for row in rows for _ in range(VERSIONS)])
        out = np.zeros((len(stored), VERSIONS, 128), np.float16)
        out[rows] = _embedded(looks, made).reshape(len(rows), VERSIONS, 128)
        temporary = target.with_suffix(".tmp.npz")
        np.savez_compressed(temporary, embeddings=out)
        temporary.replace(target)


def load(workspace: Path) -> NDArray[np.float32]:
    """(N, VERSIONS, 128) in the order of pictures.load_folder; zero where no face was found. Raises FileNotFoundError
    before `alter` has seen every chunk."""
    parts = []
    for path in chunks(workspace):
        if not _beside(path).exists():
            raise FileNotFoundError(f"no altered references beside {path.name}; run the `alter` stage first")
        with np.load(_beside(path), allow_pickle=False) as stored:
            parts.append(stored["embeddings"].astype(np.float32))
    return np.concatenate(parts)


def chunks(workspace: Path) -> list[Path]:
    """The files of the training set, in order."""
    return pictures.chunk_paths(workspace / "train")


def _beside(path: Path) -> Path:
    return path.with_name(path.name.replace("people-", "altered-"))


def _embedded(looks: IdentityLoss, made: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = []
    with torch.no_grad():
        for k in range(0, len(made), _BATCH):
            x = torch.from_numpy(made[k : k + _BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1.0
            found.append(looks.embed(x).numpy())
    return np.concatenate(found)


def _bytes(x: NDArray[np.floating]) -> Photo:
    return np.asarray(np.clip(x, 0, 255), np.uint8)
