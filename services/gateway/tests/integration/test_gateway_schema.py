"""The migrations make the tables that the code uses, and can be undone; the published document is the app's."""

from __future__ import annotations

import gc
import json
import time
import weakref
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient

from semblance.gateway.adapters import tables
from semblance.gateway.testing import gateway
from semblance.gateway.testing.process import MIGRATIONS
from semblance.service_kit.migrations import downgrade

DOCUMENT = Path(__file__).parents[4] / "docs" / "openapi.json"


def test_migrated_columns_are_the_codes(world):
    inspector = sa.inspect(world.database.engine)
    for table in tables.metadata.sorted_tables:
        there = {
            column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table.name)
        }
        dialect = world.database.engine.dialect
        wanted = {c.name: (c.type.dialect_impl(dialect).compile(dialect), c.nullable) for c in table.columns}
        assert there == wanted, table.name
        indexed = {column for index in inspector.get_indexes(table.name) for column in index["column_names"]}
        assert {c.name for index in table.indexes for c in index.columns} <= indexed


def test_migrations_can_be_undone(world):
    downgrade(world.database.engine, MIGRATIONS)
    assert set(sa.inspect(world.database.engine).get_table_names()) <= {"alembic_version"}


def test_the_published_document_is_the_apps(world):
    """Regenerate with: python -m semblance.gateway.testing.write_openapi docs/openapi.json"""
    assert json.loads(DOCUMENT.read_text()) == world.app.openapi()


def test_every_operation_says_how_it_is_refused(world):
    document = world.app.openapi()
    assert (
        document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"]
        == "/v1/token"
    )
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"422", "429", "500", "503"} <= operation["responses"].keys(), (method, path)
            assert operation.get("summary")
            assert operation.get("description"), (method, path)
            if "requestBody" in operation:
                assert {"413", "415"} <= operation["responses"].keys(), (method, path)
    bodies = {name: schema for name, schema in document["components"]["schemas"].items() if name.startswith("New")}
    assert bodies
    assert all("examples" in schema for schema in bodies.values())


def test_probes_say_alive_and_ready(http):
    assert http.get("/healthz").json() == {"status": "alive"}
    assert http.get("/readyz").status_code == 200


def test_an_app_that_nobody_holds_is_gone(tmp_path) -> None:
    """FastAPI keeps routes' functions for good, and with them what they hold: once every app that was ever built."""
    world = gateway(tmp_path)
    TestClient(world.app).get("/openapi.json").raise_for_status()
    kept = weakref.ref(world.app)
    del world
    # The client's own threads let go of the app a moment after they have handed over the answer.
    until_s = time.monotonic() + 60
    while kept() is not None and time.monotonic() < until_s:
        gc.collect()
        time.sleep(0.01)
    assert kept() is None
