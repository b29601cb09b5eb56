"""AsyncAPI 3.0 documents, one an owner: what another team needs to read our topics without reading our code.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

from semblance.contracts.generating import comments
from semblance.contracts.topic import Topic

JSON = dict[str, Any]
_MESSAGE_PATH = 4  # FileDescriptorProto.message_type
_FIELD_PATH = 2  # DescriptorProto.field
_SCALARS: dict[int, JSON] = {
    FieldDescriptorProto.TYPE_STRING: {"type": "string"},
    FieldDescriptorProto.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptorProto.TYPE_INT64: {"type": "integer", "format": "int64"},
    FieldDescriptorProto.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptorProto.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptorProto.TYPE_BOOL: {"type": "boolean"},
}


def documents(topics: Sequence[Topic], descriptors: FileDescriptorSet) -> dict[str, str]:
    """Owner -> its YAML document."""
    found = dict(_messages(descriptors))
    owners = sorted({topic.owner for topic in topics})
    return {owner: _yaml(_document(owner, [t for t in topics if t.owner == owner], found)) for owner in owners}


def _document(owner: str, topics: Sequence[Topic], found: dict[str, JSON]) -> JSON:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Semblance: events of {owner}",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in Kafka binary mode; the value is protobuf. Events carry ids, object keys and "
                "digests, never pixels, faces, embeddings or prompts. Delivery is at least once and in order per key."
            ),
        },
        "defaultContentType": "application/protobuf",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": dict(_operation(topic) for topic in topics),
        "components": {
            "messages": {_short(name): found[name] for topic in topics for name in topic.messages},
            "messageTraits": {"cloudEvent": {"headers": _cloud_event_headers()}},
        },
    }


def _channel(topic: Topic) -> JSON:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {_short(n): {"$ref": f"#/components/messages/{_short(n)}"} for n in topic.messages},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "retention.ms": topic.retention_hours * 3_600_000 if topic.retention_hours > 0 else -1,
                },
            }
        },
        "x-key": topic.key,
        "x-producers": list(topic.producers),
        "x-consumers": list(topic.consumers),
        "x-passes-over": {service: [_short(n) for n in names] for service, names in topic.passes_over},
        "x-dead-letters": topic.dead_letters,
    }


def _operation(topic: Topic) -> tuple[str, JSON]:
    channel = f"#/channels/{topic.name}"
    name = "send-" + topic.name.replace(".", "-")
    return name, {
        "action": "send",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{_short(n)}"} for n in topic.messages],
    }


def _messages(descriptors: FileDescriptorSet) -> Iterator[tuple[str, JSON]]:
    for file in (f for f in descriptors.file if f.name.endswith("/events.proto")):
        notes = comments.by_path(file)
        nested = {f".{file.package}.{m.name}": m for m in file.message_type}
        for index, message in enumerate(file.message_type):
            path = (_MESSAGE_PATH, index)
            yield (
                f"{file.package}.{message.name}",
                {
                    "name": f"{file.package}.{message.name}",
                    "summary": notes.get(path, ""),
                    "contentType": "application/protobuf",
                    "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
                    "payload": _schema(message, nested, notes, path),
                },
            )


def _schema(
    message: DescriptorProto,
    nested: dict[str, DescriptorProto],
    notes: dict[tuple[int, ...], str],
    path: tuple[int, ...],
) -> JSON:
    properties: JSON = {}
    for index, field in enumerate(message.field):
        schema = _field(field, nested)
        note = notes.get((*path, _FIELD_PATH, index))
        properties[field.name] = {"description": note, **schema} if note else schema
    return {"type": "object", "x-protobuf-message": message.name, "properties": properties}


def _field(field: FieldDescriptorProto, nested: dict[str, DescriptorProto]) -> JSON:
    if field.type == FieldDescriptorProto.TYPE_MESSAGE:
        inner = nested.get(field.type_name)
        schema: JSON = _schema(inner, nested, {}, ()) if inner else {"type": "string", "format": "date-time"}
    elif field.type == FieldDescriptorProto.TYPE_ENUM:
        schema = {"type": "integer", "x-protobuf-enum": field.type_name.lstrip(".")}
    else:
        schema = dict(_SCALARS[field.type])
    schema = {**schema, "x-protobuf-field": field.number}
    repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
    return {"type": "array", "items": schema} if repeated else schema


def _cloud_event_headers() -> JSON:
    names = {
        "ce_specversion": "Always 1.0.",
        "ce_id": "The event's id; consumers count it once.",
        "ce_source": "The service that emitted it.",
        "ce_type": "The message's full name.",
        "ce_time": "When it happened, RFC 3339.",
        "ce_dataschema": "The proto that describes the value.",
        "content-type": "Always application/protobuf.",
    }
    headers: JSON = {name: {"type": "string", "description": text} for name, text in names.items()}
    trace = {"traceparent": {"type": "string", "description": "W3C trace context, when the emitter was traced."}}
    return {"type": "object", "required": list(names), "properties": {**headers, **trace}}


def _short(name: str) -> str:
    return name.rsplit(".", 1)[1]


class _Plain(yaml.SafeDumper):
    """No anchors: other tools read the documents."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _yaml(document: JSON) -> str:
    text = yaml.dump(document, Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True)
    return f"# Generated from protos/ by semblance.contracts.generate; do not edit.\n{text}"
