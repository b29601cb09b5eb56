"""Events between services: envelope, outbox, relay, inbox, dead letters, brokers."""

from semblance.eventbus.broker import Broker, GroupConsumer, Producer, Reader
from semblance.eventbus.dead_letters import DeadLetters, Reason, replay
from semblance.eventbus.envelope import Envelope, from_record, to_record
from semblance.eventbus.errors import BrokerUnavailable, MalformedEvent, RecordTooLarge, TooManyDeadLetters
from semblance.eventbus.inbox import Inbox
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.outbox import Outbox
from semblance.eventbus.record import MAX_EVENT_BYTES, MAX_RECORD_BYTES, Record
from semblance.eventbus.relay import Relay
from semblance.eventbus.settings import BrokerSettings

__all__ = [
    "MAX_EVENT_BYTES",
    "MAX_RECORD_BYTES",
    "Broker",
    "BrokerSettings",
    "BrokerUnavailable",
    "DeadLetters",
    "Envelope",
    "GroupConsumer",
    "Inbox",
    "KafkaBroker",
    "MalformedEvent",
    "MemoryBroker",
    "Outbox",
    "Producer",
    "Reader",
    "Reason",
    "Record",
    "RecordTooLarge",
    "Relay",
    "TooManyDeadLetters",
    "from_record",
    "replay",
    "to_record",
]
