"""The SDK against the real gateway."""

from __future__ import annotations

import hashlib
import threading
import time

import httpx
import pytest

from semblance.client import ApiError, Client, DamagedContent, StillRunning, Unreachable
from semblance.contracts.generation.v1 import events_pb2 as generation
from semblance.kernel.errors import Kind
from semblance.kernel.ids import new_id

JPEG = b"\xff\xd8\xff\xe0" + b"not really pixels" * 10


class Faulty(httpx.BaseTransport):
    """Passes requests on and loses or replaces some of the answers."""

    def __init__(self, *faults: Exception | httpx.Response | None) -> None:
        self._inner = httpx.HTTPTransport()
        self._faults = list(faults)
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        fault = self._faults.pop(0) if self._faults else None
        if isinstance(fault, httpx.Response):
            return fault
        response = self._inner.handle_request(request)
        if fault is not None:
            response.read()
            raise fault
        return response

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def through(served, ada):
    """A signed-in client over a faulty transport."""
    made = []

    def build(transport: Faulty, pause=lambda _s: None) -> Client:
        made.append(Client(served.url, ada.token, transport=transport, pause=pause))
        return made[-1]

    yield build
    for client in made:
        client.close()


def test_from_account_to_picture_and_away(services, ada, consent_id):
    photo = ada.upload_photo(consent_id, JPEG)
    assert ada.wait(photo.id, timeout_s=60).state == "accepted"
    assert [p.id for p in ada.photos()] == [photo.id]
    adapter = ada.train_adapter(consent_id, "me")
    told = []
    assert ada.wait(adapter.id, timeout_s=60, on_event=told.append).state == "ready"
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    assert ada.capabilities().people_max == 4
    image = ada.create_image(adapter.id, "a portrait", seed=7)
    assert (image.seed, ada.wait(image.id, timeout_s=60).state) == (7, "published")
    content = ada.image_content(image.id)
    assert hashlib.sha256(content.data).hexdigest() == content.sha256
    assert ada.image_manifest(image.id).manifest == {"active_manifest": "urn:c2pa:1"}
    assert ada.verify(content.data).made_here
    person = next(ada.people())
    assert ada.name_person(person.id, "Me").name == "Me"
    assert ada.undo_people_change()[0].name == ""
    assert ada.check_consent(consent_id, "generate").allowed
    assert ada.revoke_consent(consent_id).state == "withdrawn"
    with pytest.raises(ApiError) as refused:
        ada.create_image(adapter.id, "a portrait")
    assert (refused.value.code, refused.value.status, refused.value.kind) == ("consent-revoked", 403, Kind.FORBIDDEN)
    assert refused.value.remedy
    erasure = ada.wait_erased(ada.erase("correct horse battery").id, timeout_s=60)
    assert erasure.stores[0].count == 3
    assert ada.receipt(erasure.id).count(".") == 2
    with pytest.raises(ApiError) as gone:
        ada.me()
    assert gone.value.kind is Kind.GONE


def test_wrong_fields_are_named(ada, consent_id):
    with pytest.raises(ApiError) as refused:
        ada.create_image("not-an-id", "a\nb")
    assert {fault["field"] for fault in refused.value.errors} == {"body.adapter_id", "body.prompt"}


def test_a_capture_that_does_not_convince_is_tried_again(ada):
    tries = []

    def capture(session):
        from semblance.client import CaptureFrame

        tries.append(session)
        return [CaptureFrame(at_ms=n, jpeg=JPEG) for n in range(len(tries))]

    assert ada.opt_in("Ada", capture, adult=True).state == "active"
    assert len(tries) == 2
    assert tries[1].advice == ["Hold still."]


def test_a_lost_answer_makes_nothing_twice(through, ada, consent_id):
    transport = Faulty(httpx.ReadError("lost"), httpx.ReadError("lost"))
    patient = through(transport)
    photo = patient.upload_photo(consent_id, JPEG)
    assert [p.id for p in ada.photos()] == [photo.id]
    assert len({request.headers["idempotency-key"] for request in transport.sent}) == 1


def test_retry_after_is_honoured(through):
    busy = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(503, headers={"Retry-After": "2"})]
    pauses: list[float] = []
    patient = through(Faulty(*busy), pauses.append)
    assert patient.me().handle == "ada"
    assert pauses == [7.0, 2.0]


def test_what_must_not_happen_twice_is_not_repeated(through, ada, consent_id):
    ada.upload_photo(consent_id, JPEG)
    transport = Faulty(httpx.ReadError("lost"))
    patient = through(transport)
    with pytest.raises(Unreachable):
        patient.undo_people_change()
    assert len(transport.sent) == 1


def test_nobody_there():
    with Client("http://127.0.0.1:9", retries=1, pause=lambda _s: None) as client, pytest.raises(Unreachable) as e:
        client.notice()
    assert "semblance status" in e.value.remedy


@pytest.mark.usefixtures("services")
def test_damaged_images_are_noticed(through, ada, consent_id):
    adapter = ada.train_adapter(consent_id)
    ada.wait(adapter.id, timeout_s=60)
    image = ada.create_image(adapter.id, "a portrait")
    ada.wait(image.id, timeout_s=60)
    damaged = httpx.Response(200, content=b"other", headers={"ETag": f'"{"0" * 64}"'})
    with pytest.raises(DamagedContent):
        through(Faulty(damaged)).image_content(image.id)


def test_every_event_once_through_a_restart(served, ada):
    image_id = new_id()
    ids = {"subject_id": ada.me().subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    served.world.deliver(generation.ImageRequested(**ids))

    def story() -> None:
        for step in range(1, 4):
            time.sleep(0.2)
            if step == 2:
                served.restart()
            served.world.deliver(generation.GenerationProgressed(**ids, step=step, steps=3), 1)
        served.world.deliver(generation.ImageFailed(**ids, reason_code="x"), 1)

    teller = threading.Thread(target=story)
    teller.start()
    events = list(ada.follow(image_id, timeout_s=60))
    teller.join()
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert list(ada.follow(image_id, after=5)) == []
    assert [event.sequence for event in ada.follow(image_id, after=3)] == [4, 5]


def test_waiting_has_an_end(served, ada):
    image_id = new_id()
    ids = {"subject_id": ada.me().subject_id, "consent_id": new_id(), "consent_revision": 1, "image_id": image_id}
    served.world.deliver(generation.ImageRequested(**ids))
    with pytest.raises(StillRunning):
        ada.wait(image_id, timeout_s=0.5)
    with pytest.raises(ApiError) as missing:
        ada.wait(new_id())
    assert missing.value.kind is Kind.NOT_FOUND


def test_lists_are_read_to_their_end(ada, consent_id):
    made = {ada.upload_photo(consent_id, JPEG + bytes([n])).id for n in range(3)}
    assert {photo.id for photo in ada.photos()} == made


def test_nothing_secret_is_printed(ada):
    token = ada.sign_in("ada", "correct horse battery")
    assert token.access_token not in repr(token)
    assert token.access_token not in repr(ada)


def test_a_review_instead_of_a_capture_ends_in_a_consent(served, ada):
    with pytest.raises(ApiError) as refused:
        ada.request_review(new_id())
    assert refused.value.code == "review-not-offered"
    served.world.platform.reviews.offered = True
    review = ada.request_review(new_id())
    assert (review.state, ada.identity_review(review.id)) == ("open", review)
    served.world.platform.reviews.become(review.id, "allowed")
    served.world.platform.identity.allowed_reviews.add(review.id)
    assert ada.identity_review(review.id).usable_until is not None
    assert ada.grant_on_review(review.id, ["photos"]).purposes == ["photos"]


def test_a_removal_code_is_not_printed_with_its_entry(client):
    entry = client.protect_face([b"\xff\xd8\xff photo"])
    assert entry.removal_code not in repr(entry)
    client.remove_protection(entry.id, entry.removal_code)
