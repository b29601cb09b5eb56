"""Signing out ends the token everywhere at once, and what cannot be undone asks once more who is there."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from fastapi.testclient import TestClient

from semblance.gateway.handlers.idempotency import tidy
from semblance.gateway.handlers.sessions import open_session
from semblance.gateway.testing import GatewayInProcess, gateway
from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import new_id

PASSWORD = "correct horse battery"  # as everybody in conftest has it
ANOTHER = "a staple for my horse"
PROVIDER = "https://idp.example"


def refused(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_token_alone_erases_nobody(world, ada, eve) -> None:
    assert refused(ada.post("/v1/erasures")) == (401, "password-needed")
    assert refused(ada.post("/v1/erasures", json={})) == (401, "password-needed")
    assert refused(ada.erase("another's password")) == (401, "wrong-password")
    assert refused(ada.delete("/v1/me")) == (405, "method-not-allowed"), "a second door would need the same lock"
    assert world.platform.identity.erasures == {}
    assert ada.get("/v1/me").status_code == eve.get("/v1/me").status_code == 200
    assert ada.erase().status_code == 202
    assert ada.get("/v1/me").status_code == 410


def test_a_stolen_token_brings_no_guesses_beyond_those_at_the_front_door(tmp_path: Path) -> None:
    world = gateway(tmp_path, clock=FakeClock(), anonymous_per_minute=6000, password_per_minute=6000)
    http = TestClient(world.app)
    http.post("/v1/accounts", json={"handle": "ada", "password": PASSWORD})
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    headers = {"Authorization": f"Bearer {http.post('/v1/token', data=form).json()['access_token']}"}
    wrong = {"password": "another's password"}
    answers = [http.post("/v1/erasures", json=wrong, headers=headers).status_code for _ in range(5)]
    change = wrong | {"new_password": ANOTHER}
    answers += [http.put("/v1/me/password", json=change, headers=headers).status_code for _ in range(2)]
    answers += [http.post("/v1/token", data=form | wrong).status_code for _ in range(2)]
    assert answers == [401] * 7 + [400] * 2, "of ten for the handle, the sign-in was one"
    assert http.post("/v1/token", data=form).status_code == 429
    late = http.post("/v1/erasures", json={"password": PASSWORD}, headers=headers)
    assert refused(late) == (429, "rate-limited")
    assert "retry-after" in late.headers
    world.database.close()


def test_signing_out_ends_the_token_for_every_process(world, ada, sign_in, tmp_path: Path) -> None:
    """Another process of the same gateway: its own memory of tokens, the same database."""
    elsewhere = sign_in("ada")
    other = gateway(tmp_path, database_url=str(world.database.engine.url))
    with TestClient(other.app) as there:
        assert there.get("/v1/me", headers=ada.headers).status_code == 200
        assert ada.delete("/v1/sessions/current").status_code == 204
        for http in (there, ada.http):
            assert refused(http.get("/v1/me", headers=ada.headers)) == (401, "invalid-token")
            assert refused(http.delete("/v1/sessions/current", headers=ada.headers)) == (401, "invalid-token")
            given = {"password": PASSWORD}
            assert refused(http.post("/v1/erasures", json=given, headers=ada.headers)) == (401, "invalid-token")
            assert http.get("/v1/me", headers=elsewhere.headers).status_code == 200
    other.database.close()


def test_a_person_sees_where_they_are_signed_in_and_ends_it(ada, eve, sign_in) -> None:
    away, lost = sign_in("ada"), sign_in("ada")
    found = ada.get("/v1/sessions").json()["items"]
    assert [session["current"] for session in found] == [False, False, True], "newest first"
    assert all(session.keys() == {"id", "opened_at", "expires_at", "current"} for session in found)
    page = ada.get("/v1/sessions?limit=1").json()
    assert ada.get(f"/v1/sessions?after={page['next_after']}").json()["items"] == found[1:]
    assert refused(eve.delete(f"/v1/sessions/{found[0]['id']}")) == (404, "not-found")
    assert ada.delete(f"/v1/sessions/{found[0]['id']}").status_code == 204
    assert lost.get("/v1/me").status_code == 401
    assert ada.delete("/v1/sessions").status_code == 204
    assert ada.get("/v1/me").status_code == away.get("/v1/me").status_code == 401
    assert eve.get("/v1/me").status_code == 200
    assert sign_in("ada").get("/v1/me").status_code == 200


def test_a_new_password_ends_every_other_sign_in(ada, sign_in, http) -> None:
    thief = sign_in("ada")
    wish = {"password": PASSWORD, "new_password": ANOTHER}
    assert refused(thief.put("/v1/me/password", json=wish | {"password": "x" * 12})) == (401, "wrong-password")
    assert refused(ada.put("/v1/me/password", json=wish | {"new_password": "ada ada ada ada"})) == (
        422,
        "weak-password",
    )
    assert thief.get("/v1/me").status_code == 200
    assert ada.put("/v1/me/password", json=wish).status_code == 204
    assert thief.get("/v1/me").status_code == 401
    assert ada.get("/v1/me").status_code == 200
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    assert http.post("/v1/token", data=form).status_code == 400
    assert sign_in("ada", ANOTHER).erase(ANOTHER).status_code == 202


def test_a_password_that_was_changed_while_it_was_proved_opens_nothing(world, ada) -> None:
    with world.store.reading() as records:
        proved = records.accounts.by_handle("ada")
    assert ada.put("/v1/me/password", json={"password": PASSWORD, "new_password": ANOTHER}).status_code == 204
    issuer = world.front.issuer.issuer
    with pytest.raises(SemblanceError, match="wrong"):
        open_session(world.gate, proved, issuer=issuer, life_s=60)


def test_sign_ins_that_ran_out_are_swept(tmp_path: Path) -> None:
    clock = FakeClock()
    world = gateway(tmp_path, clock=clock)
    http = TestClient(world.app)
    account = http.post("/v1/accounts", json={"handle": "ada", "password": PASSWORD}).json()
    http.post("/v1/token", data={"grant_type": "password", "username": "ada", "password": PASSWORD})
    clock.advance(3601)
    with world.store.writing() as records:
        assert records.sessions.of(account["subject_id"], clock.now()) == []
        assert len(records.sessions.end_all(account["subject_id"], but=new_id())) == 1
    http.post("/v1/token", data={"grant_type": "password", "username": "ada", "password": PASSWORD})
    clock.advance(3601)
    tidy(world.gate)
    with world.store.writing() as records:
        assert records.sessions.end_all(account["subject_id"]) == []
    world.database.close()


class Provider:
    """An identity provider of somebody else, and a gateway that takes its tokens."""

    def __init__(self, folder: Path) -> None:
        self._there = gateway(folder / "idp", public_url=PROVIDER)
        keys = folder / "jwks.json"
        keys.write_text(json.dumps(self._there.front.issuer.jwks()))
        named = {"issuer": PROVIDER, "audience": "semblance", "jwks_file": str(keys), "own_clients": ["our-page"]}
        self.world: GatewayInProcess = gateway(folder, oidc_issuers=[named])
        self.http = TestClient(self.world.app)

    def headers(self, client_id: str | None, signed_in_s_ago: float | None) -> dict[str, str]:
        now = dt.datetime.now(dt.UTC)
        claims = {"iss": PROVIDER, "sub": "user-7", "aud": "semblance", "iat": now, "exp": now + dt.timedelta(hours=1)}
        if client_id is not None:
            claims["client_id"] = client_id
        if signed_in_s_ago is not None:
            claims["auth_time"] = int(now.timestamp() - signed_in_s_ago)
        signer = self._there.front.issuer
        kid = {"kid": signer.jwks()["keys"][0]["kid"]}
        return {"Authorization": f"Bearer {jwt.encode(claims, signer._key, algorithm='EdDSA', headers=kid)}"}

    def close(self) -> None:
        self.world.database.close()
        self._there.database.close()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    (tmp_path / "idp").mkdir()
    made = Provider(tmp_path)
    yield made
    made.close()


def test_an_applications_token_erases_nobody_and_a_providers_must_be_of_a_moment_ago(provider: Provider) -> None:
    http = provider.http
    for client_id in (None, "photo-booth"):
        application = provider.headers(client_id, 1)
        assert http.get("/v1/me", headers=application).status_code == 200
        erased = http.post("/v1/erasures", json={"password": PASSWORD}, headers=application)
        assert refused(erased) == (403, "not-own-sign-in")
    for signed_in_s_ago in (None, 301, -60):
        stale = http.post("/v1/erasures", headers=provider.headers("our-page", signed_in_s_ago))
        assert refused(stale) == (401, "sign-in-too-old")
    here = provider.headers("our-page", 10)
    for answer in (http.get("/v1/sessions", headers=here), http.delete("/v1/sessions/current", headers=here)):
        assert refused(answer) == (403, "no-password-here"), "a provider's sign-in is ended at the provider"
    assert http.post("/v1/erasures", headers=here).status_code == 202
