"""The process: python -m semblance.provenance.main all | api | consume | work | relay | migrate | replay."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

import grpc

from semblance.contracts.audit.v1.service_pb2_grpc import add_AuditServiceServicer_to_server
from semblance.contracts.provenance.v1 import resolution_pb2_grpc, service_pb2_grpc, takedown_pb2_grpc
from semblance.eventbus.broker import Broker
from semblance.kernel.clock import Clock, SystemClock
from semblance.objects import FileKeyRing, KeyRing, MinioStore, ObjectStore, Sealer
from semblance.provenance.adapters import takedown_clock, work
from semblance.provenance.adapters.audit_check import check_in_background
from semblance.provenance.adapters.audit_seal import FileAuditSeal
from semblance.provenance.adapters.c2pa_engine import C2paEngine, Reports
from semblance.provenance.adapters.claims import SealedClaims
from semblance.provenance.adapters.fingerprint_index import FingerprintIndex
from semblance.provenance.adapters.marks import check_keys, fingerprint_of, watermark_of
from semblance.provenance.adapters.pictures import SealedPictures
from semblance.provenance.adapters.reading_apart import ReadersApart, ReadLimits
from semblance.provenance.adapters.signers.choosing import generator_of, keys_of, time_stamps_of
from semblance.provenance.adapters.store import reading, store_of, writing
from semblance.provenance.api.audit_servicer import AuditServicer
from semblance.provenance.api.resolution_servicer import ResolutionServicer
from semblance.provenance.api.servicer import ProvenanceServicer
from semblance.provenance.api.takedown_servicer import OperatorServicer, TakedownServicer
from semblance.provenance.consumers import audit_subscriptions, subscriptions
from semblance.provenance.domain.picture import Limits
from semblance.provenance.ml.marking import LookLimits, MarkedPixels
from semblance.provenance.ports import Consents, Ports, Store, TakedownRules
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import key_is_destroyed, only_asked
from semblance.service_kit.runtime import Application, broker_of, consent_view_of, run
from semblance.watermark import Fingerprint, Watermark

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_SALT_BYTES = 16


def ports_of(
    settings: ProvenanceSettings,
    database: Database,
    store: ObjectStore,
    keyring: KeyRing,
    *,
    consents: Consents,
    clock: Clock,
    watermark: Watermark,
    fingerprint: Fingerprint,
    reports: Reports | None = None,
) -> Ports:
    """Everything that the handlers need. `reports` reads strangers' manifests; unset, this process does, unlimited."""

    def reads() -> AbstractContextManager[Store]:
        return reading(database)

    looks = LookLimits(settings.look_max_pixels, settings.look_at_once, settings.look_wait_s)
    engine = C2paEngine(
        keys_of(settings, clock),
        generator_of(settings),
        other_anchors_pem=settings.trust_anchors_file.read_text() if settings.trust_anchors_file else "",
        time_stamps=time_stamps_of(settings),
        reports=reports,
    )
    return Ports(
        clock=clock,
        pictures=SealedPictures(store, Sealer(keyring)),
        signer=engine,
        consents=consents,
        limits=Limits(settings.verify_max_bytes, settings.verify_max_pixels),
        reads=reads,
        salt=lambda: os.urandom(_SALT_BYTES),
        seal=seal_of(settings),
        pixels=MarkedPixels(watermark, fingerprint, looks),
        fingerprints=FingerprintIndex(fingerprint, reads, wait_s=settings.look_wait_s),
        transactions=lambda: writing(database),
        claims=SealedClaims(keyring),
        takedown_rules=TakedownRules(
            settings.takedown_hide, settings.takedown_open_max, settings.takedown_keep_days, settings.takedown_mail
        ),
    )


def seal_of(settings: ProvenanceSettings) -> FileAuditSeal:
    """The key that the audit logs' heads are signed with."""
    return FileAuditSeal(settings.audit_key_file or settings.signing_dir / "audit.key", settings.generator_name)


def readers_of(settings: ProvenanceSettings) -> ReadersApart:
    """What reads strangers' manifests; its processes begin with the first question."""
    return ReadersApart(
        ReadLimits(settings.read_at_once, settings.read_within_s, settings.read_memory_mib, settings.read_wait_s)
    )


def real_ports(
    settings: ProvenanceSettings,
    database: Database,
    consents: Consents,
    clock: Clock,
    reports: Reports,
    *,
    objects: ObjectStore | None = None,
) -> Ports:
    """With the key ring and the marks that the settings name, and with their store unless told."""
    store = objects or MinioStore(
        settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key.get_secret_value(), settings.s3_secure
    )
    return ports_of(
        settings,
        database,
        store,
        FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock, erased=settings.keyring_erased_dir),
        consents=consents,
        clock=clock,
        watermark=watermark_of(settings),
        fingerprint=fingerprint_of(),
        reports=reports,
    )


def build(
    settings: ProvenanceSettings, broker: Broker | None = None, objects: ObjectStore | None = None
) -> Application:
    """The service as its settings describe it, over their broker and store unless told."""
    clock = SystemClock()
    database = Database(
        settings.database_url, source="provenance", clock=clock, erasure_items_max=settings.erasure_items_max
    )
    broker = broker or broker_of(settings)
    consents = consent_view_of(settings, broker, clock)
    readers = readers_of(settings)
    keyring = FileKeyRing(settings.keyring_dir, settings.keyring_kek_file, clock)
    ports = real_ports(settings, database, consents, clock, readers, objects=objects)

    takedowns = takedown_clock.clockwork(ports)
    takedown_clock.watch(ports)

    def add_servicer(server: grpc.Server) -> None:
        service_pb2_grpc.add_ProvenanceServiceServicer_to_server(ProvenanceServicer(ports), server)
        resolution_pb2_grpc.add_ResolutionServiceServicer_to_server(ResolutionServicer(ports), server)
        takedown_pb2_grpc.add_TakedownServiceServicer_to_server(TakedownServicer(ports), server)
        takedown_pb2_grpc.add_OperatorServiceServicer_to_server(OperatorServicer(ports), server)
        add_AuditServiceServicer_to_server(AuditServicer(ports), server)

    def check_mark_keys() -> None:
        with writing(database) as store:
            check_keys(settings, store, clock.now())

    def check() -> None:
        check_in_background(ports)

    return Application(
        name="provenance",
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=only_asked(
            [*subscriptions(store_of, ports.seal), *audit_subscriptions(store_of, ports.seal)],
            key_is_destroyed(keyring),
        ),
        work=work.kinds(ports, publish_concurrency=settings.publish_concurrency),
        grpc=[add_servicer],
        consent_view=consents,
        migrations_dir=MIGRATIONS,
        on_start=[
            keys_of(settings, clock).prepare,
            check_mark_keys,
            ports.fingerprints.load_in_background,
            takedowns.start,
            *([check] if settings.audit_check_at_start else []),
        ],
        on_stop=[takedowns.stop, readers.stop],
    )


if __name__ == "__main__":
    run(build, ProvenanceSettings)
