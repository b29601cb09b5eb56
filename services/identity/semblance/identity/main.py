"""The process: python -m semblance.identity.main all | api | consume | work | relay | migrate | replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import grpc

from semblance.contracts.identity.v1 import receipts_pb2_grpc, register_pb2_grpc, review_pb2_grpc, service_pb2_grpc
from semblance.eventbus.broker import Broker
from semblance.faces import FaceEngine, FaceMesh, OpenCvFaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.identity.adapters.gallery import MemoryGallery
from semblance.identity.adapters.notes import LogNotes
from semblance.identity.adapters.notices import current_notice, notice_of
from semblance.identity.adapters.receipts import FileReceipts
from semblance.identity.adapters.start import look_at_face_models
from semblance.identity.adapters.store import ERASE_SUBJECT, SqlTransactions
from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.adapters.told import told_within
from semblance.identity.adapters.work import erase_subject
from semblance.identity.api.operator_servicer import OperatorServicer
from semblance.identity.api.receipts_servicer import ReceiptServicer
from semblance.identity.api.register_servicer import RegisterServicer, ReviewServicer
from semblance.identity.api.servicer import IdentityServicer
from semblance.identity.consumers import erasure_answers, failed_pictures
from semblance.identity.domain.illumination import LightRules
from semblance.identity.domain.integrity import IntegrityRules
from semblance.identity.domain.liveness import LivenessRules
from semblance.identity.domain.matching import MatchRules
from semblance.identity.domain.recogniser import SFACE, Recogniser
from semblance.identity.domain.rules import Rules
from semblance.identity.domain.session import LockOut
from semblance.identity.domain.shading import ShadingRules
from semblance.identity.domain.sharing import SharingRules
from semblance.identity.domain.verdict import CaptureRules
from semblance.identity.handlers import noted
from semblance.identity.ml.capture_reader import FaceCaptureReader
from semblance.identity.ml.photo_reader import FacePhotoReader, PhotoRules
from semblance.identity.ports import CaptureReader, Keys, PhotoReader, Ports, Seals
from semblance.identity.settings import IdentitySettings
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.ids import SubjectId
from semblance.objects import FileKeyRing, Sealer
from semblance.service_kit.database import Database
from semblance.service_kit.runtime import Application, Check, broker_of, consent_view_of, run
from semblance.service_kit.taken_back import Keep, Kind, TakenBackLog

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def capture_rules_of(s: IdentitySettings) -> CaptureRules:
    """The settings as the rules that a capture is judged by."""
    return CaptureRules(
        liveness=LivenessRules(
            turn_deg=s.turn_deg,
            neutral_deg=s.neutral_deg,
            nod_widths=s.nod_widths,
            nod_back_widths=s.nod_back_widths,
            nod_deg=s.nod_deg,
            min_face_width_px=s.min_face_width_px,
            min_duration_ms=s.min_capture_ms,
            max_faceless_share=s.max_faceless_share,
            max_step_widths=s.max_step_widths,
            min_frontal_frames=s.min_frontal_frames,
            eyes_closed_share=s.eyes_closed_share,
            eyes_closed_ms=s.eyes_closed_ms,
        ),
        light=LightRules(agreement=s.light_agreement, swing=s.light_swing, lag_ms=s.light_lag_ms),
        shading=ShadingRules(relief=s.light_relief, room_share=s.light_room_share, body_share=s.light_body_share),
        integrity=IntegrityRules(
            slowest_ms=s.slowest_frame_ms,
            fastest_ms=s.fastest_frame_ms,
            longest_gap_ms=s.longest_gap_ms,
            repeat_rms=s.repeat_rms,
            moving_widths=s.moving_widths,
        ),
    )


def rules_of(settings: IdentitySettings) -> Rules:
    """The settings as the domain's rules."""
    s = settings
    return Rules(
        capture=capture_rules_of(s),
        matching=MatchRules(
            match=s.match_threshold,
            enrolled_elsewhere=s.enrolled_elsewhere_threshold,
            protected=s.protected_threshold,
            same_photographed=s.same_photographed_threshold,
            same_face=s.same_face_threshold,
            turned_same_face=s.turned_same_face_threshold,
            templates=s.templates_per_person,
            compared_frames=s.compared_frames,
            compared_per_movement=s.compared_per_movement,
        ),
        lock_out=LockOut(
            failures=s.lock_out_failures,
            pause_s=s.lock_out_pause_s,
            growth=s.lock_out_growth,
            longest_s=s.lock_out_longest_s,
            memory_s=s.lock_out_memory_s,
        ),
        screen_light=s.screen_light,
        expression=s.expression,
        session_s=s.session_s,
        tries=s.tries,
        remind_s=s.remind_s,
        template_days=s.template_days,
        retention_days=s.retention_days,
        issuer=s.receipt_issuer,
        receipt_items_max=s.receipt_items_max,
        erasure_list_days=s.erasure_list_days,
        unfinished_session_s=s.unfinished_session_s,
        review_days=s.review_days,
        review_use_s=s.review_use_s,
        non_biometric_review=s.non_biometric_review,
        protected_faces=s.protected_faces_max,
        register_left_behind=s.register_left_behind,
        sharing=SharingRules(
            purpose_characters=s.share_purpose_characters,
            limits=s.share_limits,
            limit_characters=s.share_limit_characters,
            pictures=s.share_pictures,
            open_asks=s.share_open_asks,
            open_asks_to_one=s.share_open_asks_to_one,
            standing_grants=s.share_standing_grants,
            ask_days=s.share_ask_days,
            ask_again_days=s.share_ask_again_days,
        ),
    )


def matcher_of(settings: IdentitySettings) -> FaceEngine:
    """What compares faces: the face model of the settings, by DeepFace unless they say otherwise."""
    return load_engine(model_named(settings.face_model), settings.models_dir, sface_by=settings.face_engine)


def readers_of(
    settings: IdentitySettings, matcher: FaceEngine | None = None
) -> tuple[FaceCaptureReader, FacePhotoReader]:
    """Faces are found by OpenCV, in every frame, and compared by `matcher`; none: by what the settings name."""
    matcher = matcher or matcher_of(settings)
    detector = matcher if isinstance(matcher, OpenCvFaceEngine) else OpenCvFaceEngine(settings.models_dir)
    photo_rules = PhotoRules(
        max_pixels=settings.photo_pixels_max,
        min_face_px=settings.photo_min_face_px,
        min_sharpness=settings.photo_min_sharpness,
        same_person=settings.same_photographed_threshold,
    )
    at_once, wait_s = settings.captures_at_once, settings.capture_wait_s
    return (
        FaceCaptureReader(detector, matcher, FaceMesh(), at_once=at_once, wait_s=wait_s),
        FacePhotoReader(detector, matcher, photo_rules, at_once=at_once, wait_s=wait_s),
    )


def ports_of(
    settings: IdentitySettings,
    database: Database,
    keys: Keys,
    seals: Seals,
    *,
    readers: tuple[CaptureReader, PhotoReader],
    clock: Clock,
    recogniser: Recogniser = SFACE,
) -> Ports:
    """Everything that the handlers need; `recogniser` is whose numbers the readers make."""
    transactions = SqlTransactions(database, clock)
    return Ports(
        transactions=transactions.write,
        reads=transactions.read,
        clock=clock,
        keys=keys,
        seals=seals,
        receipts=FileReceipts(settings.receipt_key_file or settings.keyring_kek_file.parent / "erasure-receipts.key"),
        reader=readers[0],
        photos=readers[1],
        gallery=MemoryGallery(seals, keys, recogniser, left_behind=settings.register_left_behind),
        recogniser=recogniser,
        notice=current_notice(),
        notices=notice_of,
        rules=rules_of(settings),
    )


def kept_of(ports: Ports) -> dict[Kind, Keep]:
    """What the log's files hold, by their kind."""
    return {
        Kind.PROTECTED: lambda entry: noted.keep_entry(entry.thing_id, ports),
        Kind.LIMITS: lambda entry: noted.keep_limits(SubjectId(entry.subject_id), ports),
    }


def build(settings: IdentitySettings, broker: Broker | None = None) -> Application:
    """The service as its settings describe it; `broker` instead of theirs is for tests."""
    clock = SystemClock()
    broker = broker or broker_of(settings)
    database = Database(
        settings.database_url, source="identity", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock, erased=settings.keyring_erased_dir)
    matcher = matcher_of(settings)
    ports = ports_of(
        settings,
        database,
        keyring,
        Sealer(keyring),
        readers=readers_of(settings, matcher),
        clock=clock,
        recogniser=Recogniser(matcher.model.id, matcher.model.dimensions),
    )
    store_of = SqlTransactions(database, clock).of_unit
    consents = consent_view_of(settings, broker, clock)
    ports = replace(ports, told=told_within(database, consents, settings.revocation_told_s))
    if settings.taken_back_dir is not None:
        ports = replace(ports, notes=LogNotes(TakenBackLog(settings.taken_back_dir)))
    sweeper = Sweeper(ports, consents, every_s=settings.sweep_s)

    def add_servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(ports), server)
        receipts_pb2_grpc.add_ReceiptServiceServicer_to_server(ReceiptServicer(ports), server)
        register_pb2_grpc.add_RegisterServiceServicer_to_server(RegisterServicer(ports), server)
        review_pb2_grpc.add_ReviewServiceServicer_to_server(ReviewServicer(ports), server)
        review_pb2_grpc.add_OperatorServiceServicer_to_server(OperatorServicer(ports), server)

    return Application(
        name="identity",
        settings=settings,
        database=database,
        broker=broker,
        consent_view=consents,
        checks=[Check("consent log", sweeper.check)],
        subscriptions=[erasure_answers(ports, store_of), failed_pictures(store_of)],
        work={ERASE_SUBJECT: erase_subject(ports, store_of)},
        kept=kept_of(ports),
        grpc=[add_servicer],
        migrations_dir=MIGRATIONS,
        on_start=[lambda: look_at_face_models(ports), sweeper.start],
        on_stop=[sweeper.stop],
    )


if __name__ == "__main__":
    run(build, IdentitySettings)
