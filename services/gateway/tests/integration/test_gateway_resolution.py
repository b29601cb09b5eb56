"""C2PA's Soft Binding Resolution API and /v1/verify, as strangers ask them."""

from __future__ import annotations

import base64
import struct

import pytest
from fastapi.testclient import TestClient

from semblance.gateway.domain.jumbf import active_manifest_only
from semblance.gateway.testing import GatewayInProcess, gateway
from semblance.gateway.testing.provenance import MANIFEST_ID, PNG

pytestmark = pytest.mark.integration
MARK = base64.b64encode(b"mark").decode()
PREFIX = "/v1/c2pa"


def test_a_binding_leads_to_a_manifest_by_either_method(http: TestClient) -> None:
    query = {"alg": "org.example.watermark", "value": MARK}
    by_get = http.get(f"{PREFIX}/matches/byBinding", params=query)
    by_post = http.post(f"{PREFIX}/matches/byBinding?maxResults=3", json=query)
    assert by_get.json() == by_post.json() == {"matches": [{"manifestId": MANIFEST_ID, "similarityScore": 100}]}


@pytest.mark.parametrize(
    "query",
    [
        {"alg": "org.example.unknown", "value": MARK},
        {"alg": "org.example.watermark", "value": "no base64!"},
    ],
)
def test_a_query_that_means_nothing_is_400(http: TestClient, query: dict[str, str]) -> None:
    for answer in (
        http.get(f"{PREFIX}/matches/byBinding", params=query),
        http.post(f"{PREFIX}/matches/byBinding", json=query),
    ):
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "invalid-binding"


def test_a_picture_leads_to_a_manifest_and_a_hint_adds_none_twice(http: TestClient) -> None:
    headers = {"Content-Type": "image/png"}
    found = http.post(f"{PREFIX}/matches/byContent", content=PNG, headers=headers)
    assert found.json() == {"matches": [{"manifestId": MANIFEST_ID, "similarityScore": 97}]}
    hint = {"hintAlg": "org.example.watermark", "hintValue": MARK}
    hinted = http.post(f"{PREFIX}/matches/byContent", content=PNG, headers=headers, params=hint)
    assert hinted.json() == {"matches": [{"manifestId": MANIFEST_ID, "similarityScore": 100}]}
    nothing = http.post(f"{PREFIX}/matches/byContent", content=PNG + b"?", headers=headers)
    assert nothing.json() == {"matches": []}


def test_what_is_no_picture_is_415_and_too_much_is_413(http: TestClient) -> None:
    path = f"{PREFIX}/matches/byContent"
    assert http.post(path, content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert http.post(path, content=b"GIF89a", headers={"Content-Type": "image/gif"}).status_code == 415
    huge = http.post(path, content=bytes(26 * 2**20), headers={"Content-Type": "image/png"})
    assert huge.status_code == 413


def test_a_manifest_is_given_as_it_was_signed(http: TestClient, world: GatewayInProcess) -> None:
    store = _store(b"first", b"second")
    world.platform.resolution.stores[MANIFEST_ID] = store
    answer = http.get(f"{PREFIX}/manifests/{MANIFEST_ID}")
    assert answer.headers["content-type"] == "application/c2pa"
    assert answer.content == store
    active = http.get(f"{PREFIX}/manifests/{MANIFEST_ID}", params={"returnActiveManifest": "true"})
    assert active.content == _store(b"second")
    unknown = http.get(f"{PREFIX}/manifests/urn:c2pa:nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "manifest-not-found")


def test_a_store_of_one_manifest_is_its_active_one() -> None:
    assert active_manifest_only(_store(b"only")) == _store(b"only")


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _store(*manifests: bytes) -> bytes:
    return _box(b"jumb", _box(b"jumd", b"c2pa") + b"".join(_box(b"jumb", content) for content in manifests))


def test_the_algorithms_are_listed(http: TestClient) -> None:
    assert http.get(f"{PREFIX}/services/supportedAlgorithms").json() == {
        "watermarks": [{"alg": "org.example.watermark"}],
        "fingerprints": [{"alg": "org.example.fingerprint"}],
    }


def test_one_address_cannot_have_everything_looked_at(tmp_path) -> None:
    made = gateway(tmp_path, verify_per_minute=1)
    with TestClient(made.app) as http:
        answers = [http.post("/v1/verify", files={"image": ("x", PNG, "image/png")}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    made.database.close()


def test_the_page_runs_its_own_files_only(http: TestClient) -> None:
    page = http.get("/verify")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/verify/page.js", "/verify/page.css"):
        assert path in page.text
        assert http.get(path).status_code == 200
    assert "<style" not in page.text
    assert "onclick" not in page.text
