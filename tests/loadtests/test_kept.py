"""What was published is read once more: what is gone, damaged or unread is no, and whoever left is not asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from loadtests import kept, ledger, lookup
from loadtests.ledger import Entry
from loadtests.reconcile import LOST, Balance, Told
from loadtests.world import Somebody
from semblance.client import Client
from semblance.client.errors import ApiError

ME = Somebody("me", "secret", "subject-1", "token")
BYTES = b"signed"


def told(image_id: str, name: str = "ImagePublished", who: str = "subject-1", consent: str = "consent-1") -> Told:
    digest = hashlib.sha256(BYTES).hexdigest() if name == "ImagePublished" else ""
    return Told(f"{name} {image_id}", "a.topic.v1", name, "provenance", 1.0, 1.2, image_id, who, consent, digest)


PUBLISHED = [told("image-1"), told("image-2")]


def looked(stored: dict[str, bytes], took_s: float = 0.0, most: int = 10) -> tuple[list[tuple[str, str]], bool]:
    """Kinds and texts of the faults, and whether the finding is met. `took_s`: for each picture, of 10."""
    ticks: Iterator[float] = (took_s * n for n in range(99))

    def read(who: Somebody, image_id: str) -> bytes:
        assert who is ME
        if image_id not in stored:
            raise ApiError(404, {"code": "not-found"})
        return stored[image_id]

    balance = Balance()
    assert not kept.findings(balance)[0].met  # nobody looked
    kept.look(balance, PUBLISHED, [ME], read, most=most, within_s=10, now=lambda: next(ticks))
    return [(fault.kind, fault.text) for fault in balance.faults], kept.findings(balance)[0].met


def test_what_is_there_as_it_was_signed_is_no_fault() -> None:
    assert looked({"image-1": BYTES, "image-2": BYTES}) == ([], True)


def test_what_is_gone_or_another_is_lost() -> None:
    faults, met = looked({"image-1": b"other bytes"})
    assert met
    assert faults == [
        (LOST, "published, and its bytes are others than were signed"),
        (LOST, "published, and its bytes cannot be read: not-found"),
    ]


def test_what_was_not_read_in_time_is_no_and_more_than_enough_is_drawn_from() -> None:
    assert looked({"image-1": BYTES, "image-2": BYTES}, took_s=6.0) == ([], False)
    assert looked({"image-1": BYTES, "image-2": BYTES}, most=1) == ([], True)


@pytest.mark.parametrize(
    ("entries", "more"),
    [
        ([Entry(ledger.ERASED, 1, "account", subject_id="subject-1")], []),
        ([Entry(ledger.REVOKING, 1, "consent", subject_id="subject-1", consent_id="consent-1")], []),
        ([], [told("image-1", "ImageRemoved"), told("image-2", "ImageRevoked")]),
    ],
)
def test_what_its_person_took_back_or_away_is_not_asked_for(entries: list[Entry], more: list[Told]) -> None:
    assert kept.readable([], PUBLISHED) == PUBLISHED
    assert kept.readable(entries, [*PUBLISHED, *more]) == []


def test_who_is_no_longer_known_signs_in_again() -> None:
    who = Somebody("me", "secret", "subject-1", "old")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/token":
            return httpx.Response(200, json={"access_token": "new", "token_type": "bearer", "expires_in": 60})
        if request.headers["Authorization"] != "Bearer new":
            return httpx.Response(401, json={"code": "invalid-token"})
        return httpx.Response(200, content=BYTES, headers={"etag": f'"{hashlib.sha256(BYTES).hexdigest()}"'})

    with Client("http://gateway", who.token, transport=httpx.MockTransport(answer)) as client:
        found = lookup.in_their_name(client, who, lambda: client.image_content("image-1").data)
    assert (found, who.token) == (BYTES, "new")
