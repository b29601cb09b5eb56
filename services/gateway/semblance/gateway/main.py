"""The gateway's composition root: `python -m semblance.gateway.main all`."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from pathlib import Path

from semblance.eventbus.broker import Broker
from semblance.gateway.adapters.audit import GrpcAudit
from semblance.gateway.adapters.generation import GrpcGeneration
from semblance.gateway.adapters.identity import GrpcIdentity, asked_of_identity
from semblance.gateway.adapters.ingest import GrpcIngest
from semblance.gateway.adapters.noted_passwords import bring_back, keeping
from semblance.gateway.adapters.passwords import Argon2Passwords
from semblance.gateway.adapters.provenance import GrpcProvenance, GrpcResolution
from semblance.gateway.adapters.register import GrpcRegister, GrpcReviews
from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.sharing import GrpcSharing
from semblance.gateway.adapters.store import SqlStore
from semblance.gateway.adapters.takedowns import GrpcTakedowns
from semblance.gateway.adapters.tokens import LocalIssuer, Verifier
from semblance.gateway.adapters.training import GrpcTraining
from semblance.gateway.api.app import build_app
from semblance.gateway.api.front import Front, Streams
from semblance.gateway.api.news import News
from semblance.gateway.consumers import SERVICE, subscriptions
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.idempotency import tidy
from semblance.gateway.handlers.jobs import newest_events
from semblance.gateway.settings import GatewaySettings
from semblance.kernel.clock import SystemClock
from semblance.kernel.errors import Unavailable
from semblance.service_kit import rpc
from semblance.service_kit.database import Database
from semblance.service_kit.erasing import only_asked
from semblance.service_kit.runtime import Application, broker_of, consent_view_of, run
from semblance.service_kit.taken_back import Kind, TakenBackLog

_log = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).parents[2] / "migrations"
_TIDY_EVERY_S = 600.0


def build(settings: GatewaySettings, broker: Broker | None = None) -> Application:
    """Put the real adapters together, over the settings' broker unless told. The gateway has no store credentials."""
    for issuer_named in settings.oidc_issuers:
        if not issuer_named.own_clients:
            _log.warning("nobody of this issuer can erase themselves: own_clients names none of its clients")
    clock = SystemClock()
    secrets = Secrets.at(settings.keys_dir)
    database = Database(
        settings.database_url, source=SERVICE, clock=clock, erasure_items_max=settings.erasure_items_max
    )
    broker = broker or broker_of(settings)
    # Impatient: for a consent that it does not know yet, the gateway asks identity.
    consents = consent_view_of(settings, broker, clock, patience_s=0)
    store = SqlStore(database, secrets, clock)
    token = settings.internal_token
    to_identity = rpc.connect(settings.identity_address, token)
    to_provenance = rpc.connect(settings.provenance_address, token)
    gate = Gate(
        store=store,
        identity=GrpcIdentity(to_identity),
        register=GrpcRegister(to_identity),
        reviews=GrpcReviews(to_identity),
        sharing=GrpcSharing(to_identity),
        ingest=GrpcIngest(rpc.connect(settings.ingest_address, token)),
        training=GrpcTraining(rpc.connect(settings.training_address, token)),
        generation=GrpcGeneration(rpc.connect(settings.generation_address, token)),
        provenance=GrpcProvenance(to_provenance),
        resolution=GrpcResolution(to_provenance),
        takedowns=GrpcTakedowns(to_provenance),
        audit=GrpcAudit(to_provenance),
        consents=consents,
        passwords=Argon2Passwords(),
        pepper=secrets,
        clock=clock,
        pause=time.sleep,
    )
    issuer = LocalIssuer(
        settings.public_url.rstrip("/"), settings.audience, settings.keys_dir / "signing.pem", settings.token_life_s
    )
    policies = settings.policies()
    front = Front(
        gate=gate,
        issuer=issuer,
        verifier=Verifier(issuer, settings.oidc_issuers),
        settings=settings,
        policies=policies,
        streams=Streams(settings.streams_per_subject),
        news=News(partial(newest_events, gate), settings.stream_poll_s),
    )
    stop = threading.Event()
    return Application(
        name=SERVICE,
        settings=settings,
        database=database,
        broker=broker,
        subscriptions=only_asked(
            subscriptions(gate, store.within, list(policies.values())), asked_of_identity(to_identity)
        ),
        http=build_app(front),
        consent_view=consents,
        migrations_dir=MIGRATIONS,
        kept={Kind.PASSWORD: keeping(database, secrets)},
        on_start=[
            lambda: _bring_passwords_back(settings, database, secrets),
            lambda: _tidy_in_background(gate, stop),
        ],
        on_stop=[stop.set],
    )


def _bring_passwords_back(settings: GatewaySettings, database: Database, secrets: Secrets) -> None:
    if settings.taken_back_dir is not None:
        bring_back(database, secrets, TakenBackLog(settings.taken_back_dir))


def _tidy_in_background(gate: Gate, stop: threading.Event) -> None:
    def loop() -> None:
        while not stop.wait(_TIDY_EVERY_S):
            try:
                tidy(gate)
            except Unavailable as error:
                _log.warning("tidying waits for the database", extra={"error_code": error.code})

    threading.Thread(target=loop, name="tidy", daemon=True).start()


if __name__ == "__main__":
    run(build, GatewaySettings)
