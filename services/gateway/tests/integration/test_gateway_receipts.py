"""A consent's receipt and credential: its owner's alone, and not kept on the way."""

from __future__ import annotations

from semblance.kernel.ids import new_id


def test_a_consent_is_exported_as_a_receipt_and_as_a_credential(ada):
    consent_id = ada.opt_in()
    receipt = ada.get(f"/v1/consents/{consent_id}/receipt")
    assert receipt.status_code == 200
    assert receipt.json()["receipt"]["record_id"] == consent_id
    assert receipt.json()["jws"].count(".") == 2
    assert receipt.json()["pii_principal_salt"]
    credential = ada.get(f"/v1/consents/{consent_id}/credential")
    assert credential.headers["content-type"] == "application/vc+jwt"
    assert credential.text.count(".") == 2
    for answer in (receipt, credential):
        assert answer.headers["cache-control"] == "no-store"


def test_anothers_consent_is_not_exported(ada, eve, http):
    consent_id = ada.opt_in()
    for kind in ("receipt", "credential"):
        assert eve.get(f"/v1/consents/{consent_id}/{kind}").status_code == 404
        assert ada.get(f"/v1/consents/{new_id()}/{kind}").status_code == 404
        assert http.get(f"/v1/consents/{consent_id}/{kind}").status_code == 401


def test_anothers_list_is_not_read(ada, eve):
    erasure_id = ada.erase().json()["id"]
    assert eve.get(f"/v1/erasures/{erasure_id}/items").status_code == 404
