"""What the denoiser sees in one step: latents, a caption, and a face embedding from the person's other photos."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semblance.pocket import tokenizer as bpe
from semblance.pocket.latents import PatchTransform
from semblance.pocket.pictures import Pictures
from semblance.pocket.settings import Recipe
from semblance.synthetic_people import person


@dataclass(frozen=True)
class Batch:
    """latents (B, C, h, w); tokens (B, L); identity (B, 128), zero where dropped; own (B, 128): SFace of the picture
    itself, zero for a painted one, and where identity was dropped: nothing then says who it should be."""

    latents: Tensor
    tokens: Tensor
    identity: Tensor
    own: Tensor


class Batches:
    """Draws batches. A draw depends on (seed, rank, step) alone, so a resumed run continues the same sequence."""

    def __init__(
        self,
        pictures: Pictures,
        transform: PatchTransform,
        tokenizer: Any,
        recipe: Recipe,
        altered: NDArray[np.float32] | None = None,
    ) -> None:
        """altered (N, V, 128): other embeddings of the same photos, see alterations.py; None leaves them out."""
        self._altered = altered
        self._settings = recipe.denoiser
        self._seed = recipe.seed
        plain = transform.encode(pictures.pixels)
        mirrored = transform.encode(np.ascontiguousarray(pictures.pixels[:, :, ::-1]))
        self._latents = np.stack([plain, mirrored]).astype(np.float16)
        length = recipe.model.token_length
        variants = len(pictures.captions[0])
        flat = [c for row in pictures.captions for c in row]
        self._tokens = bpe.encode(tokenizer, flat, length).view(-1, variants, length)
        self._empty = bpe.encode(tokenizer, [""], length)[0]
        self._embeddings = pictures.embeddings
        self._is_photo = pictures.is_photo
        self._references = _references(pictures)
        self._up_to = np.cumsum(_odds(pictures, recipe.denoiser.favoured))

    def draw(self, rank: int, step: int, size: int) -> Batch:
        """`size` random pictures, some more often than others (DenoiserSettings.favoured), half of them mirrored."""
        rng = np.random.default_rng((self._seed, rank, step))
        rows = np.searchsorted(self._up_to, rng.random(size) * self._up_to[-1], side="right")
        latents = self._latents[rng.integers(0, 2, size), rows].astype(np.float32)
        variants = torch.from_numpy(rng.integers(0, self._tokens.shape[1], size))
        tokens = self._tokens[torch.from_numpy(rows), variants].clone()
        identity = np.zeros((size, self._embeddings.shape[1]), np.float32)
        s = self._settings
        fate = rng.random(size)
        for k, row in enumerate(rows):
            if fate[k] < s.drop_all + s.drop_caption:
                tokens[k] = self._empty
            if s.drop_all <= fate[k] < s.drop_all + s.drop_caption or fate[k] >= (
                s.drop_all + s.drop_caption + s.drop_identity
            ):
                identity[k] = self._mean_reference(int(row), rng)
        told = (np.abs(identity).sum(1) > 0) & self._is_photo[rows]
        own = self._embeddings[rows] * told[:, None]
        return Batch(torch.from_numpy(latents), tokens, torch.from_numpy(identity), torch.from_numpy(own))

    def _mean_reference(self, row: int, rng: np.random.Generator) -> NDArray[np.float32]:
        others = self._references[row]
        if not len(others):
            return np.zeros(self._embeddings.shape[1], np.float32)
        count = min(len(others), int(rng.integers(1, self._settings.max_references + 1)))
        chosen, known = rng.choice(others, count, replace=False), self._embeddings
        if self._altered is not None and rng.random() < self._settings.altered_share:
            # All of them: a library of old or bad photos is one throughout.
            known = self._altered[:, int(rng.integers(self._altered.shape[1]))]
        mean = known[chosen].mean(0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _references(pictures: Pictures) -> list[NDArray[np.int64]]:
    """For each picture the rows of *other* photos of its person in which the face was found, and in which they wear
    glasses if they always do: a library shows people as they are, and words alone tell what is unlike them."""
    usable = pictures.found & pictures.is_photo & ~_swapped(pictures)
    of_person: dict[int, list[int]] = {}
    for row in np.flatnonzero(usable):
        of_person.setdefault(int(pictures.person[row]), []).append(int(row))
    return [
        np.array([r for r in of_person.get(int(p), []) if r != row], np.int64) for row, p in enumerate(pictures.person)
    ]


def _swapped(pictures: Pictures) -> NDArray[np.bool_]:
    """(N,) whose glasses were put on or taken off: then, and for nobody else, every caption says it (dataset.py)."""
    wears = {int(seed): person(int(seed)).glasses is not None for seed in np.unique(pictures.person)}
    return np.array(
        [
            all(("without glasses" if wears[int(seed)] else "wearing glasses") in caption for caption in row)
            for seed, row in zip(pictures.person, pictures.captions, strict=True)
        ]
    )


def _odds(pictures: Pictures, favoured: tuple[tuple[str, float], ...]) -> NDArray[np.float64]:
    """(N,) how often each picture is drawn, one being the rule."""
    odds = np.ones(len(pictures))
    for word, times in favoured:
        odds[[any(word in caption for caption in row) for row in pictures.captions]] *= times
    return odds
