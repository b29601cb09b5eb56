from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from semblance.kernel import errors
from semblance.service_kit.http import Check, create_app
from semblance.service_kit.problems import STATUS_BY_KIND

RAISED: dict[str, errors.SemblanceError] = {
    "invalid": errors.Invalid("a rule", remedy="do this", code="too-small"),
    "quota": errors.QuotaExceeded("a limit", retry_after_s=7),
    "consent": errors.ConsentMissing(),
    "token": errors.Unauthenticated("who are you"),
}


class Body(BaseModel):
    count: int


def an_app(down: list[bool]) -> FastAPI:
    def check() -> None:
        if down:
            raise errors.Unavailable("the host db-17 is away", code="database-unavailable")

    app = create_app("test", "1", checks=[Check("database", check)], body_limit_bytes=1000)

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise RAISED[name]

    @app.post("/count")
    def count(body: Body) -> int:
        return body.count

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/trace")
    def current() -> str:
        return f"{trace.get_current_span().get_span_context().trace_id:032x}"

    return app


@pytest.fixture
def down() -> list[bool]:
    return []


@pytest.fixture
def client(down: list[bool]) -> Iterator[TestClient]:
    with TestClient(an_app(down), raise_server_exceptions=False) as made:
        yield made


def test_every_kind_has_a_status() -> None:
    assert set(STATUS_BY_KIND) == set(errors.Kind)


@pytest.mark.parametrize(("name", "status"), [("invalid", 422), ("quota", 429), ("consent", 403), ("token", 401)])
def test_an_error_becomes_a_problem_with_a_stable_type(client: TestClient, name: str, status: int) -> None:
    answer = client.get(f"/raise/{name}")
    error = RAISED[name]
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"https://semblance.example/problems/{error.code}"
    assert (body["status"], body["detail"]) == (status, error.detail)
    assert body["remedy"] == error.remedy if error.remedy else body["remedy"]
    assert body["instance"] == f"/raise/{name}"


def test_a_quota_says_when_to_come_back(client: TestClient) -> None:
    assert client.get("/raise/quota").headers["retry-after"] == "7"


def test_a_bug_is_a_500_without_its_text(client: TestClient) -> None:
    answer = client.get("/raise/nothing-by-that-name")
    assert answer.status_code == 500
    assert answer.json()["type"] == "https://semblance.example/problems/internal"
    assert "nothing-by-that-name" not in answer.json()["detail"]
    assert answer.headers["x-request-id"]


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(client: TestClient) -> None:
    answer = client.post("/count", json={"count": "my very private prompt"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.count"
    assert "private" not in answer.text


def test_paths_and_methods_that_do_not_exist_are_problems_too(client: TestClient) -> None:
    assert client.get("/nowhere").json()["code"] == "no-such-path"
    answer = client.get("/count")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes(client: TestClient) -> None:
    assert client.post("/raw", content=b"x" * 1000).json() == 1000
    by_length = client.post("/raw", content=b"x" * 1001)
    by_bytes = client.post("/raw", content=iter([b"x" * 600, b"x" * 600]))
    for answer in (by_length, by_bytes):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_the_request_id_is_kept_or_made(client: TestClient) -> None:
    assert client.get("/trace", headers={"x-request-id": "abcdefgh-1"}).headers["x-request-id"] == "abcdefgh-1"
    assert client.get("/trace", headers={"x-request-id": "<script>"}).headers["x-request-id"] != "<script>"


def test_health_is_life_and_readiness_is_the_checks(client: TestClient, down: list[bool]) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"status": "ready", "checks": {"database": "ok"}}
    down.append(True)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "database-unavailable"}
    assert "db-17" not in answer.text
    assert client.get("/healthz").status_code == 200


def test_a_request_is_one_span_by_its_route_and_health_is_none(client: TestClient, spans: InMemorySpanExporter) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    trace_id = client.get("/trace", headers={"traceparent": parent}).json()
    client.get("/healthz")
    client.get("/raise/invalid")
    assert [span.name for span in spans.get_finished_spans()] == ["GET /trace", "GET /raise/{name}"]
    assert trace_id == "0af7651916cd43dd8448eb211c80319c"
