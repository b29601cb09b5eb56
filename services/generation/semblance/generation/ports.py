"""What the handlers need from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from semblance.generation.domain.events import Event
from semblance.generation.domain.image import Image, State
from semblance.generation.domain.order import Order, Words
from semblance.kernel.clock import Clock
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId


@dataclass(frozen=True)
class ImageCount:
    """So many pictures of a person under one consent, from adapters of one consent, in one state."""

    consent_id: ConsentId
    adapter_consent_id: ConsentId
    state: State
    by_others: bool
    count: int


class Images(Protocol):
    """Images at rest."""

    def add(self, image: Image) -> None: ...

    def save(self, image: Image) -> None: ...

    def get(self, image_id: ImageId, *, lock: bool = False) -> Image | None: ...

    def page(self, subject_id: SubjectId, after: str, limit: int, *, by_others: bool = False) -> list[Image]:
        """What the person asked for, or what others did; by id, which is by time, the oldest first."""

    def page_of_requester(self, requester_id: SubjectId, after: str, limit: int) -> list[Image]:
        """What somebody asked for of others, in the same order."""

    def open_count(self, subject_id: SubjectId, *, by_others: bool = False) -> int: ...

    def counts(self, subject_id: SubjectId) -> list[ImageCount]: ...

    def forget_requester(self, requester_id: SubjectId) -> list[str]:
        """Pictures of others that somebody asked for lose who it was; their ids."""

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Image]: ...

    def pending_under(self, consent_id: ConsentId) -> list[Image]:
        """Pending ones that need this consent, for themselves or for their adapter; locked."""

    def open_with(self, adapter_id: AdapterId) -> list[Image]:
        """Open ones that need this adapter; locked."""

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """How many rows there were."""


class Store(Protocol):
    """Everything of one transaction."""

    images: Images

    def publish(self, event: Event) -> None: ...

    def schedule_rendering(self, image_id: ImageId) -> None: ...

    def cancel_rendering(self, image_id: ImageId) -> None: ...

    def schedule_destruction(self, subject_id: SubjectId, image_id: ImageId) -> None:
        """Have the quarantined pixels removed, however often the store must be asked."""

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue it; work on these is dropped now, or told to stop."""

    def at_work(self, image_ids: Sequence[ImageId]) -> bool:
        """Whether a worker still holds one of these in memory."""


class Consents(Protocol):
    """The consents as this process knows them."""

    def require(
        self, consent_id: str, subject_id: str, purpose: Purpose, *, grantee_id: str | None = None
    ) -> Consent: ...


@dataclass(frozen=True)
class PromptVerdict:
    """The filter's word. message: one sentence for the person, without the prompt."""

    allowed: bool
    message: str


class PromptFilter(Protocol):
    """safety, asked before anything is made. Raises Unavailable: no answer is no permission."""

    def check(
        self, subject_id: SubjectId, words: Words, *, limits: Sequence[str] = (), denied_styles: Sequence[str] = ()
    ) -> PromptVerdict: ...


@dataclass(frozen=True)
class AdapterFacts:
    """What training says of an adapter now."""

    id: AdapterId
    subject_id: SubjectId
    consent_id: ConsentId
    state: str
    lora_key: str
    lora_sha256: str
    reference_key: str
    backbone_digest: str


class Adapters(Protocol):
    """training, which alone decides whether an adapter may be used."""

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> AdapterFacts:
        """Raises NotFound, also for another person's."""


@dataclass(frozen=True)
class OpenAdapter:
    """An adapter's bytes in memory; reference is empty when the backbone takes none."""

    lora: bytes = field(repr=False)
    reference: bytes = field(repr=False)
    backbone_digest: str


class Shelf(Protocol):
    """Opened adapters, at most so many; a dropped one is opened again only by asking training first."""

    def load(self, facts: AdapterFacts) -> OpenAdapter:
        """Raises AdapterDamaged, and what the store and the key ring raise."""

    def drop(self, adapter_id: AdapterId) -> int: ...

    def drop_consent(self, consent_id: ConsentId) -> int: ...

    def drop_subject(self, subject_id: SubjectId) -> list[str]:
        """The adapters that were dropped, now or a moment ago."""


@dataclass(frozen=True)
class Drawing:
    """What the engine gives back: a PNG, and how like the reference its face is (None: there is no reference)."""

    png: bytes = field(repr=False)
    width_px: int
    height_px: int
    backbone_digest: str
    likeness: float | None


# step, of; raises to stop the drawing.
OnStep = Callable[[int, int], None]


class Renderer(Protocol):
    """The engine. In this process today; Ray Serve is the next one behind the same port, so plain values only."""

    def draw(self, words: Words, order: Order, adapter: OpenAdapter, on_step: OnStep) -> Drawing:
        """The best of several pictures. The same arguments on the same build give the same bytes."""


class SealedStore(Protocol):
    """The quarantine: this service writes and removes."""

    def put(self, subject_id: str, key: str, data: bytes) -> None: ...

    def remove(self, key: str) -> int: ...

    def remove_subject(self, subject_id: str) -> list[str]: ...


class WordsSeal(Protocol):
    """Seals a prompt under the person's key. Raises Gone once the key is destroyed."""

    def seal(self, subject_id: SubjectId, words: Words) -> bytes: ...

    def open(self, subject_id: SubjectId, sealed: bytes) -> Words: ...


class Work(Protocol):
    """What a running item may ask."""

    def check(self) -> None:
        """Raise when the result can no longer be used."""


Transactions = Callable[[], AbstractContextManager[Store]]


@dataclass(frozen=True)
class Rules:
    """Every number that an operator may set."""

    open_images: int
    tick_s: float


@dataclass(frozen=True)
class Ports:
    """What main.py wires together."""

    transactions: Transactions
    reads: Transactions
    clock: Clock
    consents: Consents
    prompts: PromptFilter
    adapters: Adapters
    shelf: Shelf
    renderer: Renderer
    quarantine: SealedStore
    words: WordsSeal
    rules: Rules
