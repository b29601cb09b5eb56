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
from semblance.training.domain.dataset import DatasetRules, PhotoFacts
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
        """Newest first, those behind the id `after`."""

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Run]: ...

    def lock(self, subject_id: SubjectId) -> None:
        """Until the transaction ends nobody else adds one of this person: what is counted stays so."""

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

    def schedule_checkpoint_removal(self, subject_id: SubjectId, adapter_id: AdapterId) -> None:
        """Have what a killed training would have gone on from removed: it is not needed any more."""

    def schedule_destruction(self, subject_id: SubjectId, adapter_id: AdapterId) -> None:
        """Have the adapter's objects removed, however often the store must be asked."""

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue it; work on these is dropped now, or told to stop."""

    def erasing(self, subject_id: SubjectId) -> bool:
        """Whether the person's erasure is queued: it destroys whatever there is, and counts it."""

    def at_work(self, adapter_ids: Sequence[AdapterId]) -> bool:
        """Whether a worker still holds one of these in memory."""


class Consents(Protocol):
    """The consents as this process knows them."""

    def require(self, consent_id: str, subject_id: str, purpose: Purpose) -> Consent: ...


@dataclass(frozen=True)
class PhotoOnFile:
    """An accepted photo. landmarks: the own face's five points, (x, y) px; face_px: its box's shorter side; others:
    faces of other people in it; dhash: what the whole picture is like, 64 hexadecimal digits."""

    photo_id: str
    object_key: str
    landmarks: tuple[tuple[float, float], ...]
    face_px: float = 0.0
    others: int = 0
    dhash: str = field(default="", repr=False)


class Photos(Protocol):
    """ingest, which alone decides what may be learnt from."""

    def accepted(self, subject_id: SubjectId) -> list[PhotoOnFile]: ...


class SealedReader(Protocol):
    """The bucket of photos: this service only reads it."""

    def get(self, subject_id: str, key: str) -> bytes: ...


class SealedStore(Protocol):
    """The bucket of adapters."""

    def get(self, subject_id: str, key: str) -> bytes: ...

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

    flat: the same LoRA as generation's engine copies it into a slot; empty where nothing could be packed.
    places, own: what the pictures drawn for judging showed. faces: those of the adapter's own pictures, as identity's
    face model sees them.
    """

    lora: bytes = field(repr=False)
    reference: bytes = field(repr=False)
    backbone_digest: str
    measured: Measured
    flat: bytes = field(default=b"", repr=False)
    places: tuple[Place, ...] = field(default=(), repr=False)
    own: tuple[OwnPicture, ...] = field(default=(), repr=False)
    faces: tuple[Embedding, ...] = field(default=(), repr=False)


# phase, step, of; raises to stop the training.
OnStep = Callable[[str, int, int], None]


class Checkpoint(Protocol):
    """Where a training keeps what it would go on from if it were killed."""

    def load(self) -> bytes | None:
        """What `save` was last given; None: nothing that can be used."""

    def save(self, state: bytes) -> None:
        """Replace what is there. Raises when nobody may use the result any more."""


class Trainer(Protocol):
    """The engine. Trainings that several threads ask for at once may be learnt together; each is judged by itself."""

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep, checkpoint: Checkpoint) -> Trained:
        """Learn from all but the last `held_out` photos, judge by those. What on_step raises passes through; it may be
        called from another thread than the caller's."""


class PhotoMeter(Protocol):
    """What a photo is like to learn from."""

    def measure(self, on_file: PhotoOnFile, photo: Photo) -> PhotoFacts:
        """Raises Invalid for a photo that training would not take either."""


class Identity(Protocol):
    """identity, which alone has everybody's templates."""

    def match(self, consent: Consent, faces: Sequence[Embedding]) -> list[Match]:
        """A match for each face, compared for the consent's subject. Raises Unavailable, NotEnrolled."""


class Work(Protocol):
    """What a running item may ask."""

    def check(self) -> None:
        """Raise when the result can no longer be used."""

    def advanced(self) -> None:
        """The next attempt goes on from what is kept now: earlier ones count no more."""


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
    dataset: DatasetRules


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
    meter: PhotoMeter
    identity: Identity
    rules: Rules
