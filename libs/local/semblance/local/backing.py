"""What the services stand on: the store, the broker, and PostgreSQL where it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from semblance.contracts import registry
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.eventbus.tansu import TansuBroker, s3_environment
from semblance.kernel.errors import Unavailable
from semblance.local.broker_log import BrokerLog
from semblance.local.config import Config
from semblance.local.full_disk import FullDisk
from semblance.local.layout import Layout
from semblance.local.postgres import Postgres
from semblance.local.process import launcher
from semblance.local.rights import BROKER_BUCKET, SERVICES, actions
from semblance.local.state import Part
from semblance.local.stream import cut
from semblance.objects.buckets import ALL_BUCKETS
from semblance.objects.minio_store import MinioStore
from semblance.objects.seaweed import Identity, SeaweedServer

_TOPICS_TIMEOUT_S = 40.0
_TIDYING_ENDS_S = 10.0


@dataclass
class Backing:
    """Servers that are started before the services and stopped after them. Main thread only."""

    store: SeaweedServer
    broker: TansuBroker
    postgres: Postgres | None
    config: Config
    layout: Layout
    broker_log: BrokerLog
    full_disk: FullDisk
    restarts: dict[str, int]
    _ended: threading.Event = field(default_factory=threading.Event)
    _tidying: threading.Thread | None = None

    def start(self, say: Callable[[str], None], report: Callable[[str], None]) -> None:
        """Start in order and make buckets and topics; `report` hears what goes wrong later. Raises Unavailable."""
        say("object store")
        self.store.start()
        if self.postgres is not None:
            say("PostgreSQL")
            self.postgres.start()
        say("broker")
        self.broker.start()
        self._make_topics()
        args = (self._ended, report)
        self._tidying = threading.Thread(target=self.broker_log.keep, args=args, name="broker-log", daemon=True)
        self._tidying.start()

    def tend(self) -> list[str]:
        """Start again what crashed, and a store that a full disk has left stuck; the names of what was."""
        found = []
        if self.store.running and self.full_disk.stuck(self.store.pid):
            self.store.stop(timeout_s=5)
        if not self.store.running:
            self.store.start()
            self.full_disk.begin()
            found.append("store")
        if self.postgres is not None and self.postgres.pid is None:
            self.postgres.start()
            found.append("postgres")
        if self.broker.pid is None:
            self.broker.start()
            found.append("broker")
        for name in found:
            self.restarts[name] = self.restarts.get(name, 0) + 1
        cut(self.layout.broker_log)
        cut(self.layout.store / "weed.log")
        return found

    def stop(self) -> None:
        """Stop in the opposite order."""
        self._ended.set()
        self.broker.stop()
        if self.postgres is not None:
            self.postgres.stop()
        self.store.stop()
        if self._tidying is not None:
            self._tidying.join(timeout=_TIDYING_ENDS_S)

    def parts(self) -> list[Part]:
        """What `status` shows of them."""
        running = [("store", self.store.pid if self.store.running else None, self.store.port)]
        running.append(("broker", self.broker.pid, self.broker.port))
        if self.postgres is not None:
            running.append(("postgres", self.postgres.pid, self.postgres.port))
        return [
            Part(name, "ready" if pid else "restarting", pid, port, self.restarts.get(name, 0))
            for name, pid, port in running
        ]

    def _make_topics(self) -> None:
        """The broker says ready before it reaches its storage, so making the topics is the probe."""
        client = KafkaBroker(BrokerSettings(self.broker.bootstrap_servers))
        deadline_s = time.monotonic() + _TOPICS_TIMEOUT_S
        while True:
            try:
                client.ensure_topics(list(registry.TOPICS.values()))
                return
            except Unavailable:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.5)


def backing_of(config: Config, layout: Layout) -> Backing:
    """The servers that the configuration names, not started."""
    identities = [Identity(name, *config.store_keys[name], actions(name)) for name in (*SERVICES, "broker")]
    store = SeaweedServer(
        layout.store,
        buckets=(*ALL_BUCKETS, BROKER_BUCKET),
        identities=[identity for identity in identities if identity.actions],
        access_key=config.store_admin_key,
        secret_key=config.store_admin_secret,
        port=config.store_port,
        launcher=launcher(),
    )
    broker = TansuBroker(
        storage=f"s3://{BROKER_BUCKET}/",
        environment=s3_environment(f"http://{store.endpoint}", *config.store_keys["broker"]),
        port=config.ports["broker"],
        log_file=layout.broker_log,
        launcher=launcher(),
    )
    postgres = Postgres(layout.postgres, port=config.ports["postgres"], launcher=launcher) if config.postgres else None
    own = MinioStore(store.endpoint, *config.store_keys["broker"], secure=False)
    return Backing(
        store, broker, postgres, config, layout, BrokerLog(own, BROKER_BUCKET), FullDisk(layout.store / "weed.log"), {}
    )
