"""`python parts.py relay|consume ...`: one side of the plumbing in a process of its own, until it is told to end.

The handler does the least that a handler can: one row. A table without a unique key keeps every effect, also a double.
"""

from __future__ import annotations

import argparse
import signal
import threading

import sqlalchemy as sa

from semblance.contracts.generation.v1.events_pb2 import GenerationProgressed
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.relay import Relay
from semblance.eventbus.settings import BrokerSettings
from semblance.eventbus.tables import metadata
from semblance.service_kit.consumer import ConsumerLoop, Subscription
from semblance.service_kit.database import Database, Unit

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(36), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
)
_ADD = sa.insert(effects)


def database(url: str, source: str) -> Database:
    """With the service kit's tables and that of the effects."""
    made = Database(url, source=source)
    metadata.create_all(made.engine)
    return made


def effect(message: GenerationProgressed, unit: Unit) -> None:
    """One row an event."""
    assert unit.event is not None
    unit.session.execute(_ADD, {"event_id": unit.event.event_id, "step": message.step})


def main() -> None:
    """Run one side until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=["relay", "consume"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--batch", type=int, required=True, help="records a request, or events a transaction")
    arguments = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    broker = KafkaBroker(BrokerSettings(arguments.bootstrap, session_timeout_ms=6000))
    own = database(arguments.database, "generation")
    if arguments.side == "relay":
        producer = broker.producer()
        Relay(own.engine, producer, batch=arguments.batch, idle_s=0.05).run(stop)
        producer.close()
    else:
        group = Subscription("gateway.bench", {GenerationProgressed: effect}, at_once=arguments.batch)
        ConsumerLoop(group, broker, own).run(stop)


if __name__ == "__main__":
    main()
