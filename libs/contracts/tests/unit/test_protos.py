"""The protos keep the house's rules, break nobody, and everything made from them is up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from semblance.contracts import generate
from semblance.contracts.generating import breaking, lint, stubs

PROTOS = generate.ROOT / "protos"


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    return stubs.descriptor_set(PROTOS, tmp_path_factory.mktemp("protoc"), comments=True)


@pytest.fixture
def changed(today: FileDescriptorSet) -> FileDescriptorSet:
    copy = FileDescriptorSet()
    copy.CopyFrom(today)
    return copy


def _file(descriptors: FileDescriptorSet, name: str):
    return next(f for f in descriptors.file if f.name == f"semblance/contracts/{name}")


def test_everything_generated_is_up_to_date() -> None:
    assert generate.stale(generate.ROOT, generate.generate(generate.ROOT)) == []


def test_what_is_out_of_date_is_named_and_written(tmp_path: Path) -> None:
    gone = tmp_path / "libs/contracts/semblance/contracts/old/v1/events_pb2.py"
    gone.parent.mkdir(parents=True)
    gone.write_text("")
    files = {"docs/events/asyncapi-identity.yaml": b"new"}

    assert len(generate.stale(tmp_path, files)) == 2
    generate.write(tmp_path, files)

    assert not gone.exists()
    assert (tmp_path / "docs/events/asyncapi-identity.yaml").read_bytes() == b"new"
    assert generate.stale(tmp_path, files) == []


def test_the_protos_keep_the_rules(today: FileDescriptorSet) -> None:
    assert lint.problems(today) == []


def _drop_comment(d: FileDescriptorSet) -> None:
    del _file(d, "identity/v1/events.proto").source_code_info.location[:]


def _prompt(d: FileDescriptorSet) -> None:
    _file(d, "generation/v1/events.proto").message_type[0].field.add(name="prompt", number=99, type=9, label=1)


def _bytes(d: FileDescriptorSet) -> None:
    _file(d, "generation/v1/events.proto").message_type[0].field.add(name="thing", number=99, type=12, label=1)


def _package(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").package = "semblance.contracts.identity.v2"


def _zero(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").enum_type[0].value[0].name = "PURPOSE_NONE"


def _field_name(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").message_type[0].field[0].name = "subjectId"


def _request_name(d: FileDescriptorSet) -> None:
    _file(d, "safety/v1/service.proto").service[0].method[0].input_type = ".a.Something"


def _no_service(d: FileDescriptorSet) -> None:
    del _file(d, "identity/v1/register.proto").service[:]


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (_no_service, "or holds a service"),
        (_drop_comment, "no comment"),
        (_prompt, "never content"),
        (_bytes, "never content"),
        (_package, "not the directory"),
        (_zero, "the zero value is PURPOSE_UNSPECIFIED"),
        (_field_name, "snake_case"),
        (_request_name, "the request is CheckPromptRequest"),
    ],
)
def test_the_lint_sees_what_it_is_for(
    changed: FileDescriptorSet, break_it: Callable[[FileDescriptorSet], None], says: str
) -> None:
    break_it(changed)
    assert any(says in problem for problem in lint.problems(changed))


def test_nothing_breaks_what_was_promised(today: FileDescriptorSet) -> None:
    baseline = FileDescriptorSet.FromString((PROTOS / "baseline.binpb").read_bytes())
    assert breaking.changes(baseline, today) == []


def _remove_message(d: FileDescriptorSet) -> None:
    del _file(d, "identity/v1/events.proto").message_type[-1]


def _renumber(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").message_type[0].field[0].number = 77


def _retype(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").message_type[0].field[0].type = 5


def _rename(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").message_type[0].field[0].name = "person_id"


def _repeat(d: FileDescriptorSet) -> None:
    _file(d, "identity/v1/events.proto").message_type[0].field[0].label = 3


def _remove_enum_value(d: FileDescriptorSet) -> None:
    del _file(d, "identity/v1/events.proto").enum_type[0].value[-1]


def _remove_method(d: FileDescriptorSet) -> None:
    del _file(d, "safety/v1/service.proto").service[0].method[0]


def _stream_method(d: FileDescriptorSet) -> None:
    _file(d, "safety/v1/service.proto").service[0].method[0].server_streaming = True


@pytest.mark.parametrize(
    "break_it",
    [_remove_message, _renumber, _retype, _rename, _repeat, _remove_enum_value, _remove_method, _stream_method],
)
def test_a_breaking_change_is_seen(
    today: FileDescriptorSet, changed: FileDescriptorSet, break_it: Callable[[FileDescriptorSet], None]
) -> None:
    break_it(changed)
    assert len(breaking.changes(today, changed)) == 1


def test_an_addition_breaks_nothing(today: FileDescriptorSet, changed: FileDescriptorSet) -> None:
    file = _file(changed, "identity/v1/events.proto")
    file.message_type[0].field.add(name="note", number=50, type=9, label=1)
    file.message_type.add(name="ConsentRenewed")
    assert breaking.changes(today, changed) == []
