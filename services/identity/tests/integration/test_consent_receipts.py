"""Receipts and credentials of consents: what they say, what they leave out, and who gets one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from typing import Any

import jwt
import pytest
import sqlalchemy as sa

from semblance.identity.adapters import tables
from semblance.identity.adapters.notices import VERSION, current_notice, notice_of
from semblance.identity.domain.consent_receipt import hashed
from semblance.identity.domain.errors import ReceiptUnavailable, UnknownConsent
from semblance.identity.handlers import consents
from semblance.identity.handlers.consent_receipts import ExportedConsent, export_consent
from semblance.kernel.consent import Purpose
from semblance.kernel.ids import ConsentId, SubjectId, new_id

ISSUER = "https://semblance.example"


@pytest.fixture(autouse=True)
def issuer(desk: Any) -> None:
    desk.with_rules(issuer=ISSUER)


def opened(desk: Any, jws: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims) of a JWS that the published keys verify."""
    header = jwt.get_unverified_header(jws)
    key = jwt.PyJWKSet.from_json(desk.ports.receipts.jwks_json())[header["kid"]]
    options = {"verify_iat": False, "verify_exp": False}
    return header, jwt.decode(jws, key, algorithms=["EdDSA"], options=options)


def states(made: ExportedConsent) -> list[str]:
    return [event["event_state"] for event in made.receipt["events"]]


def test_a_receipt_says_what_was_read_signed_and_given(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    made = export_consent(subject_id, consent.id, desk.ports)
    header, claims = opened(desk, made.receipt_jws)
    assert header["typ"] == "semblance-consent-receipt+jwt"
    assert claims["iss"] == ISSUER
    assert claims["receipt"] == made.receipt == json.loads(made.receipt_json)
    notice = made.receipt["pii_processing"]["privacy_notice"]
    assert hashlib.sha256(notice["text"].encode()).hexdigest() == notice["sha256"] == desk.ports.notice.sha256
    purposes = made.receipt["pii_processing"]["purposes"]
    assert [p["purpose"] for p in purposes] == ["generate", "photos", "train"]
    assert {p["lawful_basis"] for p in purposes} == {"explicit consent"}
    assert made.receipt["record_id"] == consent.id
    assert states(made) == ["consent given"]
    assert made.receipt["events"][0]["event_time"] == consent.granted_at.isoformat()


def test_a_credential_has_the_form_that_verifiers_look_for(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    header, claims = opened(desk, export_consent(subject_id, consent.id, desk.ports).credential_jwt)
    assert (header["typ"], header["cty"], header["alg"]) == ("vc+jwt", "vc", "EdDSA")
    assert claims["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert "VerifiableCredential" in claims["type"]
    assert claims["issuer"] == claims["iss"] == ISSUER
    assert dt.datetime.fromisoformat(claims["validUntil"]) == consent.expires_at
    assert claims["credentialSubject"]["record_id"] == consent.id
    assert not {"vc", "vp", "exp", "nbf"} & set(claims)  # VC-JOSE-COSE: the payload is the credential itself


def test_it_names_nobody_and_holds_no_face(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    made = export_consent(subject_id, consent.id, desk.ports)
    everything = json.dumps([opened(desk, jws)[1] for jws in (made.receipt_jws, made.credential_jwt)])
    assert subject_id not in everything
    assert "Ada Example" not in everything
    assert made.salt not in everything
    assert not [text for text in ("score", "embedding", "liveness") if text in everything]
    assert made.receipt["pii_principal_id"] == hashed(made.salt, subject_id)
    assert made.salt not in repr(made)


def test_the_salt_is_the_consents_own_and_stays(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    other, others = desk.opted_in(person=2)
    first, again = (export_consent(subject_id, consent.id, desk.ports) for _ in range(2))
    assert first.salt == again.salt != export_consent(other, others.id, desk.ports).salt
    assert first.receipt["receipt_id"] != again.receipt["receipt_id"]


def test_events_up_to_now_are_in_it(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    other, others = desk.opted_in(person=2)
    desk.clock.advance(3600)
    revoked = consents.revoke_consent(subject_id, consent.id, consents.RevocationReason.WITHDRAWN, desk.ports)
    made = export_consent(subject_id, consent.id, desk.ports)
    assert states(made) == ["consent given", "consent withdrawn"]
    assert revoked.revoked_at is not None
    assert made.receipt["events"][1]["event_time"] == revoked.revoked_at.isoformat()
    desk.clock.advance(400 * 86_400)
    assert states(export_consent(other, others.id, desk.ports)) == ["consent given", "consent expired"]
    assert states(export_consent(subject_id, consent.id, desk.ports)) == ["consent given", "consent withdrawn"]


def test_another_persons_is_not_exported(desk: Any) -> None:
    _, consent = desk.opted_in()
    other, _ = desk.opted_in(person=2)
    for asked in (consent.id, ConsentId(new_id())):
        with pytest.raises(UnknownConsent):
            export_consent(other, asked, desk.ports)


def test_a_grant_names_its_grantee_by_a_salted_hash_alone(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    grantee, grant_id = SubjectId(new_id()), ConsentId(new_id())
    with desk.ports.transactions() as store:
        given = dataclasses.replace(
            consent,
            id=grant_id,
            grantee_id=grantee,
            purposes=frozenset({Purpose.GENERATE}),
            granted_at=desk.clock.now(),
        )
        store.consents.save(given)
    made = export_consent(subject_id, grant_id, desk.ports)
    assert grantee not in made.receipt_json
    [purpose] = made.receipt["pii_processing"]["purposes"]
    assert purpose["recipient_third_parties"] == [hashed(made.salt, grantee)]
    assert [p["party_role"] for p in made.receipt["party_identification"]] == ["pii controller", "third party"]


def test_without_its_release_there_is_no_receipt(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    with desk.database.transaction() as unit:
        unit.session.execute(sa.delete(tables.releases))
    with pytest.raises(ReceiptUnavailable):
        export_consent(subject_id, consent.id, desk.ports)


def test_a_consent_to_an_older_notice_carries_that_notice(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    older = notice_of("2026-11-22")
    assert older is not None
    with desk.database.transaction() as unit:
        older_one = {"notice_version": older.version, "notice_sha256": older.sha256}
        unit.session.execute(sa.update(tables.releases).values(older_one))
    made = export_consent(subject_id, consent.id, desk.ports)
    assert made.receipt["pii_processing"]["privacy_notice"]["text"] == older.text != current_notice().text
    assert notice_of(VERSION) == current_notice()
    assert notice_of("../../etc/passwd") is None
