"""kill -9 of the supervisor: nothing is left running, and the next start goes on where the last one ended."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from typer.testing import CliRunner

from semblance.local import lock
from semblance.local.command import app
from semblance.local.testing.house import alive, eventually
from semblance.local.testing.members import IMAGE_S

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(600)]


def test_everything_ends_with_it_and_everything_is_there_afterwards(settled: Any) -> None:
    house, client = settled.house, settled.member.client
    first = settled.member.picture(settled.adapter)
    assert first.state == "published"
    signed = client.image_content(first.id).data
    photos = {photo.id: photo.sha256 for photo in client.photos()}
    token, url = client.token, house.url
    running = client.create_image(settled.adapter.id, "a photo of me", seed=5)
    queued = client.create_image(settled.adapter.id, "a photo of me", seed=6)
    eventually(lambda: client.job(running.id).state != "queued", "a picture is drawn", IMAGE_S)

    ended = house.kill_supervisor()
    eventually(lambda: not any(alive(pid) for pid in ended), "no process is left")
    # A process whose first thread is gone keeps its files open until its last one is.
    eventually(lambda: lock.holder(house.layout.lock) is None, "nobody holds the lock")
    house.stop_after_kill()
    told = CliRunner().invoke(app, ["status", "--data", str(house.layout.data)])
    assert told.exit_code == 1, "what does not run is said to run"

    house.start()
    assert house.url == url
    assert client.token == token
    for image in (running, queued):
        client.wait(image.id, timeout_s=IMAGE_S)
        assert client.image(image.id).state == "published"
        assert house.kept.count("provenance", "publications", "image_id = ?", image.id) == 1
    assert client.image_content(first.id).data == signed
    assert client.verify(signed).state == "Trusted"
    for photo_id, sha256 in photos.items():
        assert hashlib.sha256(client.photo_content(photo_id).data).hexdigest() == sha256
    assert client.consent(settled.consent.id).state == "active"
    assert client.adapter(settled.adapter.id).state == "ready"
    assert settled.member.picture(settled.adapter, seed=7).state == "published"
