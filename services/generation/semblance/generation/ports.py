"""What the handlers need from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.events import Event
from semblance.generation.domain.image import Image, State
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.sizes import Offered
from semblance.generation.domain.together import Area
from semblance.generation.domain.withdrawn import Whose, Withdrawal
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
        """What the person asked for, or what others did, also beside somebody else; newest first, those behind the id
        `after`."""

    def page_of_requester(self, requester_id: SubjectId, after: str, limit: int) -> list[Image]:
        """What somebody asked for of others, in the same order."""

    def lock(self, asker_id: SubjectId, subject_id: SubjectId) -> None:
        """Until the transaction ends nobody else adds one that this one asks for, or one of this person: what is
        counted stays so."""

    def open_count(self, subject_id: SubjectId, requester_id: SubjectId | None) -> int:
        """How many of this person are queued or drawn that this one asked for; None: the person did."""

    def open_by_others(self, subject_id: SubjectId) -> int:
        """The same of all others who asked."""

    def open_of_asker(self, asker_id: SubjectId) -> int:
        """How many that this one asked for, of whomever, are queued or drawn."""

    def counts(self, subject_id: SubjectId) -> list[ImageCount]: ...

    def forget_requester(self, requester_id: SubjectId) -> list[str]:
        """Pictures of others that somebody asked for lose who it was; their ids."""

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Image]: ...

    def showing(self, subject_id: SubjectId) -> list[Image]:
        """Others' that show this person beside their subject; locked."""

    def pending_under(self, consent_id: ConsentId) -> list[Image]:
        """Pending ones that need this consent, of anybody in them, of an adapter or of the picture that they edit;
        locked."""

    def pending_from(self, source_id: ImageId) -> list[Image]:
        """Pending edits of this picture; locked."""

    def open_with(self, adapter_id: AdapterId) -> list[Image]:
        """Open ones that need this adapter; locked."""

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """How many rows there were."""


class Store(Protocol):
    """Everything of one transaction."""

    images: Images

    def publish(self, event: Event) -> None: ...

    def note_hidden(self, image: Image) -> None:
        """A restore must know that the person does not show it to whoever asked for it."""

    def schedule_rendering(self, image_id: ImageId) -> None: ...

    def schedule_giving_up(self, image_id: ImageId, within_s: int) -> None:
        """Have it looked at once so long has passed, whether it was begun."""

    def cancel_rendering(self, image_id: ImageId) -> None: ...

    def schedule_destruction(self, subject_id: SubjectId, image_id: ImageId) -> None:
        """Have the quarantined pixels removed, however often the store must be asked."""

    def schedule_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Have every engine let go of it, however often they must be asked."""

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
    """What training says of an adapter now. flat_key: of its packed form, empty for adapters that have none."""

    id: AdapterId
    subject_id: SubjectId
    consent_id: ConsentId
    state: str
    lora_key: str
    lora_sha256: str
    reference_key: str
    backbone_digest: str
    flat_key: str = ""


class Adapters(Protocol):
    """training, which alone decides whether an adapter may be used."""

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> AdapterFacts:
        """Raises NotFound, also for another person's."""


class Sources(Protocol):
    """provenance, which hands out a published picture of this person and no other."""

    def get(self, subject_id: SubjectId, image_id: ImageId) -> bytes:
        """The signed file. Raises SourceGone where it is not, or no longer, to be had, and SourceUnusable where it is
        too large."""


@dataclass(frozen=True)
class OpenAdapter:
    """An adapter's bytes in memory; reference is empty when the backbone takes none.

    flat: the same LoRA as the engine takes it, packed when it was trained; empty where training left none.
    """

    whose: Whose
    lora: bytes = field(repr=False)
    flat: bytes = field(repr=False)
    reference: bytes = field(repr=False)
    backbone_digest: str


@dataclass(frozen=True)
class Beside:
    """Somebody else in the picture."""

    adapter: OpenAdapter
    area: Area


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


# step, of; raises to stop the drawing. Step 0 says that it waits for its turn, and is told again and again.
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class EngineLoad:
    """What the engines do, added up, and since they began.

    waiting: rows that have not begun. drawing: rows in the batch. adapters_held, adapters_packed: drawings whose
    adapter was in memory as the engine wears it, or had to be packed. shortages: steps that did not fit into memory.
    Waits in seconds, the longest of any engine: of the oldest drawing of which no row has begun, and that 95 % of the
    last rows had at most.
    """

    engines: int = 0
    waiting: int = 0
    drawing: int = 0
    slots: int = 0
    slots_worn: int = 0
    steps: int = 0
    shortages: int = 0
    adapters_held: int = 0
    adapters_packed: int = 0
    oldest_wait_s: float = 0.0
    first_step_p95_s: float = 0.0

    @staticmethod
    def of(parts: Iterable[EngineLoad]) -> EngineLoad:
        """Of several engines together."""
        found = list(parts)
        total: dict[str, Any] = {}
        for name in (one.name for one in fields(EngineLoad)):
            numbers = [getattr(part, name) for part in found]
            total[name] = max(numbers, default=0.0) if name.endswith("_s") else sum(numbers)
        return EngineLoad(**total)


class Renderer(Protocol):
    """The engine, in this process or elsewhere: several threads draw at once, and strangers share its batches."""

    def draw(
        self,
        words: Words,
        order: Order,
        adapter: OpenAdapter,
        on_step: OnStep,
        begin: Beginning | None = None,
        *,
        beside: Sequence[Beside] = (),
    ) -> Drawing:
        """The best of several pictures. The same arguments on the same build give the same bytes. begin: a picture to
        start at instead of noise. beside: everybody else, each kept to their area; order.area is then the subject's.

        on_step is called in the caller's thread; while no engine has room the call waits, and tells step 0. Raises what
        on_step raises, AdapterRevoked, AdapterDamaged, EngineAway, SourceUnusable, NoFaceInSource, and Invalid for what
        the backbone refuses.
        """

    def revoke(self, withdrawal: Withdrawal, *, confirmed: bool = False) -> None:
        """Stop what is drawn with it, wipe it from memory and refuse it from now on.

        Here that has happened on return; engines elsewhere are told at once and without waiting, or, when `confirmed`,
        have all answered. Raises EngineAway when one did not, and it was to be confirmed.
        """

    def healthy(self) -> None:
        """Raises Unavailable when nothing can be drawn."""

    def load(self) -> EngineLoad:
        """Never waits long; what does not answer is left out."""

    def close(self) -> None:
        """End; what is drawn is given up as EngineAway."""


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
    """Of one person, for each who asks."""
    open_images_by_others: int
    """Of one person, for all others together."""
    people: int
    """In one picture; 1 where the backbone keeps nobody to a part."""
    tick_s: float
    turn_s: float
    """So much later is the turn of each further picture of whoever has some waiting."""
    own_steps: int | None = None
    """Of the backbone, which draws them when nobody names a number; None where it is not at hand."""
    sizes: Offered = field(default_factory=dict)
    """That may be asked for; none where the backbone is not at hand."""


@dataclass(frozen=True)
class Ports:
    """What main.py wires together."""

    transactions: Transactions
    reads: Transactions
    clock: Clock
    consents: Consents
    prompts: PromptFilter
    adapters: Adapters
    sources: Sources
    shelf: Shelf
    renderer: Renderer
    quarantine: SealedStore
    words: WordsSeal
    rules: Rules
