"""Puts the service together: `python -m semblance.generation.main all`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import grpc

from semblance.contracts.generation.v1 import service_pb2_grpc
from semblance.diffusion.config import drawn_sizes, own_steps
from semblance.diffusion.pipelines import keeps_parts
from semblance.eventbus.broker import Broker
from semblance.faces import OpenCvFaceEngine
from semblance.generation.adapters.engine_metrics import watch_engines
from semblance.generation.adapters.memory_shelf import MemoryShelf
from semblance.generation.adapters.neighbours import ProvenanceSources, SafetyPrompts, TrainingAdapters
from semblance.generation.adapters.removals import Removals
from semblance.generation.adapters.sealed_words import SealedWords
from semblance.generation.adapters.store import SqlTransactions, store_of
from semblance.generation.adapters.work import work_kinds
from semblance.generation.api.servicer import GenerationServicer
from semblance.generation.consumers import subscriptions
from semblance.generation.domain.errors import BackboneMissing
from semblance.generation.domain.sizes import Offered, offered
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ml.options import backbone_dir, concurrency, look_every_s, renderer_settings
from semblance.generation.ports import Adapters, Ports, PromptFilter, Renderer, Rules, Shelf, Sources
from semblance.generation.settings import GenerationSettings
from semblance.kernel.clock import SystemClock
from semblance.kernel.consent import Consent
from semblance.kernel.ids import AdapterId
from semblance.objects import ADAPTERS, QUARANTINE, FileKeyRing, MinioStore, ObjectStore, SealedObjects, Sealer
from semblance.service_kit import rpc
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import key_is_destroyed, only_asked
from semblance.service_kit.periodic import Periodic
from semblance.service_kit.runtime import Application, Check, broker_of, consent_view_of, run

MIGRATIONS_DIR = Path(__file__).parents[2] / "migrations"


@dataclass(frozen=True)
class Outside:
    """What the service speaks to, and what draws for it."""

    broker: Broker
    objects: ObjectStore
    prompts: PromptFilter
    adapters: Adapters
    sources: Sources
    renderer: Renderer


class Built(NamedTuple):
    """The process, and what its handlers are given."""

    application: Application
    ports: Ports


def build(settings: GenerationSettings) -> Application:
    """The service on real stores, broker and neighbours."""
    outside = Outside(
        broker=broker_of(settings),
        objects=objects_of(settings),
        prompts=SafetyPrompts(rpc.connect(settings.safety_address, settings.internal_token)),
        adapters=TrainingAdapters(rpc.connect(settings.training_address, settings.internal_token)),
        sources=ProvenanceSources(
            rpc.connect(settings.provenance_address, settings.internal_token), settings.source_max_bytes
        ),
        renderer=renderer_of(settings),
    )
    return build_on(settings, outside).application


def objects_of(settings: GenerationSettings) -> ObjectStore:
    """The store that the settings name."""
    secret = settings.s3_secret_key.get_secret_value()
    return MinioStore(settings.s3_endpoint, settings.s3_access_key, secret, settings.s3_secure)


def build_on(settings: GenerationSettings, outside: Outside) -> Built:
    """All that is the service's own, on whatever is outside."""
    clock, broker, store, renderer = SystemClock(), outside.broker, outside.objects, outside.renderer
    database = Database(
        settings.database_url, source="generation", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    consents = consent_view_of(settings, broker, clock)
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file)
    sealer = Sealer(keyring)
    shelf = MemoryShelf(
        SealedObjects(store, sealer, ADAPTERS),
        clock,
        capacity=settings.loaded_adapters,
        max_idle_s=settings.adapter_idle_s,
    )
    # Every process hears of a withdrawal itself: the one that holds the adapter may not be the one that consumes.
    consents.on_revoked(lambda consent: _withdraw(consent, shelf, renderer))
    removals = Removals(broker, lambda adapter_id: let_go(adapter_id, shelf, renderer))
    idle = Periodic("idle-shelf", shelf.drop_idle, lambda: look_every_s(settings.adapter_idle_s))
    watch_engines(renderer.load)
    transactions = SqlTransactions(database)
    ports = Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        consents=consents,
        prompts=outside.prompts,
        adapters=outside.adapters,
        sources=outside.sources,
        shelf=shelf,
        renderer=renderer,
        quarantine=SealedObjects(store, sealer, QUARANTINE),
        words=SealedWords(sealer),
        rules=Rules(
            open_images=settings.open_images,
            open_images_by_others=settings.open_images_by_others,
            people=people_max(settings),
            tick_s=settings.tick_s,
            turn_s=settings.turn_s,
            own_steps=own_steps(backbone_dir(settings)),
            sizes=sizes_of(settings),
        ),
    )

    def servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_GenerationServiceServicer_to_server(GenerationServicer(ports), server)

    def backbone() -> None:
        folder = backbone_dir(settings)
        if settings.engine == "local" and not (folder / "model_index.json").is_file():
            raise BackboneMissing(f"no pipeline lies in {folder.name}")

    application = Application(
        name="generation",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=only_asked(subscriptions(ports, store_of), key_is_destroyed(keyring)),
        work=work_kinds(
            ports,
            lease_s=settings.lease_s,
            max_attempts=settings.max_attempts,
            patience_s=settings.patience_s,
            concurrency=concurrency(settings),
        ),
        grpc=[servicer],
        consent_view=consents,
        checks=[Check("backbone", backbone), Check("engine", renderer.healthy)],
        migrations_dir=MIGRATIONS_DIR,
        on_start=[removals.start, idle.start],
        on_stop=[idle.stop, removals.stop, renderer.close],
    )
    return Built(application, ports)


def people_max(settings: GenerationSettings) -> int:
    """In one picture: as the settings say, or 1 where the backbone keeps nobody to a part. A backbone that is not at
    hand here, but with the engines elsewhere, is taken at the settings' word."""
    if settings.engine != "stub" and keeps_parts(backbone_dir(settings)) is False:
        return 1
    return settings.people_max


def sizes_of(settings: GenerationSettings) -> Offered:
    """What may be asked for; nothing of a stub, which gives out what it has."""
    if settings.engine == "stub":
        return {}
    return offered(drawn_sizes(backbone_dir(settings)), settings.upscale_to_px)


def renderer_of(settings: GenerationSettings) -> Renderer:
    """The engine that the settings name."""
    if settings.engine == "local":
        return EngineRenderer(renderer_settings(settings), OpenCvFaceEngine(settings.models_dir))
    if settings.engine == "stub":
        from semblance.generation.testing.stub_sampler import StubSampler  # noqa: PLC0415 - nowhere else

        return StubSampler.of(settings, OpenCvFaceEngine(settings.models_dir))
    # Only here: the engine in this process needs none of Ray.
    from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer  # noqa: PLC0415

    return RayRenderer(
        ClusterSettings(settings.ray_address, settings.ray_silence_s, settings.ray_tell_s, settings.ray_join_s)
    )


def _withdraw(consent: Consent, shelf: Shelf, renderer: Renderer) -> None:
    shelf.drop_consent(consent.id)
    renderer.revoke(Withdrawal(consent_id=consent.id))


def let_go(adapter_id: AdapterId, shelf: Shelf, renderer: Renderer) -> None:
    """Out of this process, whoever else holds it."""
    shelf.drop(adapter_id)
    renderer.revoke(Withdrawal(adapter_id=adapter_id))


if __name__ == "__main__":
    run(build, GenerationSettings)
