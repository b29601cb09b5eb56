"""Asking for a picture to go, without an account."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from semblance.gateway.testing import GatewayInProcess, gateway
from semblance.gateway.testing.provenance import PNG

pytestmark = pytest.mark.integration
FIELDS = {
    "signed_name": "Ada Example",
    "contact": "ada@example.org",
    "relation": "self",
    "statement_version": "1",
    "confirmed": "true",
}


def ask(http: TestClient, picture: bytes | None = PNG, **fields: str):
    files = {"picture": ("x", picture, "image/png")} if picture is not None else {}
    return http.post("/v1/takedowns", data={**FIELDS, **fields}, files=files or {"reason": (None, "no file")})


def test_a_notice_is_answered_with_a_reference_and_a_clock(http: TestClient, world: GatewayInProcess) -> None:
    assert http.get("/v1/takedown-statement").json()["version"] == "1"
    told = ask(http, reason="It is me.")
    assert told.status_code == 201
    made = told.json()
    assert (made["state"], made["pictures"], made["decided_at"]) == ("open", 1, None)
    assert made["due_at"] > made["received_at"]
    notice = world.platform.takedowns.notices[made["reference"]]
    assert (notice.signed_name, notice.picture, notice.reason) == ("Ada Example", PNG, "It is me.")
    assert "Ada" not in repr(notice)
    world.platform.takedowns.become(made["reference"], "accepted")
    again = http.get(f"/v1/takedowns/{made['reference']}").json()
    assert again["state"] == "accepted"
    assert "Ada" not in str(again)
    assert http.get("/v1/takedowns/nobody-has-this-reference").status_code == 404


def test_one_address_may_ask_so_often_a_day(tmp_path) -> None:
    world = gateway(tmp_path, takedown_per_day=2)
    http = TestClient(world.app)
    assert [ask(http).status_code for _ in range(3)] == [201, 201, 429]
    world.database.close()


def test_a_link_does_where_there_is_no_picture(http: TestClient, world: GatewayInProcess) -> None:
    made = ask(http, None, image="https://example.org/a.jpg")
    assert made.status_code == 201
    assert world.platform.takedowns.notices[made.json()["reference"]].image == "https://example.org/a.jpg"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"relation": "friend"}, 422, "malformed-form"),
        ({"confirmed": "false"}, 422, "invalid-takedown"),
        ({"statement_version": "0"}, 422, "invalid-takedown"),
        ({"colour": "red"}, 422, "malformed-form"),
    ],
)
def test_what_is_no_notice_is_refused(http: TestClient, change: dict[str, str], status: int, code: str) -> None:
    answer = ask(http, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "Ada" not in answer.text


def test_neither_picture_nor_link_is_refused(http: TestClient) -> None:
    assert ask(http, None).json()["code"] == "invalid-takedown"


def test_one_address_cannot_flood_the_queue(tmp_path) -> None:
    made = gateway(tmp_path, takedown_per_hour=1)
    with TestClient(made.app) as http:
        answers = [ask(http).status_code for _ in range(11)]
    assert answers == [201] * 10 + [429]
    made.database.close()
