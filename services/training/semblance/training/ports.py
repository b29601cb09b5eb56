"""What the handlers need from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, SubjectId
from semblance.training.domain.events import Event
from semblance.training.domain.leak import LeakRules, Match, OwnPicture, Place
from semblance.training.domain.likeness import LikenessRules, Measured
from semblance.training.domain.run import Run

Embedding = npt.NDArray[np.float32]


class Runs(Protocol):
    """Runs at rest."""

    def add(self, run: Run) -> None: ...

    def save(self, run: Run) -> None: ...

    def get(self, adapter_id: AdapterId, *, lock: bool = False) -> Run | None: ...

    def page(self, subject_id: SubjectId, after: str, limit: int) -> list[Run]:
        """By id, which is by time, the oldest first."""

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Run]: ...

    def of_consent(self, consent_id: ConsentId) -> list[Run]:
        """Locked, in the order of their ids."""

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """How many rows there were."""


class Store(Protocol):
    """Everything of one transaction."""

    runs: Runs

    def publish(self, event: Event) -> None: ...

    def schedule_training(self, adapter_id: AdapterId) -> None: ...

    def cancel_training(self, adapter_id: AdapterId) -> None: ...

    def schedule_destruction(self, subject_id: SubjectId, adapter_id: AdapterId) -> None:
        """Have the adapter's objects removed, however often the store must be asked."""

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue it; work on these is dropped now, or told to stop."""

    def at_work(self, adapter_ids: Sequence[AdapterId]) -> bool:
        """Whether a worker still holds one of these in memory."""


class Consents(Protocol):
    """The consents as this process knows them."""

    def require(self, consent_id: str, subject_id: str, purpose: Purpose) -> Consent: ...


@dataclass(frozen=True)
class PhotoOnFile:
    """An accepted photo. landmarks: the own face's five points, (x, y) px."""

    photo_id: str
    object_key: str
    landmarks: tuple[tuple[float, float], ...]


class Photos(Protocol):
    """ingest, which alone decides what may be learnt from."""

    def accepted(self, subject_id: SubjectId) -> list[PhotoOnFile]: ...


class SealedReader(Protocol):
    """The bucket of photos: this service only reads it."""

    def get(self, subject_id: str, key: str) -> bytes: ...


class SealedStore(Protocol):
    """The bucket of adapters."""

    def put(self, subject_id: str, key: str, data: bytes) -> None: ...

    def remove(self, key: str) -> int: ...

    def remove_subject(self, subject_id: str) -> list[str]: ...


@dataclass(frozen=True)
class Photo:
    """An opened photo, in memory for one training only."""

    data: bytes = field(repr=False)
    landmarks: tuple[tuple[float, float], ...] = field(repr=False)


@dataclass(frozen=True)
class Trained:
    """What a training gave. lora, reference and faces are the person's face in other words: sealed or dropped at once.

    places, own: what the pictures drawn for judging showed. faces: those of the adapter's own pictures, as identity's
    face model sees them.
    """

    lora: bytes = field(repr=False)
    reference: bytes = field(repr=False)
    backbone_digest: str
    measured: Measured
    places: tuple[Place, ...] = field(default=(), repr=False)
    own: tuple[OwnPicture, ...] = field(default=(), repr=False)
    faces: tuple[Embedding, ...] = field(default=(), repr=False)


# phase, step, of; raises to stop the training.
OnStep = Callable[[str, int, int], None]


class Trainer(Protocol):
    """The engine."""

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep) -> Trained:
        """Learn from all but the last `held_out` photos, judge by those. What on_step raises passes through."""


class Identity(Protocol):
    """identity, which alone has everybody's templates."""

    def match(self, consent: Consent, faces: Sequence[Embedding]) -> list[Match]:
        """A match for each face, compared for the consent's subject. Raises Unavailable, NotEnrolled."""


class Work(Protocol):
    """What a running item may ask."""

    def check(self) -> None:
        """Raise when the result can no longer be used."""


Transactions = Callable[[], AbstractContextManager[Store]]


@dataclass(frozen=True)
class Rules:
    """Every number that an operator may set."""

    likeness: LikenessRules
    leak: LeakRules
    min_photos: int
    max_photos: int
    open_runs: int
    tick_s: float


@dataclass(frozen=True)
class Ports:
    """What main.py wires together."""

    transactions: Transactions
    reads: Transactions
    clock: Clock
    consents: Consents
    photos: Photos
    photo_bytes: SealedReader
    adapter_bytes: SealedStore
    trainer: Trainer
    identity: Identity
    rules: Rules
