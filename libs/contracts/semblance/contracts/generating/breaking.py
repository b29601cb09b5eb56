"""What an older reader or writer would stumble over: today's protos against the committed baseline.

Additions are free. A breaking change is a new package and a new topic.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)


def changes(baseline: FileDescriptorSet, today: FileDescriptorSet) -> list[str]:
    """Every breaking change as "thing: what was done to it"."""
    return sorted([*_messages(baseline, today), *_enums(baseline, today), *_services(baseline, today)])


def _messages(baseline: FileDescriptorSet, today: FileDescriptorSet) -> Iterator[str]:
    now = {f"{file.package}.{m.name}": m for file in today.file for m in file.message_type}
    for file in baseline.file:
        for message in file.message_type:
            name = f"{file.package}.{message.name}"
            if name in now:
                yield from _fields(name, message, now[name])
            else:
                yield f"{name}: removed"


def _fields(name: str, before: DescriptorProto, after: DescriptorProto) -> Iterator[str]:
    by_number = {field.number: field for field in after.field}
    for field in before.field:
        found = by_number.get(field.number)
        if found is None:
            yield f"{name}.{field.name}: removed or renumbered"
        elif found.name != field.name:
            yield f"{name}.{field.name}: renamed to {found.name}"
        elif (found.type, found.type_name, found.label) != (field.type, field.type_name, field.label):
            yield f"{name}.{field.name}: retyped"
        elif found.HasField("oneof_index") != field.HasField("oneof_index"):
            yield f"{name}.{field.name}: moved into or out of a oneof"


def _enums(baseline: FileDescriptorSet, today: FileDescriptorSet) -> Iterator[str]:
    now = {f"{file.package}.{e.name}": _values(e) for file in today.file for e in file.enum_type}
    for file in baseline.file:
        for enum in file.enum_type:
            name = f"{file.package}.{enum.name}"
            for value, number in _values(enum).items():
                if now.get(name, {}).get(value) != number:
                    yield f"{name}.{value}: removed or renumbered"


def _values(enum: EnumDescriptorProto) -> dict[str, int]:
    return {value.name: value.number for value in enum.value}


def _services(baseline: FileDescriptorSet, today: FileDescriptorSet) -> Iterator[str]:
    now = {f"{file.package}.{s.name}": _methods(s) for file in today.file for s in file.service}
    for file in baseline.file:
        for service in file.service:
            name = f"{file.package}.{service.name}"
            for method, signature in _methods(service).items():
                if now.get(name, {}).get(method) != signature:
                    yield f"{name}.{method}: removed or given another signature"


def _methods(service: ServiceDescriptorProto) -> dict[str, tuple[str, str, bool, bool]]:
    return {m.name: (m.input_type, m.output_type, m.client_streaming, m.server_streaming) for m in service.method}
