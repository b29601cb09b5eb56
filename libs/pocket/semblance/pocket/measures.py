"""How alike generated faces are to a person: pure functions of embeddings (unit rows; a zero row: no face found)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """own and others: mean cosine to photos of the person meant and of the rest; share: own over photo-to-photo."""

    found: float
    own: float
    others: float
    photo_to_photo: float
    share: float
    auc: float
    rank1: float
    rank1_spread: float
    auc_spread: float
    share_spread: float
    """Spreads are half of the 95 % bootstrap interval over the people meant."""


def area_under_curve(positive: Array, negative: Array) -> float:
    """Chance that a positive score is above a negative one, ties half. Source: Mann-Whitney U."""
    order = np.argsort(np.concatenate([positive, negative]), kind="stable")
    scores = np.concatenate([positive, negative])[order]
    _, first, count = np.unique(scores, return_index=True, return_counts=True)
    mean_rank = np.repeat(first + (count + 1) / 2, count)
    ranks = np.empty(len(order))
    ranks[order] = mean_rank
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def photo_to_photo(gallery: Array, owner: NDArray[np.int64]) -> float:
    """Mean cosine between two different photos of one person."""
    scores = gallery @ gallery.T
    same = owner[:, None] == owner[None, :]
    np.fill_diagonal(same, False)
    return float(scores[same].mean())


def likeness(generated: Array, meant: NDArray[np.int64], gallery: Array, owner: NDArray[np.int64]) -> Likeness:
    """generated (G, 128) with the person meant (G,); gallery (N, 128) photos that no condition saw, with owner (N,).
    Rank-1 takes for each gallery person the mean over their photos; a picture without a face counts as wrong."""
    seen = np.abs(generated).sum(1) > 0
    scores = generated[seen] @ gallery.T
    own = owner[None, :] == meant[seen][:, None]
    people = np.unique(owner)
    per_person = np.stack([scores[:, owner == p].mean(1) for p in people], 1)
    right = np.zeros(len(generated), bool)
    right[seen] = people[per_person.argmax(1)] == meant[seen]
    photo = photo_to_photo(gallery, owner)
    who = meant[seen]
    return Likeness(
        found=float(seen.mean()),
        own=float(scores[own].mean()),
        others=float(scores[~own].mean()),
        photo_to_photo=photo,
        share=float(scores[own].mean()) / photo,
        auc=area_under_curve(scores[own], scores[~own]),
        rank1=float(right.mean()),
        rank1_spread=_bootstrap({p: float(right[meant == p].mean()) for p in np.unique(meant)}),
        auc_spread=_bootstrap(
            {
                p: area_under_curve(scores[who == p][own[who == p]], scores[who == p][~own[who == p]])
                for p in np.unique(who)
            }
        ),
        share_spread=_bootstrap({p: float(scores[who == p][own[who == p]].mean()) / photo for p in np.unique(who)}),
    )


def best_of(generated: Array, reference: Array, group: int) -> NDArray[np.int64]:
    """Row of the best of each `group` consecutive pictures (G,) by cosine to the reference embedding (G, 128)."""
    scores = (generated * reference).sum(1) - 2.0 * (np.abs(generated).sum(1) == 0)
    return np.asarray(scores.reshape(-1, group).argmax(1) + np.arange(0, len(scores), group), np.int64)


def _bootstrap(of_person: dict[int, float], rounds: int = 500) -> float:
    """Half of the 95 % interval of the mean over people."""
    means = np.array(list(of_person.values()))
    rng = np.random.default_rng(0)
    draws = means[rng.integers(0, len(means), (rounds, len(means)))].mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float((high - low) / 2)
