"""The service on SQLite, stores in memory, scripted neighbours and a scripted engine."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from semblance.generation.adapters.memory_shelf import MemoryShelf
from semblance.generation.adapters.sealed_words import SealedWords
from semblance.generation.adapters.store import SqlTransactions, store_of
from semblance.generation.adapters.work import work_kinds
from semblance.generation.consumers import subscriptions
from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.errors import EngineAway, SourceGone
from semblance.generation.domain.image import Image
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.sizes import offered
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.handlers import images
from semblance.generation.handlers.terms import Shared
from semblance.generation.ports import (
    AdapterFacts,
    Beside,
    Drawing,
    EngineLoad,
    OnStep,
    OpenAdapter,
    Ports,
    PromptVerdict,
    Rules,
)
from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Consent
from semblance.kernel.errors import NotFound, Unavailable
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId, new_id
from semblance.objects import ADAPTERS, QUARANTINE, MemoryKeyRing, MemoryStore, SealedObjects, Sealer
from semblance.service_kit import testing
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database
from semblance.service_kit.work import WorkKind

MIGRATIONS = Path(__file__).parents[1] / "migrations"
PNG = b"\x89PNG drawn"


class ScriptedRenderer:
    """Counts calls; `between` runs at every step, as a test's hook into the middle of the work."""

    def __init__(self) -> None:
        self.calls: list[tuple[Words, Order, OpenAdapter]] = []
        self.began: list[Beginning | None] = []
        self.beside: list[Sequence[Beside]] = []
        self.between: Callable[[int], None] = lambda _step: None
        self.steps = 4
        self.revoked: list[tuple[Withdrawal, bool]] = []
        self.away = False

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
        self.calls.append((words, order, adapter))
        self.beside.append(beside)
        self.began.append(begin)
        for step in range(1, self.steps + 1):
            self.between(step)
            on_step(step, self.steps)
        return Drawing(PNG, 256, 256, adapter.backbone_digest, 0.5)

    def revoke(self, withdrawal: Withdrawal, *, confirmed: bool = False) -> None:
        if confirmed and self.away:
            raise EngineAway("an engine does not answer")
        self.revoked.append((withdrawal, confirmed))

    def healthy(self) -> None:
        pass

    def load(self) -> EngineLoad:
        return EngineLoad()

    def close(self) -> None:
        pass


class ScriptedPrompts:
    def __init__(self) -> None:
        self.asked: list[Words] = []
        self.limits: tuple[str, ...] = ()
        self.verdict = PromptVerdict(True, "")
        self.forbidden = ""  # a limit that refuses whatever is asked
        self.away = False
        self.hook: Callable[[], None] = lambda: None  # between the questions and the row

    def check(
        self, subject_id: SubjectId, words: Words, *, limits: Sequence[str] = (), denied_styles: Sequence[str] = ()
    ) -> PromptVerdict:
        if self.away:
            raise Unavailable("safety does not answer")
        self.hook()
        self.asked.append(words)
        self.limits = (*limits, *denied_styles)
        return PromptVerdict(False, "no") if self.forbidden in limits else self.verdict


class PublishedPictures:
    """What provenance would hand out; "file of <image id>" unless it is gone."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def get(self, subject_id: SubjectId, image_id: ImageId) -> bytes:
        if image_id in self.gone:
            raise SourceGone
        return f"file of {image_id}".encode()


class ListedAdapters:
    def __init__(self) -> None:
        self.known: dict[str, AdapterFacts] = {}

    def get(self, subject_id: SubjectId, adapter_id: AdapterId) -> AdapterFacts:
        facts = self.known.get(adapter_id)
        if facts is None or facts.subject_id != subject_id:
            raise NotFound("no such adapter")
        return facts

    def turn(self, adapter_id: AdapterId, state: str) -> None:
        self.known[adapter_id] = replace(self.known[adapter_id], state=state)


@dataclass
class Service:
    """Everything a test needs of a running service."""

    database: Database
    clock: FakeClock
    consents: testing.FakeConsentView
    keyring: MemoryKeyRing
    store: MemoryStore
    prompts: ScriptedPrompts
    adapters: ListedAdapters
    sources: PublishedPictures
    shelf: MemoryShelf
    renderer: ScriptedRenderer
    ports: Ports
    work: dict[str, WorkKind]
    events: list[Subscription]
    subject_id: SubjectId = field(default_factory=lambda: SubjectId(new_id()))

    def enrol(self, real: OpenAdapter | None = None) -> tuple[Consent, AdapterId]:
        """A person with a key, a consent for everything and an adapter that is ready; `real`: of these bytes."""
        self.keyring.create(self.subject_id)
        consent = self.consents.grant(self.subject_id)
        return consent, self.add_adapter(consent, real)

    def add_adapter(self, consent: Consent, real: OpenAdapter | None = None) -> AdapterId:
        adapter_id = AdapterId(new_id())
        lora = real.lora if real is not None else f"lora of {adapter_id}".encode()
        sealed = SealedObjects(self.store, Sealer(self.keyring), ADAPTERS)
        keys = [f"{self.subject_id}/{adapter_id}/{part}" for part in ("lora.safetensors", "reference.f32")]
        sealed.put(self.subject_id, keys[0], lora)
        sealed.put(self.subject_id, keys[1], real.reference if real is not None else b"reference")
        self.adapters.known[adapter_id] = AdapterFacts(
            id=adapter_id,
            subject_id=self.subject_id,
            consent_id=ConsentId(consent.id),
            state="ready",
            lora_key=keys[0],
            lora_sha256=hashlib.sha256(lora).hexdigest(),
            reference_key=keys[1],
            backbone_digest=real.backbone_digest if real is not None else "b" * 64,
        )
        return adapter_id

    def create(
        self,
        consent: Consent,
        adapter_id: AdapterId,
        image_id: str = "",
        prompt: str = "in Paris",
        steps: int = 0,
        *,
        shared: Shared | None = None,
    ) -> Image:
        command = images.CreateImage(
            self.subject_id,
            consent.id,
            ImageId(image_id or new_id()),
            adapter_id,
            Words(prompt, "" if shared else "sad"),
            Order(7, steps or None, None, None),
            shared,
        )
        return images.create_image(command, self.ports)

    def get(self, image: Image) -> Image:
        return images.get_image(image.subject_id, image.id, self.ports)

    def do_work(self) -> int:
        """Run what is due, letting an hour pass for what is retried."""
        ran = testing.run_work(self.work, self.database)
        self.clock.advance(3600)
        return ran + testing.run_work(self.work, self.database)

    def said(self, kind: type) -> list[Any]:
        return [message for message in testing.emitted(self.database) if isinstance(message, kind)]

    def deliver(self, message: Any) -> list[str]:
        """The same event twice, to whoever handles it; about this person unless it names another."""
        message.subject_id = message.subject_id or self.subject_id
        [group] = [subscription for subscription in self.events if type(message) in subscription.handlers]
        return testing.deliver(group, self.database, message)

    def quarantine(self) -> list[str]:
        return self.store.list(QUARANTINE, "")


@pytest.fixture
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """On SQLite, or with "postgres" as parameter at the module's database_url."""
    clock = FakeClock(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    url = request.getfixturevalue("database_url") if getattr(request, "param", "") == "postgres" else None
    database = testing.database(tmp_path, MIGRATIONS, source="generation", clock=clock, url=url)
    consents = testing.FakeConsentView(clock)
    keyring, store = MemoryKeyRing(clock), MemoryStore()
    prompts, adapters, renderer = ScriptedPrompts(), ListedAdapters(), ScriptedRenderer()
    sources = PublishedPictures()
    sealer = Sealer(keyring)
    shelf = MemoryShelf(SealedObjects(store, sealer, ADAPTERS), clock, capacity=2, max_idle_s=600)
    transactions = SqlTransactions(database)
    ports = Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        consents=consents,
        prompts=prompts,
        adapters=adapters,
        sources=sources,
        shelf=shelf,
        renderer=renderer,
        quarantine=SealedObjects(store, sealer, QUARANTINE),
        words=SealedWords(sealer),
        rules=Rules(
            open_images=3,
            open_images_by_others=5,
            people=3,
            tick_s=0.5,
            turn_s=30,
            own_steps=12,
            sizes=offered([(64, 64), (96, 64)], 256),
        ),
    )
    kinds = work_kinds(ports, lease_s=30, max_attempts=3, patience_s=86_400)
    yield Service(
        database,
        clock,
        consents,
        keyring,
        store,
        prompts,
        adapters,
        sources,
        shelf,
        renderer,
        ports,
        kinds,
        subscriptions(ports, store_of),
    )
    database.close()
