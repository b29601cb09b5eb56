"""`python serving.py SIDE FOLDER`: one side in a process of its own; prints its port, token and adapter, then serves.

gateway: as the runtime serves it. default: the same app, so the same contract and the same checks, under uvicorn's
plainest settings. unchecked: a FastAPI app that shares the models, the token's check and the service behind, and has
neither limits nor idempotency nor a job to follow: what a weekend's service would be.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from semblance.gateway.adapters.tokens import Verifier
from semblance.gateway.api.admission import bearer
from semblance.gateway.api.schemas.images import Image, NewImage
from semblance.gateway.domain.things import ImageOrder
from semblance.gateway.handlers.consents import require_consent
from semblance.gateway.handlers.wishes import seed_of
from semblance.gateway.testing import GatewayInProcess, gateway
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import new_id

_JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10
_WIDE = ("read_per_minute", "write_per_minute", "image_per_minute", "anonymous_per_minute", "password_per_minute")


def main() -> None:
    """Serve until the process is ended."""
    side, folder = sys.argv[1], Path(sys.argv[2])
    world = gateway(folder, **dict.fromkeys(_WIDE, 1_000_000))
    token, adapter_id = _settled(world)
    app = unchecked(world) if side == "unchecked" else world.app
    listener = socket.create_server(("127.0.0.1", 0))
    told = {"port": listener.getsockname()[1], "token": token, "adapter_id": adapter_id}
    print(json.dumps(told), flush=True)
    if side == "gateway":
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    else:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the access log goes there, as long as we serve
        config = uvicorn.Config(app, http="h11", loop="asyncio")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.Server(config).run(sockets=[listener])


def unchecked(world: GatewayInProcess) -> FastAPI:
    """The accept route alone: token, models, consent, the service behind."""
    gate, verifier, app = world.gate, Verifier(world.front.issuer, ()), FastAPI()  # type: ignore[arg-type]

    @app.post("/v1/images", status_code=202)
    def create(body: NewImage, token: Annotated[str, Depends(bearer)]) -> Image:
        subject_id = verifier._verified(token)[0].login.subject
        adapter = gate.training.adapter(subject_id, body.adapter_id or "")
        require_consent(gate, subject_id, adapter.consent_id, Purpose.GENERATE)
        image_id = new_id()
        asked = body.model_dump(
            include=set(ImageOrder.__dataclass_fields__), exclude={"adapter_id", "consent_id", "edit"}
        )
        order = {**asked, "use": body.use or "", "seed": seed_of(image_id) if body.seed is None else body.seed}
        return Image.of(
            gate.generation.create(
                subject_id, ImageOrder(image_id=image_id, consent_id=adapter.consent_id, adapter_id=adapter.id, **order)
            )
        )

    return app


def _settled(world: GatewayInProcess) -> tuple[str, str]:
    """Somebody with a token and a ready adapter."""
    http = TestClient(world.app)
    account = {"handle": "somebody", "password": "correct horse battery"}
    http.post("/v1/accounts", json=account).raise_for_status()
    form = {"grant_type": "password", "username": account["handle"], "password": account["password"]}
    token = str(http.post("/v1/token", data=form).json()["access_token"])
    http.headers["Authorization"] = f"Bearer {token}"
    purposes = ["photos", "train", "generate"]
    notice = http.get("/v1/notice").json()
    signed = {"notice_sha256": notice["sha256"], "signed_name": "A", "adult": True, "purposes": purposes}
    release = http.post("/v1/releases", json=signed).json()
    session = http.post("/v1/capture-sessions", json={"release_id": release["id"], "device_id": "device-1"}).json()
    http.post(
        f"/v1/capture-sessions/{session['id']}/capture",
        data={"nonce": session["nonce"], "times_ms": "[0, 200]"},
        files=[("frames", ("a", _JPEG, "image/jpeg")), ("frames", ("b", _JPEG, "image/jpeg"))],
    ).raise_for_status()
    consent = http.post("/v1/consents", json={"session_id": session["id"], "purposes": purposes}).json()
    adapter_id = str(http.post("/v1/adapters", json={"consent_id": consent["id"]}).json()["id"])
    world.platform.training.become(adapter_id, "ready")
    return token, adapter_id


if __name__ == "__main__":
    main()
