"""The process: python -m semblance.safety.main all | api | consume | work | relay | migrate | replay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import grpc

from semblance.contracts.safety.v1 import service_pb2_grpc
from semblance.eventbus.broker import Broker
from semblance.faces import FaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.faces.scanning import OnnxFaceScanner
from semblance.kernel.clock import Clock, SystemClock
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.safety.adapters.figures_file import figures_in
from semblance.safety.adapters.identity_client import IdentityMatcher
from semblance.safety.adapters.ingest_client import LibraryPeople
from semblance.safety.adapters.rules_file import left_out_rules, prompt_rules, public_figures, topics
from semblance.safety.adapters.store import SqlReads, SqlStore
from semblance.safety.adapters.sweeper import sweeper
from semblance.safety.adapters.work import work_kinds
from semblance.safety.api.servicer import SafetyServicer
from semblance.safety.consumers import subscriptions
from semblance.safety.domain.prompt import with_names
from semblance.safety.domain.verdict import VerdictRules
from semblance.safety.handlers.looking import Nobody
from semblance.safety.ml.decoding import PictureLimits
from semblance.safety.ml.eyes import PictureEyes
from semblance.safety.ml.heads import SentenceHeads
from semblance.safety.ml.looking import FaceLooker, LookRules
from semblance.safety.ml.nudity import NudityDetector
from semblance.safety.ml.own_model import own_model
from semblance.safety.ml.sentences import SentenceEncoder
from semblance.safety.ports import (
    Consents,
    Eyes,
    IntentModel,
    KnownFaces,
    Libraries,
    LimitModel,
    LookLimits,
    Matcher,
    Ports,
    Quarantine,
    Store,
)
from semblance.safety.settings import SafetySettings
from semblance.service_kit import rpc
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.erasing import key_is_destroyed, only_asked
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
        library_threshold=_or(settings.library_threshold, settings.other_threshold),
        figure_threshold=_or(settings.figure_threshold, settings.other_threshold),
        review_band=settings.review_band,
        unknown_faces=settings.unknown_faces,
    )


def _or(threshold: float | None, otherwise: float) -> float:
    return otherwise if threshold is None else threshold


def engine_of(settings: SafetySettings) -> FaceEngine:
    """The face model of the settings."""
    return load_engine(model_named(settings.face_model), settings.models_dir)


def eyes_of(settings: SafetySettings, engine: FaceEngine | None = None) -> PictureEyes:
    """The real face and nudity models."""
    cv2.setNumThreads(settings.look_threads)
    rules = LookRules(
        sure_0_1=settings.close_look_score_0_1,
        closer_0_1=settings.closer_look_score_0_1,
        finer_0_1=settings.finer_look_score_0_1,
        half_0_1=settings.half_face_score_0_1,
        faint_0_1=settings.faint_score_0_1,
        places=settings.places_max,
    )
    limits = PictureLimits(settings.picture_side_min_px, settings.picture_side_max_px, settings.picture_size_max_bytes)
    return PictureEyes(
        FaceLooker(OnnxFaceScanner(settings.models_dir, threads=settings.look_threads), rules),
        engine or engine_of(settings),
        NudityDetector(threads=settings.look_threads),
        limits=limits,
        thorough=settings.thorough,
    )


class PromptModels(NamedTuple):
    """What reads prompts beside the rules."""

    intents: IntentModel
    limits: LimitModel


def prompt_models_of(settings: SafetySettings, encoder: SentenceEncoder | None = None) -> PromptModels:
    """Loaded here, so that a service without them does not start. Raises PromptModelUnavailable."""
    built_in = SentenceHeads(encoder or SentenceEncoder())
    folder = settings.prompt_model_path
    return PromptModels(built_in if folder is None else own_model(folder), built_in)


def ports_of(
    settings: SafetySettings,
    database: Database,
    *,
    clock: Clock,
    consents: Consents,
    eyes: Eyes,
    matcher: Matcher,
    quarantine: Quarantine,
    library: Libraries,
    figures: KnownFaces,
    prompt_models: PromptModels | None = None,
) -> Ports:
    """Everything that the handlers need. Prompt models that are not given are those of the settings."""
    rules = rules_of(settings)
    models = prompt_models or prompt_models_of(settings)
    return Ports(
        reads=SqlReads(database, rules),
        clock=clock,
        consents=consents,
        eyes=eyes,
        matcher=matcher,
        quarantine=quarantine,
        prompt_rules=with_names(prompt_rules(), public_figures(settings.public_figures_path)),
        left_out_rules=left_out_rules(),
        topics=topics(),
        intent_model=models.intents,
        limit_model=models.limits,
        refuse_unread=settings.refuse_unread_scripts,
        verdict_rules=rules,
        library=library,
        figures=figures,
        limits=LookLimits(settings.faces_max, settings.people_max, settings.wait_max_s, settings.review_s),
    )


def quarantine_of(settings: SafetySettings, clock: Clock) -> SealedObjects:
    """Sealed pictures in the object store; this service may read and delete them."""
    secret = settings.s3_secret_key.get_secret_value()
    store = MinioStore(settings.s3_endpoint, settings.s3_access_key, secret, settings.s3_secure)
    return SealedObjects(store, Sealer(FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)), QUARANTINE)


@dataclass(frozen=True)
class Outside:
    """What the service speaks to, and what looks and reads for it."""

    broker: Broker
    quarantine: Quarantine
    eyes: Eyes
    matcher: Matcher
    library: Libraries
    figures: KnownFaces
    prompt_models: PromptModels


def build(settings: SafetySettings) -> Application:
    """The service as its settings describe it."""
    engine = engine_of(settings)
    channel = rpc.connect(settings.identity_address, settings.internal_token)
    photos = rpc.connect(settings.ingest_address, settings.internal_token)
    outside = Outside(
        broker=broker_of(settings),
        quarantine=quarantine_of(settings, SystemClock()),
        eyes=eyes_of(settings, engine),
        matcher=IdentityMatcher(channel, face_model=engine.model.id, deadline_s=settings.match_deadline_s),
        library=LibraryPeople(photos, face_model=engine.model.id, deadline_s=settings.match_deadline_s)
        if settings.library_check
        else Nobody(),
        figures=figures_in(settings.figures_dir, engine.model.id) if settings.figures_dir else Nobody(),
        prompt_models=prompt_models_of(settings),
    )
    application = build_on(settings, outside)
    return replace(application, on_stop=[*application.on_stop, channel.close, photos.close])


def build_on(settings: SafetySettings, outside: Outside) -> Application:
    """All that is the service's own, on whatever is outside."""
    clock = SystemClock()
    database = Database(
        settings.database_url, source="safety", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    view = consent_view_of(settings, outside.broker, clock)
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)
    ports = ports_of(
        settings,
        database,
        clock=clock,
        consents=view,
        eyes=outside.eyes,
        matcher=outside.matcher,
        quarantine=outside.quarantine,
        library=outside.library,
        figures=outside.figures,
        prompt_models=outside.prompt_models,
    )

    def store_of(unit: Unit) -> Store:
        return SqlStore(unit, ports.verdict_rules)

    sweeping = sweeper(database, ports, store_of, every_s=settings.sweep_s)

    def add_servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_SafetyServiceServicer_to_server(SafetyServicer(ports), server)

    return Application(
        name="safety",
        settings=settings,
        database=database,
        broker=outside.broker,
        subscriptions=only_asked(subscriptions(ports, store_of), key_is_destroyed(keyring)),
        work=work_kinds(
            ports,
            store_of,
            at_once=settings.filters_at_once,
            attempts=settings.filter_attempts,
            look_s=settings.look_s,
            lease_s=settings.lease_s,
        ),
        grpc=[add_servicer],
        consent_view=view,
        migrations_dir=MIGRATIONS,
        on_start=[sweeping.start],
        on_stop=[sweeping.stop],
    )


if __name__ == "__main__":
    run(build, SafetySettings)
