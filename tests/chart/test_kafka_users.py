"""What each service may do with Kafka's topics, with Strimzi and in the evaluation alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from semblance.contracts import registry


def users(production: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services' own; other teams' are in test_readers.py."""
    for user in production.of("KafkaUser"):
        if "-kafka-reader-" not in user["metadata"]["name"]:
            yield user["metadata"]["name"].rsplit("-", 1)[1], user


def test_a_kafka_user_writes_only_what_its_service_emits(production: Any, facts: dict[str, Any]) -> None:
    for service, user in users(production):
        emitted = {topic["name"] for topic in facts["topics.json"] if service in topic["producers"]}
        written = {
            acl["resource"]["name"]
            for acl in user["spec"]["authorization"]["acls"]
            if "Write" in acl["operations"] and not acl["resource"]["name"].endswith(".dlq")
        }
        assert written == emitted, service


def test_a_kafka_user_sees_all_that_its_service_would_make_at_its_start(production: Any) -> None:
    """A topic that the process may not see it tries to make, which it may not either: it would never start."""
    for service, user in users(production):
        acls = user["spec"]["authorization"]["acls"]
        seen = {acl["resource"]["name"] for acl in acls if "Describe" in acl["operations"]}
        for topic in registry.service_topics(service):
            dead = {registry.dead_letter_topic(topic.name, each) for each in topic.consumers if topic.dead_letters}
            assert {topic.name, *dead} <= seen, service


def test_the_evaluations_broker_gives_the_same_rights(production: Any, evaluation: Any) -> None:
    script = evaluation.one("ConfigMap", "demo-semblance-kafka")["data"]["rights.sh"]
    for service, user in users(production):
        for operation in ("Read", "Write"):
            [line] = re.findall(rf"^allow {service} --operation {operation}((?: --topic \S+)+)$", script, re.MULTILINE)
            acls = user["spec"]["authorization"]["acls"]
            named = {
                acl["resource"]["name"]
                for acl in acls
                if operation in acl["operations"] and acl["resource"]["type"] == "topic"
            }
            assert set(line.split(" --topic ")[1:]) == named, service
