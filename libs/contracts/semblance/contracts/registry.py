"""Which message belongs to which topic, and which key it travels under. No file is read at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from google.protobuf import message_factory
from google.protobuf.message import Message

from semblance.contracts.topic import Topic
from semblance.contracts.topic_table import EVENT_MODULES, TOPIC_TABLE

__all__ = [
    "TOPICS",
    "Topic",
    "UnknownMessage",
    "ce_type_of",
    "dead_letter_topic",
    "key_of",
    "message_class",
    "service_topics",
    "topic_of",
]

T = TypeVar("T")
_VERSION = re.compile(r"\.v\d+\.")


class UnknownMessage(LookupError):
    """No topic carries this type; `other_versions` are the versions of the same message that this build speaks."""

    def __init__(self, ce_type: str, other_versions: tuple[str, ...]) -> None:
        super().__init__(f"no topic carries {ce_type!r}")
        self.ce_type = ce_type
        self.other_versions = other_versions


def _event_classes() -> dict[str, type[Message]]:
    descriptors = [d for module in EVENT_MODULES for d in module.DESCRIPTOR.message_types_by_name.values()]
    return {d.full_name: message_factory.GetMessageClass(d) for d in descriptors}


TOPICS: Mapping[str, Topic] = MappingProxyType({topic.name: topic for topic in TOPIC_TABLE})
_TOPIC_BY_TYPE: Mapping[str, Topic] = {name: topic for topic in TOPIC_TABLE for name in topic.messages}
_CLASS_BY_TYPE: Mapping[str, type[Message]] = {
    name: cls for name, cls in _event_classes().items() if name in _TOPIC_BY_TYPE
}


def ce_type_of(message: Message | type[Message]) -> str:
    """The CloudEvents type: the message's full protobuf name, whose package holds the major version."""
    return str(message.DESCRIPTOR.full_name)


def topic_of(message: Message | type[Message]) -> Topic:
    """The one topic that carries this message. Raises UnknownMessage."""
    return _look_up(_TOPIC_BY_TYPE, ce_type_of(message))


def message_class(ce_type: str) -> type[Message]:
    """The generated class of an event. Raises UnknownMessage."""
    return _look_up(_CLASS_BY_TYPE, ce_type)


def key_of(message: Message) -> str:
    """The record key of an event: its aggregate's id. Raises UnknownMessage."""
    return str(getattr(message, topic_of(message).key))


def dead_letter_topic(topic: str, service: str) -> str:
    """Where `service` puts records of `topic` that it cannot handle."""
    return f"{topic}.{service}.dlq"


def service_topics(service: str) -> tuple[Topic, ...]:
    """Every topic that `service` reads or writes, for creating them at start."""
    return tuple(t for t in TOPIC_TABLE if service in t.producers or service in t.consumers)


def _look_up(table: Mapping[str, T], ce_type: str) -> T:
    found = table.get(ce_type)
    if found is None:
        bare = _VERSION.sub(".", ce_type)
        raise UnknownMessage(ce_type, tuple(name for name in table if _VERSION.sub(".", name) == bare))
    return found
