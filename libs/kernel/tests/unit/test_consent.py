"""The consent rule."""

import dataclasses
import datetime as dt

import pytest

from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.errors import ConsentExpired, ConsentMissing, ConsentRevoked, Kind
from semblance.kernel.ids import ConsentId, SubjectId

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
CONSENT = Consent(
    id=ConsentId("c"),
    subject_id=SubjectId("s"),
    revision=1,
    purposes=frozenset({Purpose.TRAIN}),
    granted_at=NOW,
    expires_at=NOW + dt.timedelta(days=1),
)


def test_an_active_consent_covers_its_purpose() -> None:
    CONSENT.require(subject_id="s", purpose=Purpose.TRAIN, now=NOW)


def test_another_person_is_never_covered() -> None:
    with pytest.raises(ConsentMissing):
        CONSENT.require(subject_id="t", purpose=Purpose.TRAIN, now=NOW)


def test_a_purpose_not_agreed_to_is_not_covered() -> None:
    with pytest.raises(ConsentMissing, match="generate"):
        CONSENT.require(subject_id="s", purpose=Purpose.GENERATE, now=NOW)


def test_expiry_is_exclusive() -> None:
    with pytest.raises(ConsentExpired):
        CONSENT.require(subject_id="s", purpose=Purpose.TRAIN, now=CONSENT.expires_at)


def test_a_withdrawn_consent_says_so_and_says_what_to_do() -> None:
    revoked = dataclasses.replace(CONSENT, revoked_at=NOW, revision=2)
    with pytest.raises(ConsentRevoked) as caught:
        revoked.require(subject_id="s", purpose=Purpose.TRAIN, now=NOW)
    assert (caught.value.code, caught.value.kind) == ("consent-revoked", Kind.FORBIDDEN)
    assert caught.value.remedy
