"""What kafka-python's clients and the topics are made with; kafka_broker alone makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semblance.contracts import registry
from semblance.contracts.topic import Topic
from semblance.eventbus.record import MAX_RECORD_BYTES
from semblance.eventbus.settings import BrokerSettings
from semblance.kernel.units import MIB

_HOUR_MS = 3_600_000
_DEAD_LETTER_HOURS = 24 * 30
_FETCH_WAIT_MS = 500


def client_options(settings: BrokerSettings) -> dict[str, Any]:
    """kafka-python's arguments that every kind of client shares; credentials only where they are set."""
    timeout_ms = settings.timeout_ms
    given = {
        "ssl_cafile": settings.ssl_cafile,
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": settings.sasl_password,
    }
    return {
        "bootstrap_servers": settings.bootstrap_servers.split(","),
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": timeout_ms,
        "bootstrap_timeout_ms": timeout_ms,
        "reconnect_backoff_max_ms": 1000,
        **{name: value for name, value in given.items() if value is not None},
    }


def producer_options(settings: BrokerSettings) -> dict[str, Any]:
    """Of the producer, which is not idempotent on purpose: see kafka_broker."""
    timeout_ms = settings.timeout_ms
    return {
        **client_options(settings),
        "acks": "all",
        "enable_idempotence": False,
        "max_in_flight_requests_per_connection": 1,
        "max_request_size": MAX_RECORD_BYTES + MIB,
        "max_block_ms": timeout_ms,
        "delivery_timeout_ms": timeout_ms * 2,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }


def consumer_options(settings: BrokerSettings) -> dict[str, Any]:
    """Of group members and readers."""
    return {
        **client_options(settings),
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "allow_auto_create_topics": False,
        "fetch_max_wait_ms": _FETCH_WAIT_MS,
        # The client's own figures, which nobody reads, are a tenth of what it costs; a reader needs one of them.
        "metrics_enabled": False,
    }


def topic_options(topics: Sequence[Topic], replication_factor: int) -> dict[str, dict[str, Any]]:
    """How each topic and its dead letters are created, by name."""
    wanted: dict[str, dict[str, Any]] = {}
    for topic in topics:
        retention_ms = topic.retention_hours * _HOUR_MS if topic.retention_hours > 0 else -1
        policy = "compact" if topic.compacted else "delete"
        configs = {"cleanup.policy": policy, "retention.ms": str(retention_ms)}
        wanted[topic.name] = {"num_partitions": topic.partitions, "configs": configs}
        for service in topic.consumers if topic.dead_letters else ():
            kept = {
                "retention.ms": str(_DEAD_LETTER_HOURS * _HOUR_MS),
                "max.message.bytes": str(MAX_RECORD_BYTES + MIB),
            }
            wanted[registry.dead_letter_topic(topic.name, service)] = {"num_partitions": 1, "configs": kept}
    return {name: {**options, "replication_factor": replication_factor} for name, options in wanted.items()}
