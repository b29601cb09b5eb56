"""The consent rule."""

import dataclasses
import datetime as dt

import pytest

from semblance.kernel.consent import WHOEVER_ASKED, Consent, Purpose
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


GRANT = dataclasses.replace(CONSENT, purposes=frozenset({Purpose.GENERATE}), grantee_id=SubjectId("g"))


def test_a_grant_covers_its_grantee_and_nobody_else() -> None:
    GRANT.require(subject_id="s", purpose=Purpose.GENERATE, now=NOW, grantee_id="g")
    for other in (None, "s", "h", ""):
        with pytest.raises(ConsentMissing):
            GRANT.require(subject_id="s", purpose=Purpose.GENERATE, now=NOW, grantee_id=other)


def test_a_grant_covers_nothing_but_pictures() -> None:
    for purpose in (Purpose.TRAIN, Purpose.PHOTOS):
        with pytest.raises(ConsentMissing):
            GRANT.require(subject_id="s", purpose=purpose, now=NOW, grantee_id="g")


def test_a_persons_own_consent_covers_nobody_elses_request() -> None:
    own = dataclasses.replace(CONSENT, purposes=frozenset(Purpose))
    with pytest.raises(ConsentMissing):
        own.require(subject_id="s", purpose=Purpose.GENERATE, now=NOW, grantee_id="g")


def test_the_filter_and_the_signer_ask_only_whether_it_stands() -> None:
    GRANT.require(subject_id="s", purpose=Purpose.GENERATE, now=NOW, grantee_id=WHOEVER_ASKED)
    with pytest.raises(ConsentMissing):
        GRANT.require(subject_id="t", purpose=Purpose.GENERATE, now=NOW, grantee_id=WHOEVER_ASKED)
    with pytest.raises(ConsentRevoked):
        dataclasses.replace(GRANT, revoked_at=NOW).require(
            subject_id="s", purpose=Purpose.GENERATE, now=NOW, grantee_id=WHOEVER_ASKED
        )
