"""The process: python -m semblance.ingest.main all | api | consume | work | relay | migrate | replay."""

from __future__ import annotations

from pathlib import Path

import grpc

from semblance.contracts.ingest.v1 import service_pb2_grpc
from semblance.faces import FaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.ingest.adapters.identity_client import GrpcIdentity
from semblance.ingest.adapters.objects import IncomingObjects, SealedOriginals
from semblance.ingest.adapters.picture_codec import PillowCodec
from semblance.ingest.adapters.store import SqlTransactions, store_of
from semblance.ingest.adapters.sweeper import sweeper
from semblance.ingest.adapters.work import work_kinds
from semblance.ingest.api.servicer import IngestServicer
from semblance.ingest.consumers import subscriptions
from semblance.ingest.domain.photo import Limits
from semblance.ingest.domain.verdict import Rules
from semblance.ingest.ml.face_reader import EngineFaceReader
from semblance.ingest.ports import Consents, Identity, Ports, Settings
from semblance.ingest.settings import IngestSettings
from semblance.kernel.clock import Clock, SystemClock
from semblance.objects import FileKeyRing, KeyRing, MinioStore, ObjectStore, Sealer
from semblance.service_kit import rpc
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import key_is_destroyed, only_asked
from semblance.service_kit.runtime import Application, broker_of, consent_view_of, run

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def settings_of(settings: IngestSettings, face_model: str) -> Settings:
    """The settings as the handlers' rules; face_model as the engine in hand calls itself."""
    return Settings(
        limits=Limits(
            size_bytes=settings.upload_limit_bytes,
            pixels=settings.pixel_limit,
            photos=settings.photo_limit,
            near_duplicate_bits=settings.near_duplicate_bits,
            upload_s=settings.upload_s,
        ),
        rules=Rules(min_face_px=settings.min_face_px, min_sharpness=settings.min_sharpness),
        grouping_threshold=settings.grouping_threshold,
        face_model=face_model,
    )


def ports_of(
    settings: IngestSettings,
    database: Database,
    *,
    store: ObjectStore,
    keyring: KeyRing,
    engine: FaceEngine,
    identity: Identity,
    consents: Consents,
    clock: Clock,
) -> Ports:
    """Everything that the handlers need."""
    transactions = SqlTransactions(database)
    sealer = Sealer(keyring)
    return Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        codec=PillowCodec(max_pixels=settings.pixel_limit, at_once=settings.pictures_at_once),
        faces=EngineFaceReader(engine),
        identity=identity,
        consents=consents,
        originals=SealedOriginals(store, sealer),
        incoming=IncomingObjects(store),
        seals=sealer,
        settings=settings_of(settings, engine.model.id),
    )


def build(settings: IngestSettings) -> Application:
    """The service as its settings describe it."""
    clock = SystemClock()
    database = Database(
        settings.database_url, source="ingest", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    broker = broker_of(settings)
    consents = consent_view_of(settings, broker, clock)
    engine = load_engine(model_named(settings.face_model), settings.models_dir)
    channel = rpc.connect(settings.identity_address, settings.internal_token, deadline_s=settings.identity_deadline_s)
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)
    ports = ports_of(
        settings,
        database,
        store=MinioStore(
            settings.s3_endpoint,
            settings.s3_access_key,
            settings.s3_secret_key.get_secret_value(),
            settings.s3_secure,
            public_endpoint=settings.s3_public_endpoint,
        ),
        keyring=keyring,
        engine=engine,
        identity=GrpcIdentity(channel, engine.model.id),
        consents=consents,
        clock=clock,
    )
    sweeping = sweeper(ports, every_s=settings.sweep_s)

    def add_servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_IngestServiceServicer_to_server(IngestServicer(ports), server)

    return Application(
        name="ingest",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=only_asked(subscriptions(store_of), key_is_destroyed(keyring)),
        work=work_kinds(ports, concurrency=settings.analyses_at_once),
        grpc=[add_servicer],
        consent_view=consents,
        migrations_dir=MIGRATIONS,
        on_start=[sweeping.start],
        on_stop=[sweeping.stop, channel.close],
    )


if __name__ == "__main__":
    run(build, IngestSettings)
