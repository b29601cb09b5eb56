"""Every enrolled template and every protected face in memory, as two matrices; they follow the database by the
gallery's revision."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from semblance.identity.domain.matching import Embedding, Scores
from semblance.identity.domain.protection import ProtectedFace, unpack
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.handlers.capture import TEMPLATE_PURPOSE
from semblance.identity.handlers.left_behind import require_acknowledged
from semblance.identity.handlers.register import PROTECTED_PURPOSE
from semblance.identity.ports import Keys, SealedTemplate, Seals, Store
from semblance.kernel.errors import Gone, SemblanceError, Unavailable
from semblance.kernel.ids import SubjectId

log = logging.getLogger(__name__)


class TemplatesUnreadable(Unavailable):
    """A template does not open: no answer is better than one that overlooks somebody."""

    code = "templates-unreadable"


@dataclass(frozen=True)
class _Snapshot:
    """The templates' matrix (n, d) float32, with the id and the owner of each row; then the same of protected faces,
    where a row's owner is its entry, and the entries that have no effect against a person."""

    matrix: npt.NDArray[np.float32] = field(repr=False)
    protected: npt.NDArray[np.float32] = field(repr=False)
    revision: int = -1
    ids: tuple[str, ...] = ()
    owners: npt.NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="<U36"))
    entries: npt.NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="<U36"))
    exempt: Mapping[SubjectId, frozenset[str]] = field(default_factory=dict)

    def in_effect(self, subject_id: SubjectId) -> npt.NDArray[np.bool_]:
        """Which protected rows count for this person."""
        return ~np.isin(self.entries, list(self.exempt.get(subject_id, ())))


class MemoryGallery:
    """Follows the database before each answer: one small query while nothing has changed.

    It holds what one face model made. What another made is left out, as long as no more entries of the register than
    `left_behind` are: beyond that there is no answer.
    """

    def __init__(self, seals: Seals, keys: Keys, recogniser: Recogniser = SFACE, *, left_behind: int = 0) -> None:
        self._seals = seals
        self._keys = keys
        self._recogniser = recogniser
        self._left_behind = left_behind
        self._lock = threading.Lock()
        nothing = np.zeros((0, recogniser.dimensions), np.float32)
        self._snapshot = _Snapshot(matrix=nothing, protected=nothing)

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
        guarded = _best(np.stack(faces) @ snapshot.protected[snapshot.in_effect(subject_id)].T)
        return [
            Scores(own=float(a) if enrolled else -1.0, other=float(b), protected=float(c))
            for a, b, c in zip(mine, theirs, guarded, strict=True)
        ], enrolled

    def people_like(self, store: Store, faces: Sequence[Embedding], threshold: float) -> list[SubjectId]:
        """Whoever's templates reach `threshold` with one of the faces, likest first; not those whose key is gone."""
        snapshot = self._follow(store)
        likest = _owners_like(snapshot.owners, snapshot.matrix, faces, threshold)
        return [SubjectId(owner) for owner in likest if self._keys.exists(owner)]

    def entries_like(
        self, store: Store, subject_id: SubjectId, faces: Sequence[Embedding], threshold: float
    ) -> list[str]:
        """Entries in effect for this person that reach `threshold` with one of the faces, likest first."""
        snapshot = self._follow(store)
        here = snapshot.in_effect(subject_id)
        return _owners_like(snapshot.entries[here], snapshot.protected[here], faces, threshold)

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
        require_acknowledged(store.register.of_other_models(self._recogniser.id), self._left_behind)
        present = store.templates.ids(self._recogniser.id)
        old = self._snapshot
        kept = [i for i, template_id in enumerate(old.ids) if template_id in present]
        known = set(old.ids)
        opened = self._open(store.templates.get([i for i in present if i not in known]))
        entries, protected = self._read_register(store)
        exempt: dict[SubjectId, frozenset[str]] = {}
        for entry_id, subject_id in store.register.exemptions():
            exempt[subject_id] = exempt.get(subject_id, frozenset()) | {entry_id}
        return _Snapshot(
            revision=revision,
            ids=tuple([old.ids[i] for i in kept] + [template.id for template, _ in opened]),
            owners=np.array([*old.owners[kept], *[template.subject_id for template, _ in opened]], dtype="<U36"),
            matrix=np.concatenate([old.matrix[kept], *[vector[None] for _, vector in opened]]).astype(np.float32),
            entries=entries,
            protected=protected,
            exempt=exempt,
        )

    def _read_register(self, store: Store) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
        """The entry of each protected row, and the rows: old ones as they were, new ones opened."""
        old, present = self._snapshot, store.register.ids(self._recogniser.id)
        kept = np.isin(old.entries, present)
        known = set(old.entries.tolist())
        names, rows = [old.entries[kept]], [old.protected[kept]]
        for entry in store.register.entries([i for i in present if i not in known]):
            vectors = self._open_entry(entry)
            names.append(np.array([entry.id] * len(vectors), dtype="<U36"))
            rows.append(np.array(vectors, dtype=np.float32).reshape(-1, self._recogniser.dimensions))
        return np.concatenate(names).astype("<U36"), np.concatenate(rows).astype(np.float32)

    def _open_entry(self, entry: ProtectedFace) -> list[Embedding]:
        """An entry's faces; none once its key is destroyed, which is a removal in progress."""
        try:
            opened = self._seals.open(entry.key_id, PROTECTED_PURPOSE, entry.sealed)
        except Gone:
            log.info("a protected face was left out: its key is destroyed", extra={"aggregate_id": entry.id})
            return []
        except SemblanceError as e:
            raise TemplatesUnreadable("a protected face cannot be opened") from e
        return unpack(opened, self._recogniser.dimensions)

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


def _owners_like(
    owners: npt.NDArray[np.str_], matrix: npt.NDArray[np.float32], faces: Sequence[Embedding], threshold: float
) -> list[str]:
    """The owners of rows that reach `threshold` with any of the faces, likest first."""
    if not len(owners) or not len(faces):
        return []
    best = (np.stack(faces) @ matrix.T).max(axis=0)
    likest: dict[str, None] = {}
    for i in np.argsort(-best):
        if best[i] < threshold:
            break
        likest.setdefault(str(owners[i]))
    return list(likest)


def _best(cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The best of each row; -1 where there is nothing to compare with."""
    if cosines.shape[1] == 0:
        return np.full(cosines.shape[0], -1.0, dtype=np.float32)
    return np.asarray(np.clip(cosines.max(axis=1), -1.0, 1.0))
