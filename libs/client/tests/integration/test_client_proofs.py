"""What can be proved offline: consents, credentials, lists of erasures, single things in them; and what is refused."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from semblance.client import receipts
from semblance.client.command.app import main
from semblance.client.consent_receipts import (
    CREDENTIAL_TYPE,
    RECEIPT_TYPE,
    check_consent_receipt,
    check_credential,
    check_exported,
    exported,
)
from semblance.client.erasure_lists import ErasureList, ErasureProof, check_list, check_proof, prove
from semblance.client.signatures import ConsentWithdrawn, NoSuchThing, ReceiptExpired, ReceiptInvalid
from semblance.kernel import erasure_list, merkle
from semblance.kernel.destroyed import item_digest, salted_item
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.ids import new_id

NOW = dt.datetime.now(dt.UTC)
OWNER, APP, PHOTO = new_id(), new_id(), new_id()
SALT = "5f0c1d7a5f0c1d7a"
NOTICE = "What we do with your face."


def hashed(who: str) -> str:
    return "sha256:" + hashlib.sha256(f"{SALT}:{who}".encode()).hexdigest()


def receipt(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    ends = (NOW + dt.timedelta(days=10)).isoformat()
    given = {"event_time": NOW.isoformat(), "event_state": "consent given", "valid_until": ends}
    purpose = {"purpose": "generate", "recipient_third_parties": [hashed(APP)]}
    sha256 = hashlib.sha256(NOTICE.encode()).hexdigest()
    notice = {"version": "v1", "language": "en", "sha256": sha256, "text": NOTICE}
    return {
        "schema_version": "semblance-consent-receipt/1",
        "receipt_id": new_id(),
        "record_id": new_id(),
        "receipt_timestamp": NOW.isoformat(),
        "pii_principal_id": hashed(OWNER),
        "pii_processing": {"privacy_notice": notice, "purposes": [purpose]},
        "events": [given, *events],
        **more,
    }


WITHDRAWN = {"event_time": NOW.isoformat(), "event_state": "consent withdrawn"}
PAST = {"event_time": NOW.isoformat(), "event_state": "consent expired"}


class Platform:
    """What signs."""

    def __init__(self, kid: str = "one") -> None:
        self.key, self.kid = Ed25519PrivateKey.generate(), kid
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
        self.keys = {"keys": [{"crv": "Ed25519", "kty": "OKP", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA"}]}

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"kid": self.kid, "typ": typ})

    def receipt(self, body: dict[str, Any]) -> str:
        return self.sign({"iss": "https://a.example", "iat": int(NOW.timestamp()), "receipt": body}, RECEIPT_TYPE)

    def file(self, body: dict[str, Any]) -> str:
        return json.dumps({"receipt": body, "jws": self.receipt(body), "pii_principal_salt": SALT})

    def credential(self, body: dict[str, Any], typ: str = CREDENTIAL_TYPE, **changed: Any) -> str:
        claims = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential", "ConsentReceiptCredential"],
            "issuer": "https://a.example",
            "iss": "https://a.example",
            "validFrom": NOW.isoformat(),
            "validUntil": (NOW + dt.timedelta(days=10)).isoformat(),
            "credentialSubject": {"type": "ConsentReceipt", **body},
        }
        return self.sign({k: v for k, v in (claims | changed).items() if v is not None}, typ)


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Platform()


def test_a_genuine_consent_receipt_says_whom_it_is_about_to_who_has_the_salt(platform: Platform) -> None:
    file = exported(platform.file(receipt()))
    found = check_exported(file, platform.keys)
    found.require_standing(NOW)
    assert found.names(OWNER, file.pii_principal_salt)
    assert not found.names(OWNER, "another salt")
    assert not found.names(APP, SALT)
    assert found.given_to(APP, SALT)
    assert not found.given_to(OWNER, SALT)
    assert check_consent_receipt(file.jws, platform.keys) == found


def test_what_can_be_read_in_the_file_must_be_what_was_signed(platform: Platform) -> None:
    file = json.loads(platform.file(receipt()))
    file["receipt"]["pii_processing"]["purposes"].append({"purpose": "everything"})
    with pytest.raises(ReceiptInvalid, match="changed"):
        check_exported(exported(json.dumps(file)), platform.keys)


def test_a_receipt_ends_by_its_own_events_and_dates(platform: Platform) -> None:
    with pytest.raises(ConsentWithdrawn):
        check_consent_receipt(platform.receipt(receipt(WITHDRAWN)), platform.keys).require_standing(NOW)
    standing = check_consent_receipt(platform.receipt(receipt()), platform.keys)
    standing.require_standing(NOW + dt.timedelta(days=9))
    for ended, when in ((standing, dt.timedelta(days=11)), (receipt(PAST), dt.timedelta(0))):
        found = ended if not isinstance(ended, dict) else check_consent_receipt(platform.receipt(ended), platform.keys)
        with pytest.raises(ReceiptExpired):
            found.require_standing(NOW + when)


def test_the_notice_is_the_one_of_its_digest(platform: Platform) -> None:
    body = receipt()
    body["pii_processing"]["privacy_notice"]["text"] += " And more."
    with pytest.raises(ReceiptInvalid, match="notice"):
        check_consent_receipt(platform.receipt(body), platform.keys)


def test_a_credential_is_of_the_form_about_a_consent_and_in_its_time(platform: Platform) -> None:
    good = check_credential(platform.credential(receipt()), platform.keys, NOW)
    assert good.issuer == "https://a.example"
    for wrong in (
        {"@context": ["https://www.w3.org/2018/credentials/v1"]},
        {"@context": None},
        {"type": ["VerifiableCredential"]},
        {"type": "VerifiableCredential"},
        {"iss": "https://b.example"},
        {"issuer": None, "iss": None},
        {"credentialSubject": "me"},
        {"credentialSubject": {"id": "did:example:1"}},
        {"validUntil": None},
        {"validUntil": "tomorrow"},
        {"validFrom": NOW.replace(tzinfo=None).isoformat()},
        {"validFrom": (NOW + dt.timedelta(days=1)).isoformat()},
    ):
        with pytest.raises(ReceiptInvalid):
            check_credential(platform.credential(receipt(), **wrong), platform.keys, NOW)
    with pytest.raises(ReceiptExpired):
        check_credential(platform.credential(receipt()), platform.keys, NOW + dt.timedelta(days=11))


def test_one_kind_never_passes_for_another(platform: Platform) -> None:
    body = receipt()
    with pytest.raises(ReceiptInvalid, match="no credential"):
        check_credential(platform.receipt(body), platform.keys, NOW)
    with pytest.raises(ReceiptInvalid, match="no consent receipt"):
        check_consent_receipt(platform.credential(body), platform.keys)
    with pytest.raises(ReceiptInvalid, match="no erasure receipt"):
        receipts.check_receipt(platform.receipt(body), platform.keys)


def test_another_key_of_the_same_name_signs_nothing(platform: Platform) -> None:
    body = receipt()
    for stranger in (Platform(), Platform("two")):
        for check in (check_consent_receipt, lambda jws, keys: check_credential(jws, keys, NOW)):
            signed = stranger.receipt(body) if check is check_consent_receipt else stranger.credential(body)
            with pytest.raises(ReceiptInvalid):
                check(signed, platform.keys)


def erasure(platform: Platform) -> tuple[str, ErasureList]:
    def salted(*ids: str) -> tuple[str, ...]:
        return tuple(sorted(salted_item(SALT, item_digest(each)) for each in ids))

    others = [new_id() for _ in range(20)]
    stores = [
        ErasedStore("ingest", "objects:photos", 22, NOW.isoformat(), salted(PHOTO, f"{PHOTO}#2", *others)),
        ErasedStore("ingest", "database:photos", 21, NOW.isoformat(), salted(PHOTO, *others)),
        ErasedStore("ingest", "database:faces", 9000, NOW.isoformat(), (), "cd" * 32),
        ErasedStore("safety", "database:checks", 0),
    ]
    leaves = erasure_list.leaves(stores)
    claims = {
        "iss": "https://a.example",
        "iat": int(NOW.timestamp()),
        "erasure_id": new_id(),
        "subject_sha256": hashlib.sha256(f"aa:{OWNER}".encode()).hexdigest(),
        "subject_salt": "aa",
        "requested_at": NOW.isoformat(),
        "key_id": "k1",
        "key_destroyed_at": NOW.isoformat(),
        "completed_at": NOW.isoformat(),
        "stores": [
            {"service": s.service, "store": s.store, "count": s.count, "destroyed_at": s.destroyed_at} for s in stores
        ],
        "tree": {"hash": "sha256", "size": len(leaves), "root": merkle.root(leaves).hex()},
    }
    listed = {"erasure_id": claims["erasure_id"], "salt": SALT, "stores": [vars(s) for s in stores]}
    return platform.sign(claims, receipts.TYPE), ErasureList.model_validate(listed)


def changed(listed: ErasureList, store: int, **fields: Any) -> ErasureList:
    stores = list(listed.stores)
    stores[store] = stores[store].model_copy(update=fields)
    return listed.model_copy(update={"stores": tuple(stores)})


def test_the_list_leads_to_the_signed_root_and_no_other_list_does(platform: Platform) -> None:
    jws, listed = erasure(platform)
    found = receipts.check_receipt(jws, platform.keys)
    check_list(found, listed)
    items = listed.stores[0].items
    for wrong in (
        changed(listed, 0, items=items[:-1]),
        changed(listed, 0, items=(*items, "ab" * 32)),
        changed(listed, 0, count=21),
        changed(listed, 0, destroyed_at="2020-01-01T00:00:00+00:00"),
        changed(listed, 0, service="safety"),
        changed(listed, 2, items_root="ab" * 32),
        changed(listed, 2, count=9001),
        listed.model_copy(update={"stores": listed.stores[1:]}),
        listed.model_copy(update={"erasure_id": new_id()}),
    ):
        with pytest.raises(ReceiptInvalid):
            check_list(found, wrong)


def test_one_thing_is_proved_to_somebody_who_does_not_see_the_list(platform: Platform) -> None:
    jws, listed = erasure(platform)
    found = receipts.check_receipt(jws, platform.keys)
    proof = prove(found, listed, PHOTO)
    assert sorted((each.store, each.identifier) for each in proof.found) == [
        ("database:photos", PHOTO),
        ("objects:photos", PHOTO),
        ("objects:photos", f"{PHOTO}#2"),
    ]
    check_proof(found, ErasureProof.model_validate_json(proof.model_dump_json()))
    one = proof.found[0]
    for wrong in (
        one.model_copy(update={"identifier": new_id()}),
        one.model_copy(update={"store": "objects:pictures"}),
        one.model_copy(update={"index": one.index + 1}),
        one.model_copy(update={"path": one.path[:-1]}),
        one.model_copy(update={"path": ("zz", *one.path[1:])}),
        one.model_copy(update={"destroyed_at": "2020-01-01T00:00:00+00:00"}),
    ):
        with pytest.raises(ReceiptInvalid):
            check_proof(found, proof.model_copy(update={"found": (wrong,)}))
    with pytest.raises(NoSuchThing, match="nothing of this id"):
        prove(found, listed, new_id())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["semblance", "receipt", *arguments])
    try:
        main()
    except SystemExit as e:
        return int(e.code or 0)
    return 0


def test_the_command_knows_every_kind_and_needs_no_platform(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEMBLANCE_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("SEMBLANCE_CONFIG_DIR", str(tmp_path))
    jws, listed = erasure(platform)
    files = {
        "keys": json.dumps(platform.keys),
        "erasure": jws,
        "list": listed.model_dump_json(),
        "consent": platform.file(receipt()),
        "jws": platform.receipt(receipt()),
        "credential": platform.credential(receipt()),
        "withdrawn": platform.file(receipt(WITHDRAWN)),
        "expired": platform.credential(receipt(), validUntil=NOW.isoformat()),
        "other": platform.sign({"iss": "x"}, "semblance-audit-head+jwt"),
        "json": "{}",
        "list of another": changed(listed, 0, count=1).model_dump_json(),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    proof = tmp_path / "proof"

    def verify(name: str, *more: str) -> int:
        capsys.readouterr()
        return run(monkeypatch, "verify", str(tmp_path / name), "--keys", str(tmp_path / "keys"), *more)

    for name in ("erasure", "consent", "jws", "credential"):
        assert verify(name) == 0, name
        assert "Genuine" in capsys.readouterr().out
    assert verify("consent", "--json") == 0
    assert json.loads(capsys.readouterr().out)["events"][0]["event_state"] == "consent given"
    assert verify("consent", "--subject", OWNER, "--grantee", APP) == 0
    assert verify("credential", "--subject", OWNER, "--salt", SALT) == 0
    for name, more, says in (
        ("consent", ("--subject", APP), "another account"),
        ("consent", ("--grantee", OWNER), "another account"),
        ("credential", ("--subject", OWNER), "--salt"),
        ("withdrawn", (), "withdrawn on"),
        ("expired", (), "ended on"),
        ("other", (), "another kind"),
        ("json", (), "no consent receipt"),
        ("keys", (), "no consent receipt"),
        ("consent", ("--list", str(tmp_path / "list")), "only the receipt of an erasure"),
        ("erasure", ("--list", str(tmp_path / "list of another")), "does not say"),
        ("erasure", ("--item", PHOTO), "--list"),
        ("erasure", ("--list", str(tmp_path / "list"), "--item", new_id()), "too long"),
        ("erasure", ("--list", str(tmp_path / "consent")), "not what it should be"),
    ):
        assert verify(name, *more) == 6, (name, more)
        assert says in capsys.readouterr().err.replace("\n", " "), (name, more)
    assert verify("erasure", "--list", str(tmp_path / "list"), "--item", PHOTO) == 0
    assert "2 in ingest objects:photos" in capsys.readouterr().out
    parts = ("--list", str(tmp_path / "list"), "--keys", str(tmp_path / "keys"))
    assert run(monkeypatch, "prove", str(tmp_path / "erasure"), *parts, "--item", PHOTO, "--out", str(proof)) == 0
    assert verify("erasure", "--proof", str(proof), "--item", PHOTO) == 0
    assert "The proof holds" in capsys.readouterr().out
    assert verify("erasure", "--proof", str(proof), "--item", OWNER) == 6
