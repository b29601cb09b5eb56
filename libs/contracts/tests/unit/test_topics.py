"""Topics, registry, samples and AsyncAPI documents agree with each other and with the protos."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format
from google.protobuf.message import Message

from semblance.contracts import generate, registry
from semblance.contracts.generating import topic_files
from semblance.contracts.identity.v1 import events_pb2

PROTOS = generate.ROOT / "protos"
SERVICES = {"gateway", "ingest", "identity", "training", "generation", "safety", "provenance"}
EVENTS = [(topic, name) for topic in registry.TOPICS.values() for name in topic.messages]
_UUID = re.compile(r"01900000-0000-7000-8000-00000000000[1-9]")


def _sample(name: str) -> Message:
    text = (PROTOS / "samples" / f"{name}.txtpb").read_text()
    return text_format.Parse(text, registry.message_class(name)())


def test_a_topic_is_named_after_its_owner_aggregate_and_major_version() -> None:
    for topic in registry.TOPICS.values():
        owner, _, version = topic.name.split(".")
        assert re.fullmatch(r"v[1-9][0-9]*", version)
        assert owner in {topic.owner, "platform"}
        assert all(f".{version}." in message for message in topic.messages)


def test_producers_and_consumers_are_services_and_the_owner_produces() -> None:
    for topic in registry.TOPICS.values():
        assert {topic.owner, *topic.producers, *topic.consumers} <= SERVICES
        assert topic.owner in topic.producers
        assert topic.consumers
        assert len(set(topic.consumers)) == len(topic.consumers)


def test_every_event_is_on_exactly_one_topic() -> None:
    names = [name for _, name in EVENTS]
    assert len(names) == len(set(names))


def test_every_event_message_is_on_a_topic_or_a_part_of_one() -> None:
    parts = {"ConsentState", "StoreCount", "FurtherSubject"}
    for module in registry.EVENT_MODULES:
        for message in module.DESCRIPTOR.message_types_by_name.values():
            assert message.full_name in {name for _, name in EVENTS} or message.name in parts


@pytest.mark.parametrize(("topic", "name"), EVENTS, ids=[name for _, name in EVENTS])
def test_every_event_says_whose_it_is_and_under_which_consent(topic: registry.Topic, name: str) -> None:
    fields = registry.message_class(name).DESCRIPTOR.fields_by_name
    assert "subject_id" in fields
    assert topic.key in fields
    if ".platform." not in name:
        assert {"consent_id", "consent_revision"} <= set(fields)


@pytest.mark.parametrize("name", [name for _, name in EVENTS])
def test_every_sample_parses_and_leaves_nothing_out(name: str) -> None:
    message = _sample(name)
    empty = {f.name for f in message.DESCRIPTOR.fields} - {f.name for f, _ in message.ListFields()}
    assert empty == set()
    assert registry.key_of(message)
    assert message == registry.message_class(name).FromString(message.SerializeToString())


@pytest.mark.parametrize("name", [name for _, name in EVENTS])
def test_samples_name_nobody(name: str) -> None:
    text = (PROTOS / "samples" / f"{name}.txtpb").read_text()
    assert "@" not in text
    assert all(_UUID.fullmatch(found) for found in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))


def test_there_is_no_sample_without_an_event() -> None:
    assert {p.stem for p in (PROTOS / "samples").glob("*.txtpb")} == {name for _, name in EVENTS}


def test_the_registry_answers() -> None:
    message = events_pb2.ConsentGranted(subject_id="s", consent_id="c", consent_revision=1)
    assert registry.topic_of(message).name == "identity.consent.v1"
    assert registry.topic_of(events_pb2.ConsentGranted) is registry.TOPICS["identity.consent.v1"]
    assert registry.key_of(message) == "c"
    assert registry.message_class(registry.ce_type_of(message)) is events_pb2.ConsentGranted
    assert registry.dead_letter_topic("identity.consent.v1", "training") == "identity.consent.v1.training.dlq"
    assert {t.name for t in registry.service_topics("safety")} == {
        "generation.image.v1",
        "identity.consent.v1",
        "platform.erasure.v1",
        "safety.verdict.v1",
    }


def test_the_registry_tells_an_unknown_version_from_an_unknown_message() -> None:
    with pytest.raises(registry.UnknownMessage) as version:
        registry.message_class("semblance.contracts.identity.v7.ConsentGranted")
    assert version.value.other_versions == ("semblance.contracts.identity.v1.ConsentGranted",)
    with pytest.raises(registry.UnknownMessage) as unknown:
        registry.topic_of(events_pb2.ConsentState)
    assert unknown.value.other_versions == ()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text + "retention_hour: 3\n", "retention_hour"),
        (lambda text: text.replace("owner: identity\n", ""), "owner"),
        (lambda text: text.replace("cleanup: compact", "cleanup: compat"), "cleanup"),
        (lambda text: text + "passes_over: {training: [Nothing]}\n", "no message"),
        (lambda text: text + "passes_over: {nobody: [ConsentGranted]}\n", "no consumer"),
        (lambda text: text.replace("topic: identity.consent.v1", "topic: identity.consent.v2"), "names the topic"),
    ],
)
def test_a_misspelt_topic_file_is_refused(tmp_path: Path, spoil, says: str) -> None:
    text = (PROTOS / "topics" / "identity.consent.v1.yaml").read_text()
    (tmp_path / "identity.consent.v1.yaml").write_text(spoil(text))
    with pytest.raises(topic_files.TopicFileError, match=says):
        topic_files.read_all(tmp_path)


def test_every_reference_in_an_asyncapi_document_leads_somewhere() -> None:
    documents = sorted((generate.ROOT / "docs" / "events").glob("asyncapi-*.yaml"))
    assert {p.stem.removeprefix("asyncapi-") for p in documents} == {t.owner for t in registry.TOPICS.values()}
    for path in documents:
        document = yaml.safe_load(path.read_text())
        assert document["asyncapi"] == "3.0.0"
        for reference in _references(document):
            target = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            assert target


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
