from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from semblance.service_kit import logs

SECRET = "a red fox in the style of nobody"


def line(**options: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "semblance.training", "levelname": "INFO", "msg": "work", **options})
    written = logs.JsonLines("training").format(record)
    assert "\n" not in written
    parsed: dict[str, Any] = json.loads(written)
    return parsed


@pytest.mark.parametrize("name", ["prompt", "token", "embedding", "internal_token", "signed_name", "payload"])
def test_a_field_that_nobody_allowed_is_dropped_and_named(name: str) -> None:
    written = line(**{name: SECRET, "image_id": "i-1"})
    assert SECRET not in json.dumps(written)
    assert written["dropped_fields"] == [name]
    assert written["image_id"] == "i-1"


def test_no_allowed_name_is_one_of_a_secret() -> None:
    for word in ("prompt", "token", "secret", "password", "embedding", "face_vector", "name_of", "key"):
        assert not [name for name in logs.ALLOWED_FIELDS if word in name]


def test_every_allowed_name_can_be_given_as_an_extra() -> None:
    fields = dict.fromkeys(logs.ALLOWED_FIELDS, 1)
    record = logging.getLogger("t").makeRecord("t", logging.INFO, "f", 1, "work", (), None, extra=fields)
    assert json.loads(logs.JsonLines("training").format(record)).keys() >= logs.ALLOWED_FIELDS


def test_the_text_of_an_exception_is_left_out() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError:
        written = line(exc_info=sys.exc_info())
    assert SECRET not in json.dumps(written)
    chain = written["error"]["chain"]
    assert [cause["type"] for cause in chain] == ["builtins.ValueError", "builtins.KeyError"]
    assert any("test_the_text_of_an_exception" in frame for frame in chain[0]["frames"])


def test_a_line_says_when_who_how_bad_and_in_which_trace() -> None:
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
        written = line(levelname="WARNING")
    assert (written["service"], written["level"], written["event"]) == ("training", "warning", "work")
    assert written["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert written["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert written["time"].endswith("+00:00")


def test_long_values_are_cut() -> None:
    assert len(line(reason_code="x" * 5000)["reason_code"]) == 200


def test_foreign_loggers_go_through_it(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        logs.configure("training", "INFO")
        for name in ("uvicorn.error", "grpc._server", "sqlalchemy.engine"):
            logging.getLogger(name).warning("careful", extra={"prompt": SECRET})
    finally:
        root.handlers[:], root.level = before
        logging.captureWarnings(False)
    written = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert {entry["service"] for entry in written} == {"training"}
    assert len(written) == 3
    assert SECRET not in json.dumps(written)
