"""House rules for protos, over protoc's own descriptors. buf knows more, and not that an event holds no content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

from semblance.contracts.generating import comments

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CAMEL = re.compile(r"([A-Z][a-z0-9]+)+")
_PACKAGE = re.compile(r"semblance\.contracts\.[a-z]+\.v[1-9][0-9]*")
# A verified app's registered name, which operators approve and show to everybody: no personal data (decision 15).
_REGISTERED_NAMES = frozenset({"grantee_name", "requester_name"})
# Content that must never travel in an event; ids, keys and digests of it may.
_CONTENT = re.compile(
    r"prompt|embedding|pixel|landmark|template|selfie|(^|_)(name|email|image|jpeg|png|face|faces|data)$"
)
_MESSAGE, _ENUM, _SERVICE, _METHOD = 4, 5, 6, 2  # field numbers in descriptor.proto


def problems(descriptors: FileDescriptorSet) -> list[str]:
    """Every broken rule as "file: thing: rule"; the set must carry comments."""
    return [f"{file.name}: {problem}" for file in descriptors.file for problem in _file(file)]


def _file(file: FileDescriptorProto) -> Iterator[str]:
    notes = comments.by_path(file)
    if str(PurePosixPath(file.name).parent) != file.package.replace(".", "/"):
        yield f"{file.package}: the package is not the directory"
    if not _PACKAGE.fullmatch(file.package):
        yield f"{file.package}: a package is semblance.contracts.<domain>.v<major>"
    if file.syntax != "proto3":
        yield f"{file.syntax}: the syntax is proto3"
    if PurePosixPath(file.name).name != "events.proto" and not file.service:
        yield "a file is events.proto, or holds a service"
    for index, message in enumerate(file.message_type):
        yield from _message(message, notes.get((_MESSAGE, index)))
        if file.name.endswith("/events.proto"):
            yield from _event_content(message)
    for index, enum in enumerate(file.enum_type):
        yield from _enum(enum, notes.get((_ENUM, index)))
    for index, service in enumerate(file.service):
        yield from _service(service, notes, index)


def _message(message: DescriptorProto, note: str | None) -> Iterator[str]:
    if not note:
        yield f"{message.name}: no comment"
    if not _CAMEL.fullmatch(message.name):
        yield f"{message.name}: a message is in CamelCase"
    if message.nested_type or message.enum_type:
        yield f"{message.name}: nothing is nested"
    for field in message.field:
        if not _SNAKE.fullmatch(field.name):
            yield f"{message.name}.{field.name}: a field is in snake_case"


def _event_content(message: DescriptorProto) -> Iterator[str]:
    for field in message.field:
        content = _CONTENT.search(field.name) and field.name not in _REGISTERED_NAMES
        if content or field.type == field.TYPE_BYTES:
            yield f"{message.name}.{field.name}: events carry ids, keys and digests, never content"


def _enum(enum: EnumDescriptorProto, note: str | None) -> Iterator[str]:
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper()
    if not note:
        yield f"{enum.name}: no comment"
    if enum.value[0].number != 0 or enum.value[0].name != f"{prefix}_UNSPECIFIED":
        yield f"{enum.name}: the zero value is {prefix}_UNSPECIFIED"
    for value in enum.value:
        if not value.name.startswith(f"{prefix}_"):
            yield f"{enum.name}.{value.name}: values begin with {prefix}_"


def _service(service: ServiceDescriptorProto, notes: dict[tuple[int, ...], str], index: int) -> Iterator[str]:
    if not notes.get((_SERVICE, index)):
        yield f"{service.name}: no comment"
    if not service.name.endswith("Service"):
        yield f"{service.name}: a service's name ends in Service"
    for number, method in enumerate(service.method):
        if not notes.get((_SERVICE, index, _METHOD, number)):
            yield f"{service.name}.{method.name}: no comment"
        request = method.input_type.rsplit(".", 1)[1]
        if request != f"{method.name}Request":
            yield f"{service.name}.{method.name}: the request is {method.name}Request"
