"""An operator's lists of public figures: embeddings in files, made from the operator's own pictures, never pictures.

A file is a .npz with `faces` (n, d) float32 of unit length and `model`, the face model's id. Names are the operator's
file names; no verdict, log or answer holds one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from semblance.kernel.ids import SubjectId
from semblance.safety.domain.errors import FiguresUnreadable
from semblance.safety.ports import Embedding

_FACES_MAX = 1_000_000


class PublicFigures:
    """Every listed face in memory."""

    def __init__(self, faces: npt.NDArray[np.float32]) -> None:
        self._faces = faces

    def best(self, _subject_id: SubjectId, faces: Sequence[Embedding]) -> list[float]:
        """Each face's best cosine with a listed one."""
        if not faces or not len(self._faces):
            return [-1.0] * len(faces)
        return [float(score) for score in (np.stack(faces) @ self._faces.T).max(axis=1)]

    def __len__(self) -> int:
        return len(self._faces)


def figures_in(folder: Path, face_model: str) -> PublicFigures:
    """Every file of the folder. Raises FiguresUnreadable for a missing folder, an empty one and a file that is none."""
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    if not files:
        raise FiguresUnreadable("the folder of public figures is missing or empty", remedy="Unset SAFETY_FIGURES_DIR.")
    return PublicFigures(np.concatenate([_read(file, face_model) for file in files]))


def write_figure(file: Path, faces: Sequence[Embedding], face_model: str) -> None:
    """One person's faces; the file appears whole or not at all."""
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        np.savez(out, faces=np.stack(faces).astype(np.float32), model=np.array(face_model))
    part.replace(file)


def _read(file: Path, face_model: str) -> npt.NDArray[np.float32]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
            faces, model = held["faces"], str(held["model"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
        raise FiguresUnreadable("a list of public figures cannot be read") from e
    plain = faces.dtype == np.float32 and faces.ndim == 2
    if not plain or not 0 < len(faces) <= _FACES_MAX or model != face_model:
        raise FiguresUnreadable("a list of public figures was made by another face model, or is broken")
    if not np.allclose(np.linalg.norm(faces, axis=1), 1, atol=0.01):
        raise FiguresUnreadable("a list of public figures holds what is no face")
    return np.asarray(faces, dtype=np.float32)
