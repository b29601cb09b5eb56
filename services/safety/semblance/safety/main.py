"""The process: python -m semblance.safety.main all | api | consume | work | relay | migrate | replay."""

from __future__ import annotations

from pathlib import Path

import grpc

from semblance.contracts.safety.v1 import service_pb2_grpc
from semblance.faces import FaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.kernel.clock import Clock, SystemClock
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.safety.adapters.identity_client import IdentityMatcher
from semblance.safety.adapters.rules_file import prompt_rules, topics
from semblance.safety.adapters.store import SqlReads, SqlStore
from semblance.safety.adapters.work import work_kinds
from semblance.safety.api.servicer import SafetyServicer
from semblance.safety.consumers import subscriptions
from semblance.safety.domain.verdict import VerdictRules
from semblance.safety.ml.eyes import PictureEyes
from semblance.safety.ml.nudity import NudityDetector
from semblance.safety.ports import Consents, Eyes, Matcher, Ports, Quarantine, Store
from semblance.safety.settings import SafetySettings
from semblance.service_kit import rpc
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.runtime import Application, broker_of, consent_view_of, run

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def rules_of(settings: SafetySettings) -> VerdictRules:
    """The settings as the domain's rules."""
    return VerdictRules(
        own_floor=settings.own_floor,
        other_threshold=settings.other_threshold,
        clear_margin=settings.clear_margin,
        margin=settings.margin,
        nudity_score_0_1=settings.nudity_score_0_1,
    )


def engine_of(settings: SafetySettings) -> FaceEngine:
    """The face model of the settings."""
    return load_engine(model_named(settings.face_model), settings.models_dir)


def eyes_of(settings: SafetySettings, engine: FaceEngine | None = None) -> PictureEyes:
    """The real face and nudity models."""
    engine = engine or engine_of(settings)
    return PictureEyes(engine, NudityDetector(), closer_look_score_0_1=settings.closer_look_score_0_1)


def ports_of(
    settings: SafetySettings,
    database: Database,
    *,
    clock: Clock,
    consents: Consents,
    eyes: Eyes,
    matcher: Matcher,
    quarantine: Quarantine,
) -> Ports:
    """Everything that the handlers need."""
    rules = rules_of(settings)
    return Ports(
        reads=SqlReads(database, rules),
        clock=clock,
        consents=consents,
        eyes=eyes,
        matcher=matcher,
        quarantine=quarantine,
        prompt_rules=prompt_rules(),
        topics=topics(),
        verdict_rules=rules,
    )


def quarantine_of(settings: SafetySettings, clock: Clock) -> SealedObjects:
    """Sealed pictures in the object store; this service may read and delete them."""
    secret = settings.s3_secret_key.get_secret_value()
    store = MinioStore(settings.s3_endpoint, settings.s3_access_key, secret, settings.s3_secure)
    return SealedObjects(store, Sealer(FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)), QUARANTINE)


def build(settings: SafetySettings) -> Application:
    """The service as its settings describe it."""
    clock = SystemClock()
    database = Database(
        settings.database_url, source="safety", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    broker = broker_of(settings)
    view = consent_view_of(settings, broker, clock)
    engine = engine_of(settings)
    channel = rpc.connect(settings.identity_address, settings.internal_token)
    ports = ports_of(
        settings,
        database,
        clock=clock,
        consents=view,
        eyes=eyes_of(settings, engine),
        matcher=IdentityMatcher(channel, face_model=engine.model.id, deadline_s=settings.match_deadline_s),
        quarantine=quarantine_of(settings, clock),
    )

    def store_of(unit: Unit) -> Store:
        return SqlStore(unit, ports.verdict_rules)

    def add_servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_SafetyServiceServicer_to_server(SafetyServicer(ports), server)

    return Application(
        name="safety",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=subscriptions(ports, store_of),
        work=work_kinds(ports, store_of, at_once=settings.filters_at_once, attempts=settings.filter_attempts),
        grpc=[add_servicer],
        consent_view=view,
        migrations_dir=MIGRATIONS,
        on_stop=[channel.close],
    )


if __name__ == "__main__":
    run(build, SafetySettings)
