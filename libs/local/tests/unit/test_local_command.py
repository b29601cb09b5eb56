from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from semblance.local.command import app
from semblance.local.layout import Layout

RUNNER = CliRunner()
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.make()
    return made


def say(layout: Layout, *lines: dict[str, object]) -> None:
    with layout.log.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def test_nothing_runs_is_said_and_not_an_accident(layout: Layout) -> None:
    for name, code in (("status", 1), ("down", 0), ("logs", 0)):
        result = RUNNER.invoke(app, [name, "--data", str(layout.data)])
        assert result.exit_code == code
        assert "Traceback" not in result.output
    assert "Nothing runs here" in RUNNER.invoke(app, ["status", "--data", str(layout.data)]).output


def test_missing_models_are_named_with_what_to_do(layout: Layout, tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["up", "--data", str(layout.data), "--models", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "models fetch" in " ".join(result.output.split())


def test_logs_can_be_of_one_trace_or_one_service(layout: Layout) -> None:
    say(
        layout,
        {"event": "one", "service": "ingest", "trace_id": TRACE},
        {"event": "two", "service": "ingest"},
        {"event": "three", "service": "training", "trace_id": TRACE},
    )
    span = {"trace_id": TRACE, "service": "gateway", "name": "POST /v1/photos", "start_ns": 1, "duration_ms": 2.0}
    layout.traces.write_text(json.dumps(span | {"error": False}) + "\n")
    everything = RUNNER.invoke(app, ["logs", "--data", str(layout.data)]).output
    assert [json.loads(text)["event"] for text in everything.splitlines()] == ["one", "two", "three"]
    traced = RUNNER.invoke(app, ["logs", "--data", str(layout.data), "--trace", TRACE]).output
    assert "POST /v1/photos" in traced
    assert '"one"' in traced
    assert '"three"' in traced
    assert '"two"' not in traced
    own = RUNNER.invoke(app, ["logs", "--data", str(layout.data), "--service", "training"]).output
    assert [json.loads(text)["event"] for text in own.splitlines()] == ["three"]
