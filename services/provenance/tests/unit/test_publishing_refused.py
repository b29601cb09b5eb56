"""What stops a picture on its way out, and that nothing of it is left."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.kernel.clock import FakeClock
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import new_id
from semblance.objects import PUBLISHED, QUARANTINE, Sealer
from semblance.provenance.adapters.pictures import SealedPictures

Published, Refused = provenance_pb.ImagePublished, provenance_pb.PublicationRefused


def test_a_consent_withdrawn_before_signing_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.consents.revoke(allowed.consent_id)
    house.work()

    (event,) = house.emitted(Refused)
    assert event.reason_code == "consent-revoked"
    assert event.image_id == allowed.image_id
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


@dataclass
class _Signer:
    """The real one, with something else happening."""

    inner: object
    sign: Callable[..., bytes]

    def read_back(self, data: bytes, media_type: str):
        return self.inner.read_back(data, media_type)


class _Pictures(SealedPictures):
    """Sealed pictures, with something else happening once one is stored."""

    def __init__(self, house, then: Callable[[], object]) -> None:
        super().__init__(house.store, Sealer(house.keyring))
        self._then = then

    def publish(self, subject_id: str, key: str, data: bytes) -> None:
        super().publish(subject_id, key, data)
        self._then()


def test_a_consent_withdrawn_while_signing_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    inner = house.ports.signer

    def sign_slowly(*arguments):
        signed = inner.sign(*arguments)
        house.consents.revoke(allowed.consent_id)
        return signed

    house.use(signer=_Signer(inner, sign_slowly))
    house.work()

    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-revoked"]
    assert house.emitted(Published) == []
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_consent_withdrawn_between_storing_and_settling_refuses_and_clears(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.use(pictures=_Pictures(house, lambda: house.consents.revoke(allowed.consent_id)))
    house.work()

    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-revoked"]
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_consent_without_the_purpose_refuses(house) -> None:
    subject_id = new_id()
    house.keyring.create(subject_id)
    consent = house.consents.grant(subject_id, purposes=frozenset({Purpose.TRAIN}))
    house.publish(consent=consent)
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-required"]


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_a_picture_of_two_is_not_published_once_the_other_has_withdrawn(house, looks: int) -> None:
    """Before the signing, after it, or in the transaction that would have made it public."""
    allowed, other = house.of_two()
    house.deliver(allowed)
    require, asked = house.consents.require, []

    def watched(consent_id: str, *arguments: object, **options: object):
        asked.append(consent_id)
        if asked.count(other.id) == looks + 1:
            house.consents.revoke(other.id)
        return require(consent_id, *arguments, **options)

    house.use(consents=_Asked(house.consents, watched))
    house.work()
    assert asked.count(other.id) == looks + 1
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-of-another-required"]
    assert house.objects(PUBLISHED) == house.objects(QUARANTINE) == []


def test_a_consent_of_the_owner_does_not_cover_the_other(house) -> None:
    allowed, _ = house.of_two()
    allowed.further_subjects[0].consent_id = allowed.consent_id
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["consent-of-another-required"]
    assert house.objects(PUBLISHED) == []


def test_a_stale_consent_view_is_waited_for_not_guessed(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.consents.stale = True
    house.work()
    assert house.emitted(Published) == house.emitted(Refused) == []
    assert house.objects(QUARANTINE) == [allowed.quarantine_key]


def test_news_that_are_too_old_at_the_last_look_put_the_picture_off_and_do_not_refuse_it(house) -> None:
    """The view goes stale between storing and settling; nothing is out, and nothing is lost."""
    house.database.clock = FakeClock(dt.datetime.now(dt.UTC))  # else what is put off is due again for a slow machine
    allowed = house.rendered()
    house.deliver(allowed)
    require, asked = house.consents.require, []

    def third_is_stale(*arguments: object, **options: object):
        asked.append(arguments)
        house.consents.stale = len(asked) == 3
        return require(*arguments, **options)

    house.use(consents=_Asked(house.consents, third_is_stale))
    house.work()
    assert len(asked) == 3
    assert house.emitted(Published) == house.emitted(Refused) == []
    with house.ports.reads() as store:
        assert store.publication(allowed.image_id).state.value == "queued"


class _Asked:
    """A list of consents whose `require` is watched."""

    def __init__(self, consents: object, require: object) -> None:
        self._consents = consents
        self.require = require

    def __getattr__(self, name: str) -> object:
        return getattr(self._consents, name)


def test_other_pixels_than_were_allowed_are_refused(house) -> None:
    allowed = house.rendered()
    allowed.sha256 = hashlib.sha256(b"another picture").hexdigest()
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["pixels-changed"]
    assert house.objects(QUARANTINE) == house.objects(PUBLISHED) == []


def test_a_picture_that_is_not_in_quarantine_is_refused(house) -> None:
    allowed = house.rendered()
    house.store.remove(QUARANTINE, allowed.quarantine_key)
    house.deliver(allowed)
    house.work()
    assert [event.reason_code for event in house.emitted(Refused)] == ["object-not-found"]


def test_a_signature_that_our_own_reader_does_not_trust_is_never_published(house) -> None:
    house.use(signer=_Signer(house.ports.signer, lambda data, _claim: data))
    house.publish()
    assert [event.reason_code for event in house.emitted(Refused)] == ["signature-not-trusted"]
    assert house.objects(PUBLISHED) == []


def test_a_key_destroyed_while_storing_leaves_no_object_and_no_event(house) -> None:
    allowed = house.rendered()
    house.deliver(allowed)
    house.use(pictures=_Pictures(house, lambda: house.keyring.destroy(allowed.subject_id)))
    house.work()

    assert house.objects(PUBLISHED) == house.objects(QUARANTINE) == []
    assert house.emitted(Published) == house.emitted(Refused) == []
