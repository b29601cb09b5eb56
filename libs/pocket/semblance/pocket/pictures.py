"""The training set on disk: chunks of aligned pictures with captions, truth and SFace embeddings."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Pictures:
    """N aligned pictures. embeddings are unit vectors, zero where no face was found."""

    pixels: NDArray[np.uint8]
    """(N, 64, 64, 3) RGB."""
    embeddings: NDArray[np.float32]
    """(N, 128)."""
    person: NDArray[np.int64]
    """(N,) the person's seed."""
    is_photo: NDArray[np.bool_]
    """(N,) false for painted styles."""
    captions: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,) whether the embedding exists."""
        return np.asarray(np.abs(self.embeddings).sum(1) > 0)


def save(path: Path, pictures: Pictures) -> str:
    """Write one chunk so that a reader never sees half of it; returns the sha256 of the pixels."""
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(
        temporary,
        pixels=pictures.pixels,
        embeddings=pictures.embeddings.astype(np.float16),
        person=pictures.person,
        is_photo=pictures.is_photo,
        captions=np.array(json.dumps(pictures.captions)),
    )
    os.replace(temporary, path)
    return hashlib.sha256(pictures.pixels.tobytes()).hexdigest()


def load(path: Path) -> Pictures:
    """Read one chunk."""
    with np.load(path, allow_pickle=False) as stored:
        raw = stored["embeddings"].astype(np.float32)
        norm = np.linalg.norm(raw, axis=1, keepdims=True)
        return Pictures(
            pixels=stored["pixels"],
            embeddings=raw / np.maximum(norm, 1e-6),
            person=stored["person"].astype(np.int64),
            is_photo=stored["is_photo"],
            captions=tuple(tuple(c) for c in json.loads(str(stored["captions"]))),
        )


def join(parts: Sequence[Pictures]) -> Pictures:
    """Concatenate chunks."""
    return Pictures(
        pixels=np.concatenate([p.pixels for p in parts]),
        embeddings=np.concatenate([p.embeddings for p in parts]),
        person=np.concatenate([p.person for p in parts]),
        is_photo=np.concatenate([p.is_photo for p in parts]),
        captions=tuple(c for p in parts for c in p.captions),
    )


def load_folder(folder: Path) -> Pictures:
    """All chunks of a folder in the order of their names."""
    return join([load(p) for p in chunk_paths(folder)])


def chunk_paths(folder: Path, first_seeds: range | None = None) -> list[Path]:
    """The chunks' files in order, all or those whose first person is in the range. Raises FileNotFoundError when there
    is none."""
    paths = sorted(p for p in folder.glob("people-*.npz") if ".tmp" not in p.name)
    if first_seeds is not None:
        paths = [p for p in paths if int(p.stem.removeprefix("people-")) in first_seeds]
    if not paths:
        raise FileNotFoundError(f"no pictures in {folder}; run the `data` stage first")
    return paths
