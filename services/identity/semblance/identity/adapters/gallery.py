"""Every enrolled template in memory, as one matrix; it follows the database by the gallery's revision."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from semblance.identity.domain.matching import DIMENSIONS, Embedding, Scores
from semblance.identity.handlers.capture import TEMPLATE_PURPOSE
from semblance.identity.ports import Keys, SealedTemplate, Seals, Store
from semblance.kernel.errors import Gone, SemblanceError, Unavailable
from semblance.kernel.ids import SubjectId

log = logging.getLogger(__name__)


class TemplatesUnreadable(Unavailable):
    """A template does not open: no answer is better than one that overlooks somebody."""

    code = "templates-unreadable"


@dataclass(frozen=True)
class _Snapshot:
    """The matrix (n, 128) float32, with the id and the owner of each row."""

    revision: int = -1
    ids: tuple[str, ...] = ()
    owners: npt.NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="<U36"))
    matrix: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, DIMENSIONS), np.float32), repr=False)


class MemoryGallery:
    """Follows the database before each answer: one small query while nothing has changed."""

    def __init__(self, seals: Seals, keys: Keys) -> None:
        self._seals = seals
        self._keys = keys
        self._lock = threading.Lock()
        self._snapshot = _Snapshot()

    def scores(self, store: Store, subject_id: SubjectId, faces: Sequence[Embedding]) -> tuple[list[Scores], bool]:
        """Scores for each face, and whether the person is enrolled: not once the key is destroyed.

        Raises Unavailable when a template cannot be opened or the key ring cannot be read.
        """
        snapshot = self._follow(store)
        own = snapshot.owners == subject_id
        enrolled = bool(own.any()) and self._keys.exists(subject_id)
        if not len(faces):
            return [], enrolled
        cosines = np.stack(faces) @ snapshot.matrix.T
        mine, theirs = _best(cosines[:, own]), _best(cosines[:, ~own])
        return [
            Scores(own=float(a) if enrolled else -1.0, other=float(b)) for a, b in zip(mine, theirs, strict=True)
        ], enrolled

    @property
    def size(self) -> int:
        """How many templates are in memory."""
        return len(self._snapshot.ids)

    def _follow(self, store: Store) -> _Snapshot:
        revision = store.templates.revision()
        with self._lock:
            if self._snapshot.revision != revision:
                self._snapshot = self._read(store, revision)
            return self._snapshot

    def _read(self, store: Store, revision: int) -> _Snapshot:
        present = store.templates.ids()
        old = self._snapshot
        kept = [i for i, template_id in enumerate(old.ids) if template_id in present]
        known = set(old.ids)
        opened = self._open(store.templates.get([i for i in present if i not in known]))
        return _Snapshot(
            revision=revision,
            ids=tuple([old.ids[i] for i in kept] + [template.id for template, _ in opened]),
            owners=np.array([*old.owners[kept], *[template.subject_id for template, _ in opened]], dtype="<U36"),
            matrix=np.concatenate([old.matrix[kept], *[vector[None] for _, vector in opened]]).astype(np.float32),
        )

    def _open(self, sealed: Sequence[SealedTemplate]) -> list[tuple[SealedTemplate, Embedding]]:
        """Opened templates. One whose key was destroyed is an erasure in progress and is left out."""
        opened = []
        for template in sealed:
            try:
                data = self._seals.open(template.subject_id, TEMPLATE_PURPOSE, template.sealed)
            except Gone:
                log.info("a template was left out: its key is destroyed", extra={"aggregate_id": template.id})
                continue
            except SemblanceError as e:
                raise TemplatesUnreadable("an enrolled template cannot be opened") from e
            opened.append((template, np.frombuffer(data, dtype=np.float32)))
        return opened


def _best(cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The best of each row; -1 where there is nothing to compare with."""
    if cosines.shape[1] == 0:
        return np.full(cosines.shape[0], -1.0, dtype=np.float32)
    return np.asarray(np.clip(cosines.max(axis=1), -1.0, 1.0))
