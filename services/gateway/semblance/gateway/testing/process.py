"""The real app, database and consumers; only the other services and the broker are missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from argon2 import Parameters
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from google.protobuf.message import Message

from semblance.gateway.adapters.passwords import Argon2Passwords
from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.store import SqlStore
from semblance.gateway.adapters.tokens import LocalIssuer, Verifier
from semblance.gateway.api.app import build_app
from semblance.gateway.api.front import Front, Streams
from semblance.gateway.api.news import News
from semblance.gateway.consumers import subscriptions
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.jobs import newest_events
from semblance.gateway.settings import GatewaySettings
from semblance.gateway.testing.platform import FakePlatform
from semblance.kernel.clock import Clock, SystemClock
from semblance.service_kit import testing
from semblance.service_kit.database import Database

MIGRATIONS = Path(__file__).parents[3] / "migrations"
_CHEAP: Parameters = CHEAPEST


@dataclass(frozen=True)
class GatewayInProcess:
    """What a test holds: the app to call, the services behind it, the database under it."""

    app: FastAPI
    front: Front
    platform: FakePlatform
    database: Database
    store: SqlStore

    @property
    def gate(self) -> Gate:
        """The ports."""
        return self.front.gate

    def deliver(self, message: Message, times: int = 2) -> list[str]:
        """Hand an event to the group that takes it, twice unless told; the outcomes."""
        for subscription in subscriptions(self.gate, self.store.within, list(self.front.policies.values())):
            if type(message) in subscription.handlers:
                return testing.deliver(subscription, self.database, message, times)
        raise LookupError(f"the gateway does not take {message.DESCRIPTOR.name}")


def gateway(
    directory: Path,
    *,
    clock: Clock | None = None,
    pause: Callable[[float], None] | None = None,
    database_url: str | None = None,
    **settings: Any,
) -> GatewayInProcess:
    """A gateway of its own under `directory`; `settings` are GatewaySettings' fields. Tokens keep machine time."""
    clock = clock or SystemClock()
    made = GatewaySettings(keys_dir=directory / "keys", **settings)
    platform = FakePlatform(clock)
    secrets = Secrets.at(made.keys_dir)
    database = testing.database(directory, MIGRATIONS, source="gateway", clock=clock, url=database_url)
    store = SqlStore(database, secrets, clock)
    gate = Gate(
        store=store,
        identity=platform.identity,
        register=platform.register,
        reviews=platform.reviews,
        sharing=platform.sharing,
        ingest=platform.ingest,
        training=platform.training,
        generation=platform.generation,
        provenance=platform.provenance,
        resolution=platform.resolution,
        takedowns=platform.takedowns,
        audit=platform.audit,
        consents=platform.identity,
        passwords=Argon2Passwords(_CHEAP),
        pepper=secrets,
        clock=clock,
        pause=pause or (lambda _seconds: None),
    )
    issuer = LocalIssuer(made.public_url, made.audience, made.keys_dir / "signing.pem", made.token_life_s)
    front = Front(
        gate=gate,
        issuer=issuer,
        verifier=Verifier(issuer, made.oidc_issuers),
        settings=made,
        policies=made.policies(),
        streams=Streams(made.streams_per_subject),
        news=News(partial(newest_events, gate), made.stream_poll_s),
    )
    return GatewayInProcess(build_app(front), front, platform, database, store)
