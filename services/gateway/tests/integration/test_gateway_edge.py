"""Tokens, idempotency, limits, problems and headers at the edge."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from fastapi.testclient import TestClient

from semblance.gateway.adapters.tokens import LocalIssuer, Verifier
from semblance.gateway.domain.errors import TokenRefused
from semblance.gateway.testing import gateway
from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id

PASSWORD = "correct horse battery"


def code(response) -> str:
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.json()["code"]


def test_tokens_are_checked_by_anybody_with_the_published_keys(world, ada) -> None:
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    about = ada.http.get("/.well-known/openid-configuration").json()
    keys = ada.http.get(about["jwks_uri"].removeprefix(about["issuer"])).json()
    assert "d" not in keys["keys"][0]
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="semblance", issuer=about["issuer"])
    assert claims["sub"] == ada.subject_id
    assert claims["exp"] - claims["iat"] == 3600


def test_a_token_that_was_remembered_ends_when_it_ends(tmp_path) -> None:
    issuer = LocalIssuer("https://here.example", "semblance", tmp_path / "signing.pem", life_s=0)
    verifier, token = Verifier(issuer, ()), issuer.issue("somebody", new_id())
    assert verifier.verify(token) == verifier.verify(token)
    ends_s = jwt.decode(token, options={"verify_signature": False})["exp"] + 5  # of leeway
    time.sleep(max(0.0, ends_s - time.time()) + 0.1)
    with pytest.raises(TokenRefused, match="expired"):
        verifier.verify(token)


def test_tokens_that_are_refused(world, ada, http) -> None:
    good = ada.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(good, options={"verify_signature": False})
    signer = world.front.issuer
    head, body, signature = good.split(".")
    public = signer.jwks()["keys"][0]["x"]
    forged = [
        "",
        "nonsense",
        f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        f"{head}.{body}.",
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, public, algorithm="HS256"),
        jwt.encode({**claims, "aud": "other"}, signer._key, algorithm="EdDSA", headers={"kid": "x"}),
        jwt.encode({**claims, "iss": "https://elsewhere.example"}, signer._key, algorithm="EdDSA"),
        jwt.encode({**claims, "exp": claims["iat"] - 60}, signer._key, algorithm="EdDSA"),
        jwt.encode({**claims, "sub": 7}, signer._key, algorithm="EdDSA"),
        signer.issue(new_id(), new_id()),
        signer.issue(ada.subject_id, new_id()),
        "x" * 9000,
    ]
    for token in forged:
        response = http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (response.status_code, code(response)) == (401, "invalid-token"), token
        assert response.headers["www-authenticate"] == "Bearer"
    assert code(http.get("/v1/me")) == "invalid-token"


def test_passwords(http, ada) -> None:
    for username, password in (("ada", "wrong password!!"), ("nobody", PASSWORD), ("", "")):
        response = http.post("/v1/token", data={"grant_type": "password", "username": username, "password": password})
        assert response.status_code == 400
        assert (code(response), response.json()["error"]) == ("invalid-grant", "invalid_grant")
    assert http.post("/v1/token", data={"grant_type": "implicit"}).json()["error"] == "unsupported_grant_type"
    taken = http.post("/v1/accounts", json={"handle": "ada", "password": PASSWORD})
    assert (taken.status_code, code(taken)) == (409, "handle-taken")


def test_guessing_is_slowed_down_for_a_handle(tmp_path) -> None:
    world = gateway(tmp_path, clock=FakeClock(), anonymous_per_minute=6000, password_per_minute=6000)
    http = TestClient(world.app)
    form = {"grant_type": "password", "username": "ada", "password": "wrong password!!"}
    answers = [http.post("/v1/token", data=form).status_code for _ in range(12)]
    assert answers == [400] * 10 + [429] * 2
    limited = http.post("/v1/token", data=form)
    assert int(limited.headers["retry-after"]) >= 1
    world.database.close()


def test_an_outside_issuer_is_mapped_to_a_person(tmp_path) -> None:
    other = gateway(
        tmp_path / "idp" if (tmp_path / "idp").mkdir() is None else tmp_path, public_url="https://idp.example"
    )
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(other.front.issuer.jwks()))
    issuer = {"issuer": "https://idp.example", "audience": "semblance", "jwks_file": str(jwks)}
    world = gateway(tmp_path, oidc_issuers=[issuer])
    http = TestClient(world.app)
    headers = {"Authorization": f"Bearer {other.front.issuer.issue('user-7', new_id())}"}
    first, second = http.get("/v1/me", headers=headers).json(), http.get("/v1/me", headers=headers).json()
    assert first == second
    assert first["subject_id"] != "user-7"
    assert first["handle"] is None
    world.database.close()
    other.database.close()


def test_the_same_key_gets_the_same_answer_and_one_effect(world, ada, eve) -> None:
    consent_id = ada.opt_in()
    adapter_id = ada.adapter(world, consent_id)
    key = {"Idempotency-Key": "key-1"}
    order = {"adapter_id": adapter_id, "prompt": "a portrait"}
    first = ada.post("/v1/images", json=order, headers=key)
    second = ada.post("/v1/images", json=order, headers=key)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert len(world.platform.generation.orders) == 1
    reused = ada.post("/v1/images", json={**order, "prompt": "another"}, headers=key)
    assert (reused.status_code, code(reused)) == (409, "idempotency-key-reused")
    elsewhere = ada.post("/v1/adapters", json={"consent_id": consent_id}, headers=key)
    assert code(elsewhere) == "idempotency-key-reused"
    assert eve.post("/v1/capture-sessions", json={}, headers=key).status_code == 422
    assert code(ada.post("/v1/images", json=order, headers={"Idempotency-Key": "a b"})) == "malformed-idempotency-key"


def test_a_retry_after_a_failure_on_the_way_keeps_the_id(world, ada) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    create, seen = world.platform.generation.create, []

    def lost_answer(subject_id, order):
        seen.append(order.image_id)
        create(subject_id, order)
        raise Unavailable("the answer was lost")

    world.platform.generation.create = lost_answer
    order, key = {"adapter_id": adapter_id, "prompt": "a portrait"}, {"Idempotency-Key": "key-1"}
    failed = ada.post("/v1/images", json=order, headers=key)
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "2")
    world.platform.generation.create = create
    made = ada.post("/v1/images", json=order, headers=key)
    assert (made.status_code, made.json()["id"]) == (202, seen[0])
    assert len(world.platform.generation.orders) == 1


def test_a_refusal_forgets_the_key(world, ada) -> None:
    adapter_id = ada.adapter(world, ada.opt_in())
    key = {"Idempotency-Key": "key-1"}
    refused = ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "forbidden"}, headers=key)
    assert (refused.status_code, code(refused)) == (422, "prompt-refused")
    assert ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "ok"}, headers=key).status_code == 202


def test_nothing_secret_is_kept(world, ada, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    adapter_id = ada.adapter(world, ada.opt_in())
    ada.post("/v1/images", json={"adapter_id": adapter_id, "prompt": "zebra"}, headers={"Idempotency-Key": "k"})
    ada.add_photo(new_id(), **{"Idempotency-Key": "k2"})
    upload = {"consent_id": ada.opt_in(), "content_type": "image/jpeg", "size_bytes": 10}
    ada.post("/v1/photo-uploads", json=upload, headers={"Idempotency-Key": "k3"})
    kept = b"".join(path.read_bytes() for path in world.front.settings.keys_dir.parent.glob("gateway.sqlite*"))
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    for secret in (b"zebra", b"signature=abc", PASSWORD.encode(), token.encode()):
        assert secret not in kept
        assert secret.decode() not in caplog.text
    assert caplog.text.count("request") > 3


def test_stored_answers_expire_after_a_day(tmp_path) -> None:
    clock = FakeClock()
    world = gateway(tmp_path, clock=clock)
    http = TestClient(world.app)
    account, key = {"handle": "ada", "password": PASSWORD}, {"Idempotency-Key": "k"}
    assert http.post("/v1/accounts", json=account, headers=key).status_code == 201
    assert http.post("/v1/accounts", json=account, headers=key).headers["idempotency-replayed"] == "true"
    clock.advance(24 * 3600 + 1)
    assert code(http.post("/v1/accounts", json=account, headers=key)) == "handle-taken"
    world.database.close()


def test_rate_limits_are_counted_for_each_person(tmp_path) -> None:
    clock = FakeClock()
    world = gateway(tmp_path, clock=clock, read_per_minute=60)
    http = TestClient(world.app)
    tokens = []
    for handle in ("ada", "eve"):
        http.post("/v1/accounts", json={"handle": handle, "password": PASSWORD})
        form = {"grant_type": "password", "username": handle, "password": PASSWORD}
        tokens.append({"Authorization": "Bearer " + http.post("/v1/token", data=form).json()["access_token"]})
    answers = [http.get("/v1/me", headers=tokens[0]) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert code(answers[-1]) == "rate-limited"
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[0].headers["ratelimit-policy"] == '"read";q=30;w=30'
    assert answers[0].headers["ratelimit"] == '"read";r=29;t=1'
    assert http.get("/v1/me", headers=tokens[1]).status_code == 200
    clock.advance(1)
    assert http.get("/v1/me", headers=tokens[0]).status_code == 200
    world.database.close()


def test_bodies_that_are_refused(ada, http) -> None:
    as_json = {"Content-Type": "application/json"}
    deep = ada.post("/v1/releases", content=b"[" * 5000 + b"]" * 5000, headers=as_json)
    assert (deep.status_code, code(deep)) == (422, "json-too-deep")
    large = ada.post("/v1/releases", content=b'"' + b"x" * 70_000 + b'"', headers=as_json)
    assert (large.status_code, code(large)) == (413, "body-too-large")

    def endless():
        for _ in range(1000):
            yield b"x" * 65536

    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\nContent-Type: image/jpeg\r\n\r\n'
    stream = (piece for pieces in ([head], endless()) for piece in pieces)
    endless_photo = ada.post("/v1/photos", content=stream, headers=boundary)
    assert (endless_photo.status_code, code(endless_photo)) == (413, "body-too-large")
    text = ada.post("/v1/releases", content=b"x", headers={"Content-Type": "text/plain"})
    assert (text.status_code, code(text)) == (415, "unsupported-media-type")
    assert ada.post("/v1/photos", json={}).status_code == 415
    gif = ada.post("/v1/photos", data={"consent_id": new_id()}, files={"photo": ("a", b"x", "text/html")})
    assert gif.status_code == 415
    for broken in (
        b"",
        b"--b",
        b"--b\r\n\r\n",
        b"\x00" * 40,
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
    ):
        response = ada.post("/v1/photos", content=broken, headers=boundary)
        assert code(response) == "malformed-form"
    assert (
        code(ada.post("/v1/photos", content=b"x", headers={"Content-Type": "multipart/form-data"})) == "malformed-form"
    )
    unknown = {"adapter_id": new_id(), "prompt": "x", "surprise": 1}
    assert code(ada.post("/v1/images", json=unknown)) == "invalid-request"
    assert code(ada.post("/v1/images", content=b"{", headers=as_json)) == "invalid-request"


@pytest.mark.parametrize(
    "times", ["[0]", "[1, 1]", "[2, 1]", "[0, 1.5]", "[true, 2]", "{}", "[0, 99999999]", "[" * 4000, "x"]
)
def test_captures_that_are_refused(ada, times: str) -> None:
    frames = [("frames", ("a", b"\xff\xd8\xff1", "image/jpeg")), ("frames", ("b", b"\xff\xd8\xff2", "image/jpeg"))]
    response = ada.post(
        f"/v1/capture-sessions/{new_id()}/capture", data={"nonce": "n", "times_ms": times}, files=frames
    )
    assert (response.status_code, code(response)) == (422, "malformed-capture")


def test_every_plain_refusal_is_a_problem(http, ada) -> None:
    assert code(http.get("/nowhere")) == "no-such-path"
    wrong = http.put("/v1/images")
    assert (code(wrong), "POST" in wrong.headers["allow"]) == ("method-not-allowed", True)
    assert code(ada.get("/v1/photos/../../etc")) in {"no-such-path", "invalid-request"}
    assert code(ada.get("/v1/photos/NOT-AN-ID")) == "invalid-request"
    assert code(ada.get(f"/v1/photos/{new_id()}")) == "not-found"


def test_a_bug_tells_nothing(world, ada) -> None:
    def broken(_subject_id):
        raise RuntimeError("secret words")

    world.platform.identity.consents = broken
    response = ada.get("/v1/consents")
    assert (response.status_code, code(response)) == (500, "internal")
    assert "secret" not in response.text


def test_security_headers_and_no_cors(http) -> None:
    response = http.get("/v1/notice", headers={"Origin": "https://elsewhere.example"})
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in response.headers
    page = http.get("/docs")
    assert "cdn" not in page.text
    assert http.get("/docs/swagger-ui-bundle.js").status_code == 200


def test_a_slow_sender_does_not_keep_the_others_out(tmp_path) -> None:
    world = gateway(tmp_path, uploads_at_once=1, upload_within_s=0.05)
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="x"\r\nContent-Type: image/png\r\n\r\n'

    async def ask(http: httpx.AsyncClient, *parts: bytes, forever: bool) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            for part in parts:
                yield part
            if forever:
                await asyncio.Event().wait()

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return await http.post("/v1/verify", content=body(), headers=headers)

    async def json() -> AsyncIterator[bytes]:
        yield b'{"handle": '
        await asyncio.Event().wait()

    async def all_of_them() -> tuple[httpx.Response, ...]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://gateway") as http:
            slow = await ask(http, head, forever=True)
            small = await http.post("/v1/accounts", content=json(), headers={"Content-Type": "application/json"})
            return slow, small, await ask(http, head, b"picture\r\n--x--\r\n", forever=False)

    slow, small, quick = asyncio.run(all_of_them())
    assert (slow.status_code, small.status_code) == (408, 408)
    assert (code(small), small.headers["connection"]) == ("request-timeout", "close")
    assert quick.status_code == 200
    world.database.close()


def test_large_bodies_are_few_at_a_time(tmp_path) -> None:
    world = gateway(tmp_path, uploads_at_once=1)
    bodies = next(m for m in world.app.user_middleware if "large_at_once" in m.kwargs)
    bodies.kwargs["large_at_once"] = 0
    response = TestClient(world.app).post("/v1/verify", files={"image": ("x", b"x", "image/png")})
    assert (response.status_code, code(response)) == (503, "busy")
    world.database.close()


def test_one_address_leaves_turns_to_others(tmp_path) -> None:
    """Two that never end from one address, of three turns in all: a third from there waits, another's does not."""
    world = gateway(tmp_path, uploads_at_once=3, uploads_per_address=2)

    async def ask(address: str, reached: asyncio.Event | None = None) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"--x\r\n"
            if reached is not None:
                reached.set()
                await asyncio.Event().wait()
            yield (
                b'Content-Disposition: form-data; name="image"; filename="x"\r\nContent-Type: image/png\r\n\r\n'
                b"picture\r\n--x--\r\n"
            )

        transport = httpx.ASGITransport(world.app, client=(address, 1234))
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            return await http.post("/v1/verify", content=body(), headers=headers)

    async def all_of_them() -> tuple[httpx.Response, ...]:
        reached = [asyncio.Event(), asyncio.Event()]
        slow = [asyncio.create_task(ask(f"2001:db8::{n}", each)) for n, each in enumerate(reached)]
        for each in reached:
            await asyncio.wait_for(each.wait(), 20)
        refused, other = await ask("2001:db8::99"), await ask("192.0.2.7")
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return refused, other, await ask("2001:db8::99")

    refused, other, later = asyncio.run(all_of_them())
    assert (refused.status_code, code(refused)) == (429, "too-many-uploads")
    assert refused.headers["retry-after"] == "1"
    assert (other.status_code, later.status_code) == (200, 200)
    world.database.close()
