from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from semblance.local.lock import AlreadyRunning, Lock, holder, started_of
from semblance.local.otlp import Receiver
from semblance.local.process import ServiceProcess
from semblance.local.stream import LineFile, cut

PYTHON = sys.executable


def eventually(what: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def past_the_launcher(pid: int) -> bool:
    """Whether it is the command already: in a session of its own, and to end with its parent."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return bool(command) and b"child.py" not in command


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "x.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[LineFile]:
    made = LineFile(path)
    yield made
    made.close()


def a_process(log: LineFile, code: str) -> ServiceProcess:
    return ServiceProcess("painter", [PYTHON, "-u", "-c", code], dict(os.environ), log)


def test_json_lines_are_kept_and_other_output_is_wrapped(path: Path, log: LineFile) -> None:
    process = a_process(log, "print('{\"event\": \"one\"}'); print('{not json'); print('plain'); print()")
    process.start()
    process.wait(60)
    found = lines_of(path)
    assert found[0] == {"event": "one"}
    assert [(line["event"], line["service"], line["text"]) for line in found[1:]] == [
        ("output", "painter", "{not json"),
        ("output", "painter", "plain"),
    ]


def test_a_crashed_process_is_started_again_ever_later(path: Path, log: LineFile) -> None:
    process = a_process(log, "raise SystemExit(3)")
    process.start()

    def tend_until(restarts: int) -> None:
        def tended() -> bool:
            process.tend()
            return process.restarts >= restarts

        eventually(tended)

    tend_until(2)
    ended = [line for line in lines_of(path) if line["event"] == "ended unexpectedly"]
    assert [line["exit_code"] for line in ended] == [3, 3]
    assert [line["seconds"] for line in ended] == [0.5, 1.0]
    process.wait(5)


def test_a_process_that_ignores_the_request_to_stop_is_killed(path: Path, log: LineFile) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on'); time.sleep(600)"
    process = a_process(log, code)
    process.start()
    eventually(lambda: "on" in path.read_text())
    pid = process.pid
    process.ask_to_stop()
    process.wait(0.3)
    assert pid is not None
    assert not alive(pid)


_SUPERVISOR = """
import os, sys, time
from pathlib import Path
from semblance.local.process import ServiceProcess
from semblance.local.stream import LineFile
process = ServiceProcess("child", [sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ),
                         LineFile(Path(sys.argv[1])))
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_with_its_supervisor_however_that_ends(path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [PYTHON, "-c", _SUPERVISOR, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        eventually(lambda: past_the_launcher(child))
        assert alive(child)
        assert os.getsid(child) == child
        supervisor.send_signal(number)
        supervisor.wait(60)
        eventually(lambda: not alive(child))


_HOLDER = """
import sys, time
from pathlib import Path
from semblance.local.lock import Lock
with Lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_supervisor_a_directory_and_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    with Lock(path):
        found = holder(path)
        assert found is not None
        assert (found.pid, found.started) == (os.getpid(), started_of(os.getpid()))
        with pytest.raises(AlreadyRunning), Lock(path):
            pass
    assert holder(path) is None
    with subprocess.Popen([PYTHON, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        found = holder(path)
        assert found is not None
        assert found.pid == other.pid
        other.kill()
        other.wait(10)
    assert holder(path) is None
    with Lock(path):
        pass


def test_a_line_file_never_outgrows_its_limit_by_more_than_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines = LineFile(path, limit_bytes=100)
    for number in range(30):
        lines.write(f"{number:010}")
    lines.close()
    assert path.stat().st_size <= 111
    assert path.with_name("x.jsonl.1").stat().st_size <= 111
    assert path.read_text().splitlines()[-1] == "0000000029"


def test_a_file_that_another_process_appends_to_is_emptied_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"x" * 200)
        cut(path, 100)
        writer.write(b"after")
    assert path.read_bytes() == b"after"


def test_spans_and_metrics_become_lines(tmp_path: Path) -> None:
    traces, metrics = tmp_path / "t.jsonl", tmp_path / "m.jsonl"
    files = LineFile(traces), LineFile(metrics)
    receiver = Receiver(0, *files)
    receiver.start()
    try:
        endpoint, resource = f"127.0.0.1:{receiver.port}", Resource.create({"service.name": "painter"})
        tracers = TracerProvider(resource=resource)
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
        tracer = tracers.get_tracer("t")
        with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner", attributes={"n": 3}):
            pass
        tracers.shutdown()
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint, insecure=True))
        meters = MeterProvider([reader], resource=resource)
        meters.get_meter("t").create_counter("pictures").add(2, {"kind": "png"})
        meters.get_meter("t").create_histogram("seconds").record(0.5)
        meters.shutdown()
    finally:
        receiver.stop()
        for file in files:
            file.close()
    inner, outer = lines_of(traces)
    assert (inner["name"], inner["parent_id"], inner["trace_id"]) == ("inner", outer["span_id"], outer["trace_id"])
    assert (inner["service"], inner["attributes"], inner["error"]) == ("painter", {"n": 3}, False)
    points = {str(line["metric"]): line for line in lines_of(metrics)}
    assert (points["pictures"]["value"], points["pictures"]["labels"]) == (2, {"kind": "png"})
    assert (points["seconds"]["count"], points["seconds"]["sum"]) == (1, 0.5)
