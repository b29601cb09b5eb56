"""A disk that is full for one part: a refusal that says so, nothing lost, and work again once there is room.

The limit is the kernel's on how large a process may make its files (prlimit): each write fails as on a full disk.
"""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from semblance.kernel.ids import new_id
from semblance.local.testing.house import eventually
from semblance.local.testing.members import IMAGE_S, PHOTO_S

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(600)]


def send(settled: Any, photo: bytes, key: str) -> httpx.Response:
    """One call, not repeated."""
    headers = {"Authorization": f"Bearer {settled.member.client.token}", "Idempotency-Key": key}
    form = {"consent_id": settled.consent.id}
    files = {"photo": ("photo", photo, "image/jpeg")}
    return httpx.post(f"{settled.house.url}/v1/photos", data=form, files=files, headers=headers, timeout=60)


@pytest.mark.parametrize("name", ["ingest", "store", "gateway"])
def test_a_full_disk_refuses_and_loses_nothing(settled: Any, name: str) -> None:
    house, client = settled.house, settled.member.client
    before = {photo.id: photo.sha256 for photo in client.photos()}
    photo, key = settled.fresh.pop(), new_id()
    house.limit_files(name, 1)
    try:
        refused = send(settled, photo, key)
        assert refused.status_code == 503, refused.text[:500]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"]
        assert int(refused.headers["retry-after"]) > 0
        assert str(house.layout.data) not in refused.text
    finally:
        house.limit_files(name, None)
    house.wait_ready()
    again = eventually(lambda: accepted(send(settled, photo, key)), "the photo is taken", 90)
    client.wait(again, timeout_s=PHOTO_S)
    assert client.photo(again).state == "accepted"
    after = {photo.id: photo.sha256 for photo in client.photos()}
    assert len(after) == len(before) + 1, "the call that was refused left something behind"
    assert before.items() <= after.items()
    for photo_id, sha256 in after.items():
        assert hashlib.sha256(client.photo_content(photo_id).data).hexdigest() == sha256


def accepted(response: httpx.Response) -> str:
    """The photo's id, or "" while there is no room."""
    if response.status_code == httpx.codes.CREATED:
        return str(response.json()["id"])
    assert response.status_code in {409, 503}, response.text[:500]
    return ""


def test_pictures_wait_for_room_in_the_store(settled: Any) -> None:
    """Accepted before the disk filled up; the pixels and the events cannot be kept, and are once they can."""
    house, client = settled.house, settled.member.client
    image = client.create_image(settled.adapter.id, "a photo of me", seed=8)
    house.limit_files("store", 1)
    try:
        eventually(lambda: client.image(image.id).state == "running", "the picture is drawn", IMAGE_S)
        eventually(
            lambda: (
                house.kept.rows("generation", "SELECT attempts FROM work_items WHERE aggregate_id = ?", image.id)
                and house.kept.count("generation", "outbox") > 0
            ),
            "events wait",
            IMAGE_S,
        )
    finally:
        house.limit_files("store", None)
    client.wait(image.id, timeout_s=IMAGE_S)
    assert client.image(image.id).state == "published"
    assert house.kept.count("provenance", "publications", "image_id = ?", image.id) == 1
