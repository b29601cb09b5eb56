from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics as api
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from semblance.kernel.clock import FakeClock
from semblance.local.postgres import Postgres
from semblance.local.testing import databases
from semblance.service_kit import metrics, testing
from semblance.service_kit.database import Database

_REVISION = """
from alembic import op
import sqlalchemy as sa
from semblance.eventbus import tables

revision = "0001"
down_revision = None


def upgrade():
    tables.create(op)
    op.create_table("facts", sa.Column("name", sa.String(50), primary_key=True), sa.Column("value", sa.Integer))


def downgrade():
    op.drop_table("facts")
    tables.drop(op)
"""


@pytest.fixture(scope="session")
def migrations_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("migrations")
    (directory / "versions").mkdir()
    (directory / "env.py").write_text("from semblance.service_kit.migrations import run_env\n\nrun_env()\n")
    (directory / "versions" / "0001_start.py").write_text(_REVISION)
    return directory


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path, migrations_dir: Path, clock: FakeClock) -> Iterator[Database]:
    made = testing.database(tmp_path, migrations_dir, source="test", clock=clock)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with databases.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _recorder() -> InMemorySpanExporter:
    # The tracer provider can be set once a process; every test that looks at spans shares this one.
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
def spans(_recorder: InMemorySpanExporter) -> InMemorySpanExporter:
    _recorder.clear()
    return _recorder


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[Any]]]:
    """By an instrument's name, what a collection now tells of it: its data points."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(api, "get_meter", provider.get_meter)
    importlib.reload(metrics)
    monkeypatch.setattr(metrics, "_ANSWER_S", 60)  # a machine that stands still says nothing of what is told

    def points(name: str) -> list[Any]:
        data = reader.get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else []) for scope in resource.scope_metrics]
        found = [each for scope in scopes for each in scope.metrics if each.name == name]
        return [point for each in found for point in each.data.data_points]

    yield points
    monkeypatch.undo()
    importlib.reload(metrics)
    provider.shutdown()
