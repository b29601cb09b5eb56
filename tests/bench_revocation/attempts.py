"""Four services as their mains build them, each with one way to try to get something out of it.

Real in every station: the consent view over the broker, handlers, work queue and worker, SQLite, relay, consumers,
sealed objects in the store. Standing in: see standins.py. An attempt returns "made" or why not.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import standins
from people import Person

from semblance.generation import settings as generation_settings
from semblance.generation.adapters.memory_shelf import MemoryShelf
from semblance.generation.adapters.sealed_words import SealedWords
from semblance.generation.adapters.store import SqlTransactions
from semblance.generation.adapters.store import store_of as generation_store
from semblance.generation.adapters.work import work_kinds as generation_work
from semblance.generation.consumers import subscriptions as generation_subscriptions
from semblance.generation.domain.order import Order, Words
from semblance.generation.handlers import images as generation_images
from semblance.generation.ports import Ports as GenerationPorts
from semblance.generation.ports import Rules
from semblance.generation.settings import GenerationSettings
from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import new_id
from semblance.objects import ADAPTERS, QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.provenance import main as provenance_main
from semblance.provenance.adapters import work as provenance_work
from semblance.provenance.adapters.signers.choosing import keys_of
from semblance.provenance.adapters.store import reading, store_of
from semblance.provenance.consumers import audit_subscriptions
from semblance.provenance.consumers import subscriptions as provenance_subscriptions
from semblance.provenance.domain.publication import Publication, State
from semblance.provenance.handlers import publishing
from semblance.provenance.settings import ProvenanceSettings
from semblance.safety import main as safety_main
from semblance.safety.adapters.store import SqlStore
from semblance.safety.adapters.work import work_kinds as safety_work
from semblance.safety.consumers import subscriptions as safety_subscriptions
from semblance.safety.domain.picture import CheckState, PictureCheck
from semblance.safety.handlers import filtering
from semblance.safety.handlers.looking import Nobody
from semblance.safety.settings import SafetySettings
from semblance.service_kit.consent_view import ConsentView
from semblance.service_kit.database import Database
from semblance.service_kit.runtime import Application, broker_of, consent_view_of

ENOUGH_S = 20.0
# Its main would load the engine, which is not used here.
_GENERATION_MIGRATIONS = Path(generation_settings.__file__).parents[2] / "migrations"
_POLL_S = 0.004
MADE = "made"
Attempt = Callable[[Person, int], str]


@dataclass(frozen=True)
class Station:
    """A service to run, its consents, and the attempt."""

    application: Application
    view: ConsentView
    attempt: Attempt


@dataclass(frozen=True)
class Bystander:
    """With every right at the store: puts into quarantine what an attempt needs there."""

    quarantine: SealedObjects

    def render(self, person: Person, seed: int) -> tuple[str, str, str]:
        """Image id, key and digest of a picture that lies there."""
        image_id, data = new_id(), standins.png(seed)
        key = f"{person.subject_id}/{image_id}.png"
        self.quarantine.put(person.subject_id, key, data)
        return image_id, key, hashlib.sha256(data).hexdigest()


def generation(settings: GenerationSettings, everybody: list[Person], _bystander: Bystander) -> Station:
    """Ask for a picture, and wait for its pixels to lie in quarantine."""
    clock = SystemClock()
    database = Database(settings.database_url, source="generation", clock=clock)
    broker = broker_of(settings)
    view = consent_view_of(settings, broker, clock)
    store = MinioStore(settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key.get_secret_value(), False)
    sealer = Sealer(FileKeyRing(settings.keyring_dir, settings.keyring_kek_file))
    shelf = MemoryShelf(SealedObjects(store, sealer, ADAPTERS), clock, capacity=len(everybody), max_idle_s=3600)

    def forget(consent: Any) -> None:
        shelf.drop_consent(consent.id)

    view.on_revoked(forget)
    transactions = SqlTransactions(database)
    ports = GenerationPorts(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        consents=view,
        prompts=standins.AnyPrompt(),
        adapters=standins.ReadyAdapters({person.adapter_id: person for person in everybody}),
        shelf=shelf,
        renderer=standins.SlowRenderer(),
        quarantine=SealedObjects(store, sealer, QUARANTINE),
        words=SealedWords(sealer),
        rules=Rules(open_images=1000, tick_s=10.0),
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: shelf.load(ports.adapters.get(person.subject_id, person.adapter_id)), everybody))
    kinds = generation_work(ports, lease_s=settings.lease_s, max_attempts=settings.max_attempts)
    application = Application(
        name="generation",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=generation_subscriptions(ports, generation_store),
        work=kinds,
        consent_view=view,
        migrations_dir=_GENERATION_MIGRATIONS,
    )

    def attempt(person: Person, seed: int) -> str:
        command = generation_images.CreateImage(
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            image_id=new_id(),  # type: ignore[arg-type]
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            words=Words("a portrait", ""),
            order=Order(seed, None, None, None),
        )
        made = generation_images.create_image(command, ports)

        def state() -> str:
            with transactions.read() as rows:
                image = rows.images.get(made.id)
            return "pending" if image is None or image.open else image.state.value

        ended = _awaited(state)
        return MADE if ended in ("quarantined", "published", "blocked") else ended

    return Station(application, view, attempt)


def safety(settings: SafetySettings, _everybody: list[Person], bystander: Bystander) -> Station:
    """Hand a rendered picture to the filter, and wait for a yes."""
    clock = SystemClock()
    database = Database(settings.database_url, source="safety", clock=clock)
    broker = broker_of(settings)
    view = consent_view_of(settings, broker, clock)
    ports = safety_main.ports_of(
        settings,
        database,
        clock=clock,
        consents=view,
        eyes=standins.OneFace(),
        matcher=standins.OwnFace(),
        quarantine=safety_main.quarantine_of(settings, clock),
        library=Nobody(),
        figures=Nobody(),
        prompt_models=safety_main.PromptModels(standins.NoWords(), standins.NoWords()),
    )

    def rows_of(unit: Any) -> Any:
        return SqlStore(unit, ports.verdict_rules)

    application = Application(
        name="safety",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=safety_subscriptions(ports, rows_of),
        work=safety_work(ports, rows_of, at_once=2, attempts=settings.filter_attempts, look_s=settings.look_s),
        consent_view=view,
        migrations_dir=safety_main.MIGRATIONS,
    )

    def attempt(person: Person, seed: int) -> str:
        image_id, key, sha256 = bystander.render(person, seed)
        check = PictureCheck(
            image_id=image_id,  # type: ignore[arg-type]
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            consent_revision=1,
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            quarantine_key=key,
            sha256=sha256,
            width_px=standins.SIDE_PX,
            height_px=standins.SIDE_PX,
            backbone_digest=standins.BACKBONE,
            received_at=clock.now(),
        )
        with database.transaction() as unit:
            filtering.receive(check, rows_of(unit))

        def state() -> str:
            found = ports.reads.check(check.image_id)
            if found is None or found.state is CheckState.QUEUED:
                return "pending"
            return MADE if found.state is CheckState.ALLOWED else ",".join(found.reasons) or found.state.value

        return _awaited(state)

    return Station(application, view, attempt)


def provenance(settings: ProvenanceSettings, _everybody: list[Person], bystander: Bystander) -> Station:
    """Hand an allowed picture to the signer, and wait for it to be published."""
    clock = SystemClock()
    database = Database(settings.database_url, source="provenance", clock=clock)
    broker = broker_of(settings)
    view = consent_view_of(settings, broker, clock)
    store = MinioStore(settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key.get_secret_value(), False)
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)
    ports = provenance_main.ports_of(settings, database, store, keyring, consents=view, clock=clock)
    application = Application(
        name="provenance",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=[
            *provenance_subscriptions(store_of, ports.seal),
            *audit_subscriptions(store_of, ports.seal),
        ],
        work=provenance_work.kinds(ports, publish_concurrency=settings.publish_concurrency),
        consent_view=view,
        migrations_dir=provenance_main.MIGRATIONS,
        on_start=[keys_of(settings, clock).prepare],
    )

    def attempt(person: Person, seed: int) -> str:
        image_id, key, sha256 = bystander.render(person, seed)
        publication = Publication(
            image_id=image_id,  # type: ignore[arg-type]
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            consent_revision=1,
            adapter_id=person.adapter_id,  # type: ignore[arg-type]
            quarantine_key=key,
            rendered_sha256=sha256,
            backbone_digest=standins.BACKBONE,
        )
        with database.transaction() as unit:
            publishing.allow(publication, store_of(unit))

        def state() -> str:
            with reading(database) as rows:
                found = rows.publication(publication.image_id)
            if found is None or found.state is State.QUEUED:
                return "pending"
            return MADE if found.state is State.PUBLISHED else found.reason_code or found.state.value

        return _awaited(state)

    return Station(application, view, attempt)


def refusal(error: SemblanceError) -> str:
    """How a refusal is counted."""
    return error.code


def _awaited(state: Callable[[], str]) -> str:
    until_s = time.monotonic() + ENOUGH_S
    while (found := state()) == "pending":
        if time.monotonic() > until_s:
            return "gave-up-waiting"
        time.sleep(_POLL_S)
    return found
