"""A gateway in process, and people who signed up and opted in through its own API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
from fastapi.testclient import TestClient

from semblance.gateway.testing import GatewayInProcess, browser, gateway
from semblance.gateway.testing.visit import Visit

PASSWORD = "correct horse battery"
JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10
EVERYTHING = ["photos", "train", "generate"]


@dataclass
class Guest:
    """Somebody with an account and a token."""

    http: TestClient
    handle: str
    subject_id: str
    headers: dict[str, str]

    def get(self, path: str, **more: object):
        return self.http.get(path, headers={**self.headers, **more.pop("headers", {})}, **more)

    def post(self, path: str, **more: object):
        return self.http.post(path, headers={**self.headers, **more.pop("headers", {})}, **more)

    def delete(self, path: str):
        return self.http.delete(path, headers=self.headers)

    def put(self, path: str, **more: object):
        return self.http.put(path, headers=self.headers, **more)

    def erase(self, password: str = PASSWORD):
        """Ask to be forgotten, as the account's owner must: with the password once more."""
        return self.post("/v1/erasures", json={"password": password})

    def patch(self, path: str, **more: object):
        return self.http.patch(path, headers=self.headers, **more)

    def opt_in(self, purposes: list[str] = EVERYTHING) -> str:
        """Notice to consent; the consent's id."""
        notice = self.get("/v1/notice").json()
        signature = {"notice_sha256": notice["sha256"], "signed_name": "A", "adult": True, "purposes": purposes}
        release = self.post("/v1/releases", json=signature).json()
        session = self.post("/v1/capture-sessions", json={"release_id": release["id"], "device_id": "device-1"}).json()
        captured = self.post(
            f"/v1/capture-sessions/{session['id']}/capture",
            data={"nonce": session["nonce"], "times_ms": "[0, 200]"},
            files=[("frames", ("a", JPEG, "image/jpeg")), ("frames", ("b", JPEG, "image/jpeg"))],
        )
        assert captured.json()["state"] == "succeeded"
        consent = self.post("/v1/consents", json={"session_id": session["id"], "purposes": purposes})
        assert consent.status_code == 201
        return str(consent.json()["id"])

    def add_photo(self, consent_id: str, data: bytes = JPEG, **headers: str):
        return self.post(
            "/v1/photos", data={"consent_id": consent_id}, files={"photo": ("me", data, "image/jpeg")}, headers=headers
        )

    def adapter(self, world: GatewayInProcess, consent_id: str) -> str:
        """A ready adapter's id."""
        adapter_id = self.post("/v1/adapters", json={"consent_id": consent_id}).json()["id"]
        world.platform.training.become(adapter_id, "ready")
        return str(adapter_id)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GatewayInProcess]:
    made = gateway(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def http(world: GatewayInProcess) -> TestClient:
    return TestClient(world.app, raise_server_exceptions=False)


@pytest.fixture
def sign_up(http: TestClient, sign_in: Callable[..., Guest]) -> Callable[[str], Guest]:
    def made(handle: str) -> Guest:
        account = http.post("/v1/accounts", json={"handle": handle, "password": PASSWORD})
        assert account.status_code == 201
        return sign_in(handle)

    return made


@pytest.fixture
def sign_in(http: TestClient) -> Callable[..., Guest]:
    def made(handle: str, password: str = PASSWORD) -> Guest:
        form = {"grant_type": "password", "username": handle, "password": password}
        token = http.post("/v1/token", data=form).json()["access_token"]
        subject_id = jwt.decode(token, options={"verify_signature": False})["sub"]  # asking would be counted
        return Guest(http, handle, subject_id, {"Authorization": f"Bearer {token}"})

    return made


@pytest.fixture
def ada(sign_up: Callable[[str], Guest]) -> Guest:
    return sign_up("ada")


@pytest.fixture
def eve(sign_up: Callable[[str], Guest]) -> Guest:
    return sign_up("eve")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    """The tab of a real Chromium; whoever asks for it is skipped where there is none."""
    with browser.browsing(tmp_path_factory.mktemp("browser"), *browser.CAMERA) as page:
        yield page


@pytest.fixture
def visit(world: GatewayInProcess, tab: browser.Page) -> Iterator[Visit]:
    """Each test has an origin of its own, and so storage of its own."""
    page = tab
    page.complaints.clear()
    page.sized(1280, 800)
    with browser.served(world.app) as url:
        page.open(f"{url}/me")
        here = Visit(page, url)
        here.at("enter")
        yield here
        page.open("about:blank#")  # a page that is left open would ask a server that is gone
